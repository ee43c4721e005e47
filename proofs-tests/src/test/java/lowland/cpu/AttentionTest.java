package lowland.cpu;

import static lowland.cpu.Floats.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention against plain double loops, its bits across threads and batches.
class AttentionTest {
    private record Batch(int heads, int keyHeads, int width, boolean causal, int[] queryStarts, int[] keyStarts) {
        int sequences() {
            return queryStarts.length - 1;
        }

        int queries() {
            return queryStarts[sequences()];
        }

        int keys() {
            return keyStarts[sequences()];
        }

        float scale() {
            return (float) (1 / Math.sqrt(width));
        }
    }

    private record Result(float[] out, float[] dq, float[] dk, float[] dv, float[] dBias) {
    }

    private static Result run(Batch b, float[] q, float[] k, float[] v, float[] dOut, int threads) {
        return run(b, q, k, v, dOut, threads, 0, null);
    }

    private static Result run(Batch b, float[] q, float[] k, float[] v, float[] dOut, int threads, int span, float[] bias) {
        Result r = new Result(new float[q.length], new float[q.length], new float[k.length], new float[v.length],
            new float[bias == null ? 0 : bias.length]);
        int longest = 0;
        for (int s = 0; s < b.sequences(); s++) {
            longest = Math.max(longest, b.keyStarts[s + 1] - b.keyStarts[s]);
        }
        try (Workers workers = new Workers(threads)) {
            Attention attention = new Attention(workers, b.heads, b.keyHeads, b.width, b.causal, b.scale(), longest, span);
            if (bias != null) {
                attention.plan(b.sequences());
                attention.bias(bias, 0, r.dBias, 0);
            }
            attention.forward(q, 0, k, 0, v, 0, b.queryStarts, b.keyStarts, b.sequences(), r.out, 0);
            attention.backward(q, 0, k, 0, v, 0, b.queryStarts, b.keyStarts, b.sequences(), dOut, 0, r.dq, 0, r.dk, 0, r.dv, 0);
        }
        return r;
    }

