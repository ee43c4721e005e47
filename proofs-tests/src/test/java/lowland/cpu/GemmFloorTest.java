package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// The compiled product has not fallen off a cliff (boxed accumulators, a kernel that C2 gave up on): it is at least ten times as fast
/// as a plain loop timed beside it. Both ran on one thread, turn about; the best turn of each counts.
class GemmFloorTest {
    @Test
    void theProductIsTenTimesAsFastAsAPlainLoop() {
        int n = 384;
        float[] a = Floats.random(n * n, 1);
        float[] b = Floats.random(n * n, 2);
        float[] c = new float[n * n];
        PackedMatrix w = PackedMatrix.of(b, 0, n, n);
        double plain = Double.MAX_VALUE;
        double fast = Double.MAX_VALUE;
        try (Workers workers = new Workers(1)) {
            Gemm gemm = new Gemm(workers, new Scratch(1, n));
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < 20_000_000_000L && !(fast * 10 <= plain && System.nanoTime() - begun > 1_500_000_000L)) {
                long start = System.nanoTime();
                loop(a, b, c, n);
                long middle = System.nanoTime();
                for (int i = 0; i < 5; i++) {
                    gemm.forward(n, a, 0, n, w, c, 0, n, Gemm.Start.ZERO, null, 0);
                }
                plain = Math.min(plain, middle - start);
                fast = Math.min(fast, (System.nanoTime() - middle) / 5.0);
            }
        }
        double ratio = plain / fast;
        double floor = Lanes.COUNT >= 8 ? 10 : 3;
        assertTrue(ratio >= floor, "the product is only " + ratio + " times as fast as a plain loop");
    }

    private static void loop(float[] a, float[] b, float[] c, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                float sum = 0;
                for (int k = 0; k < n; k++) {
                    sum += a[i * n + k] * b[j * n + k];
                }
                c[i * n + j] = sum;
            }
        }
    }
}