    private static int[] starts(int... lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
        }
        return starts;
    }

    @ParameterizedTest
    @CsvSource({"2,2,32,false", "4,2,8,true", "1,1,5,false", "3,1,17,true", "2,2,64,true"})
    void equalsDoubles(int heads, int keyHeads, int width, boolean causal) {
        check(new Batch(heads, keyHeads, width, causal, starts(5, 1, 7, 70), starts(5, 1, 7, 70)));
        check(new Batch(heads, keyHeads, width, causal, starts(3, 1, 9), starts(8, 4, 131)));
        check(new Batch(heads, keyHeads, width, causal, starts(0, 3, 70), starts(4, 0, 2)));
        check(new Batch(heads, keyHeads, width, causal, starts(2, 90), starts(100, 90)));
    }

    /// Keys and channels of every tile of [Strips], for [KernelBits].
    static void checkWide() {
        check(new Batch(2, 1, 17, true, starts(3, 70), starts(100, 70)));
    }

    /// Bounds, inputs in [−1, 1]: a score has |S| ≤ √width and an error of γ(width + 2)·√width, so a probability a relative one of twice
    /// that plus exp's and the sum's; the sums over keys, queries and width follow as γ times the sums of sizes.
    private static void check(Batch b) {
        int c = b.heads * b.width;
        int kc = b.keyHeads * b.width;
        float[] q = Floats.random(b.queries() * c, 1);
        float[] k = Floats.random(b.keys() * kc, 2);
        float[] v = Floats.random(b.keys() * kc, 3);
        float[] dOut = Floats.random(b.queries() * c, 4);
        Result r = run(b, q, k, v, dOut, 2);
        double[] dk = new double[k.length];
        double[] dv = new double[v.length];
        double[] dkSize = new double[k.length];
        double[] dvSize = new double[v.length];
        double relative = 0;
        for (int s = 0; s < b.sequences(); s++) {
            int nq = b.queryStarts[s + 1] - b.queryStarts[s];
            int nk = b.keyStarts[s + 1] - b.keyStarts[s];
            double rel = 2 * Floats.gamma(b.width + 4) * Math.sqrt(b.width) + 3e-7 + Floats.gamma(2.0 * nk + nq + b.width + 16);
            relative = Math.max(relative, rel);
            for (int h = 0; h < b.heads; h++) {
                int kh = h / (b.heads / b.keyHeads);
                for (int i = 0; i < nq; i++) {
                    int qi = ((b.queryStarts[s] + i) * b.heads + h) * b.width;
                    int seen = b.causal ? Math.max(0, Math.min(nk, i + nk - nq + 1)) : nk;
                    double[] p = new double[seen];
                    double sum = 0;
                    for (int j = 0; j < seen; j++) {
                        p[j] = Math.exp(b.scale() * dot(q, qi, k, ((b.keyStarts[s] + j) * b.keyHeads + kh) * b.width, b.width));
                        sum += p[j];
                    }
                    double mean = 0;
                    double[] dp = new double[seen];
                    double[] dpSize = new double[seen];
                    double meanSize = 0;
                    for (int j = 0; j < seen; j++) {
                        p[j] /= sum;
                        int kj = ((b.keyStarts[s] + j) * b.keyHeads + kh) * b.width;
                        dp[j] = dot(dOut, qi, v, kj, b.width);
                        for (int d = 0; d < b.width; d++) {
                            dpSize[j] += Math.abs((double) dOut[qi + d] * v[kj + d]);
                        }
                        mean += p[j] * dp[j];
                        meanSize += p[j] * dpSize[j];
                    }
                    for (int d = 0; d < b.width; d++) {
                        double out = 0;
                        double outSize = 0;
                        double dq = 0;
                        double dqSize = 0;
                        for (int j = 0; j < seen; j++) {
                            int kj = ((b.keyStarts[s] + j) * b.keyHeads + kh) * b.width + d;
                            double ds = p[j] * (dp[j] - mean);
                            double dsSize = p[j] * (dpSize[j] + 2 * meanSize);
                            out += p[j] * v[kj];
                            outSize += p[j] * Math.abs(v[kj]);
                            dq += b.scale() * ds * k[kj];
                            dqSize += b.scale() * dsSize * Math.abs(k[kj]);
                            dk[kj] += b.scale() * ds * q[qi + d];
                            dkSize[kj] += b.scale() * dsSize * Math.abs(q[qi + d]);
                            dv[kj] += p[j] * dOut[qi + d];
                            dvSize[kj] += p[j] * Math.abs(dOut[qi + d]);
                        }
                        assertWithin("out", out, r.out[qi + d], rel * outSize);
                        assertWithin("dq", dq, r.dq[qi + d], 2 * rel * dqSize);
                    }
                }
            }
        }
        for (int i = 0; i < dk.length; i++) {
            assertWithin("dk", dk[i], r.dk[i], 2 * relative * b.heads * dkSize[i]);
            assertWithin("dv", dv[i], r.dv[i], relative * b.heads * dvSize[i]);
        }
    }

    private static double dot(float[] x, int xo, float[] y, int yo, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) x[xo + i] * y[yo + i];
        }
        return sum;
    }

    @Test
    void bitsDoNotDependOnThreads() {
        float[] q = Floats.random(178 * 80, 1);
        float[] k = Floats.random(178 * 40, 2);
        float[] v = Floats.random(178 * 40, 3);
        // Of one sequence alone, several threads share the queries of a head.
        for (int[] starts : new int[][] {starts(33, 5, 140), starts(178)}) {
            Batch b = new Batch(4, 2, 20, true, starts, starts);
            Result expected = run(b, q, k, v, q, 1);
            for (int threads : new int[] {2, 3, 8}) {
                Result r = run(b, q, k, v, q, threads);
                Floats.assertSameBits("out", expected.out, r.out);
                Floats.assertSameBits("dq", expected.dq, r.dq);
                Floats.assertSameBits("dk", expected.dk, r.dk);
                Floats.assertSameBits("dv", expected.dv, r.dv);
            }
        }
    }

    @Test
    void bitsWithABiasDoNotDependOnThreads() {
        Batch b = new Batch(4, 2, 20, true, starts(33, 5, 140), starts(33, 5, 140));
        float[] q = Floats.random(178 * 80, 1);
        float[] k = Floats.random(178 * 40, 2);
        float[] v = Floats.random(178 * 40, 3);
        for (int span : new int[] {3, 200}) {
            float[] bias = Floats.random((2 * span + 1) * 4, 4);
            Result expected = run(b, q, k, v, q, 1, span, bias);
            for (int threads : new int[] {2, 3, 8}) {
                Result r = run(b, q, k, v, q, threads, span, bias);
                Floats.assertSameBits("out", expected.out, r.out);
                Floats.assertSameBits("dq", expected.dq, r.dq);
                Floats.assertSameBits("dk", expected.dk, r.dk);
                Floats.assertSameBits("dv", expected.dv, r.dv);
                Floats.assertSameBits("dBias", expected.dBias, r.dBias);
            }
        }
    }

    /// A bias of zero changes no bit; one that is not, does.
    @Test
    void aBiasOfZeroIsNone() {
        Batch b = new Batch(4, 2, 20, false, starts(33, 5, 70), starts(40, 5, 71));
        float[] q = Floats.random(108 * 80, 1);
        float[] k = Floats.random(116 * 40, 2);
        float[] v = Floats.random(116 * 40, 3);
        Result none = run(b, q, k, v, q, 2);
        float[] bias = new float[9 * 4];
        Result zero = run(b, q, k, v, q, 2, 4, bias);
        Floats.assertSameBits("out", none.out, zero.out);
        Floats.assertSameBits("dq", none.dq, zero.dq);
        Floats.assertSameBits("dk", none.dk, zero.dk);
        Floats.assertSameBits("dv", none.dv, zero.dv);
        bias[4 * 4] = 0.5f;
        assertFalse(Arrays.equals(none.out, run(b, q, k, v, q, 2, 4, bias).out));
    }

    /// A sequence alone, and between others of which one holds NaN, that of V where the next one is padded: the same bits, and NaN only where
    /// it came from.
    @Test
    void aSequenceDoesNotDependOnOthers() {
        int c = 2 * 20;
        float[] q = Floats.random(60 * c, 1);
        float[] k = Floats.random(60 * c, 2);
        float[] v = Floats.random(60 * c, 3);
        float[] dOut = Floats.random(60 * c, 4);
        k[3 * c + 1] = Float.NaN;
        v[19 * c + 21] = Float.NaN;
        Batch batch = new Batch(2, 2, 20, false, starts(30, 17, 13), starts(30, 17, 13));
        Result r = run(batch, q, k, v, dOut, 1);
        Batch one = new Batch(2, 2, 20, false, starts(17), starts(17));
        int from = 30 * c;
        int to = 47 * c;
        Result alone = run(one, Arrays.copyOfRange(q, from, to), Arrays.copyOfRange(k, from, to), Arrays.copyOfRange(v, from, to),
            Arrays.copyOfRange(dOut, from, to), 1);
        Floats.assertSameBits("out", alone.out, Arrays.copyOfRange(r.out, from, to));
        Floats.assertSameBits("dq", alone.dq, Arrays.copyOfRange(r.dq, from, to));
        Floats.assertSameBits("dk", alone.dk, Arrays.copyOfRange(r.dk, from, to));
        Floats.assertSameBits("dv", alone.dv, Arrays.copyOfRange(r.dv, from, to));
        for (int i = 0; i < r.out.length; i++) {
            boolean sick = i < 30 * c && i % c < 20;
            if (sick) {
                assertEquals(Float.NaN, r.out[i]);
                assertEquals(Float.NaN, r.dq[i]);
            }
            assertEquals(i >= 30 * c, !Float.isNaN(r.dq[i]));
        }
    }

    @Test
    void refusesLongerSequencesThanPlannedAndUnevenHeads() {
        try (Workers workers = new Workers(1)) {
            assertThrows(IllegalArgumentException.class, () -> new Attention(workers, 3, 2, 8, false, 1f, 4));
            Attention attention = new Attention(workers, 1, 1, 8, false, 1f, 4);
            float[] x = new float[40];
            assertThrows(IllegalArgumentException.class,
                () -> attention.forward(x, 0, x, 0, x, 0, starts(5), starts(5), 1, x, 0));
        }
    }
}
