package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GemmTest {
    private static final int L = Lanes.COUNT;
    private static final int[] SIZES = {1, 2, 7, 8, L - 1, L, L + 1, 2 * L + 1, 37};
    private static final int[] DEPTHS = {1, 8, 31, Tile.DEPTH - 1, Tile.DEPTH, Tile.DEPTH + 1, 2 * Tile.DEPTH + 3};

    /// op(A)·op(B) and |op(A)|·|op(B)| in double, at one element.
    private static double[] element(Gemm.Form form, int i, int j, int k, float[] a, int ao, int as, float[] b, int bo, int bs) {
        double sum = 0;
        double size = 0;
        for (int l = 0; l < k; l++) {
            double x = form == Gemm.Form.TN ? a[ao + l * as + i] : a[ao + i * as + l];
            double y = form == Gemm.Form.NT ? b[bo + j * bs + l] : b[bo + l * bs + j];
            sum += x * y;
            size += Math.abs(x * y);
        }
        return new double[] {sum, size};
    }

    /// One product at offsets and strides, against doubles, with a guard around C.
    static void check(Gemm gemm, Gemm.Form form, int m, int n, int k, Gemm.Start start) {
        int as = (form == Gemm.Form.TN ? m : k) + 3;
        int bs = (form == Gemm.Form.NT ? k : n) + 2;
        int cs = n + 5;
        float[] a = Floats.random(7 + as * (form == Gemm.Form.TN ? k : m), 1);
        float[] b = Floats.random(5 + bs * (form == Gemm.Form.NT ? n : k), 2);
        float[] c = Floats.random(11 + cs * m, 3);
        float[] bias = Floats.random(n + 2, 4);
        float[] before = c.clone();
        gemm.multiply(form, m, n, k, a, 7, as, b, 5, bs, c, 11, cs, start, bias, 2);
        for (int at = 0; at < c.length; at++) {
            int i = (at - 11) / cs;
            int j = (at - 11) % cs;
            if (at < 11 || j >= n) {
                assertEquals(before[at], c[at], "written outside of C");
                continue;
            }
            double from = switch (start) {
                case ZERO -> 0;
                case BIAS -> bias[2 + j];
                case C -> before[at];
            };
            double[] e = element(form, i, j, k, a, 7, as, b, 5, bs);
            Floats.assertWithin(form + " " + m + "x" + n + "x" + k + " [" + i + "," + j + "]", from + e[0], c[at],
                Floats.gamma(k + 2) * (e[1] + Math.abs(from)));
        }
    }

    @ParameterizedTest
    @EnumSource(Gemm.Form.class)
    void equalsDoublesAtAwkwardSizes(Gemm.Form form) {
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, 1 << 11));
            int turn = 0;
            for (int m : SIZES) {
                for (int n : SIZES) {
                    for (int k : DEPTHS) {
                        check(gemm, form, m, n, k, Gemm.Start.values()[turn++ % 3]);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Gemm.Form.class)
    void equalsDoublesAcrossBlocks(Gemm.Form form) {
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, 1 << 11));
            check(gemm, form, Gemm.ROW_BLOCK + 1, 8 * L * 7 + 3, 40, Gemm.Start.ZERO);
            check(gemm, form, 3 * Gemm.ROW_BLOCK - 5, 100, 40, Gemm.Start.C);
            check(gemm, form, 5 * Gemm.ROW_BLOCK + 3, Gemm.COLUMN_BLOCK + 21, 70, Gemm.Start.BIAS);
            check(gemm, form, 2 * Gemm.ROW_BLOCK - 1, 50, Tile.DEPTH + 70, Gemm.Start.C);
            check(gemm, form, 131, 8, 300, Gemm.Start.C);
            check(gemm, form, 8, 211, 300, Gemm.Start.C);
            check(gemm, form, 16, 16, 131, Gemm.Start.BIAS);
            check(gemm, form, 300, 20, 8, Gemm.Start.BIAS);
            check(gemm, form, 5, 3, 0, Gemm.Start.BIAS);
            for (Gemm.Start start : Gemm.Start.values()) {
                check(gemm, form, Gemm.ROW_BLOCK + 5, Gemm.COLUMN_BLOCK + 21, 0, start);
            }
            check(gemm, form, 0, 3, 5, Gemm.Start.ZERO);
            gemm.multiply(form, 3, 0, 5, new float[15], 0, form == Gemm.Form.TN ? 3 : 5, new float[0], 0, 2, new float[0], 0, 0,
                Gemm.Start.ZERO, null, 0);
        }
    }

    @Test
    void packedWeightServesForwardAndBackward() {
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, 1 << 11));
            for (int out : new int[] {1, 8, L + 1, 37, 100}) {
                for (int in : new int[] {1, 8, 2 * L - 1, 67, 300}) {
                    checkPacked(gemm, 19, out, in);
                }
            }
            checkPacked(gemm, 2 * Gemm.ROW_BLOCK + 5, Tile.DEPTH + 37, 99);
        }
    }

    /// x·Wᵀ and dy·W with W packed, against doubles.
    static void checkPacked(Gemm gemm, int m, int out, int in) {
        float[] w = Floats.random(3 + out * in, 1);
        PackedMatrix packed = PackedMatrix.of(w, 3, out, in);
        assertEquals(w[3 + (out - 1) * in + in - 1], packed.get(out - 1, in - 1));
        float[] x = Floats.random(m * in, 2);
        float[] dy = Floats.random(m * out, 3);
        float[] y = new float[m * out];
        float[] dx = new float[m * in];
        gemm.forward(m, x, 0, in, packed, y, 0, out, Gemm.Start.ZERO, null, 0);
        gemm.backward(m, dy, 0, out, packed, dx, 0, in, Gemm.Start.ZERO);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < out; j++) {
                double[] e = element(Gemm.Form.NT, i, j, in, x, 0, in, w, 3, in);
                Floats.assertWithin("forward", e[0], y[i * out + j], Floats.gamma(in + 2) * e[1]);
            }
            for (int j = 0; j < in; j++) {
                double[] e = element(Gemm.Form.NN, i, j, out, dy, 0, out, w, 3, in);
                Floats.assertWithin("backward", e[0], dx[i * in + j], Floats.gamma(out + 2) * e[1]);
            }
        }
    }

    /// bias + x·Wᵀ + u·B + v·Dᵀ + dy·V as one sum, W and V packed and `deep` deep, against doubles.
    static void checkSum(Gemm gemm, int m, int n, int deep) {
        float[] w = Floats.random(n * deep, 1);
        float[] v = Floats.random(deep * n, 2);
        float[] x = Floats.random(m * deep, 3);
        float[] u = Floats.random(m * 8, 4);
        float[] b = Floats.random(n * 8, 5);
        float[] bias = Floats.random(n, 6);
        float[] c = new float[m * n];
        gemm.begin(m, n, c, 0, n, Gemm.Start.BIAS, bias, 0);
        gemm.addForward(x, 0, deep, PackedMatrix.of(w, 0, n, deep));
        gemm.add(Gemm.Form.NN, 8, u, 0, 8, b, 0, n);
        gemm.add(Gemm.Form.NT, 3, u, 0, 8, b, 0, 8);
        gemm.addBackward(x, 0, deep, PackedMatrix.of(v, 0, deep, n));
        gemm.finish();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double[][] terms = {element(Gemm.Form.NN, i, j, 8, u, 0, 8, b, 0, n), element(Gemm.Form.NT, i, j, deep, x, 0, deep, w, 0, deep),
                    element(Gemm.Form.NT, i, j, 3, u, 0, 8, b, 0, 8), element(Gemm.Form.NN, i, j, deep, x, 0, deep, v, 0, n)};
                double sum = bias[j];
                double size = Math.abs(bias[j]);
                for (double[] term : terms) {
                    sum += term[0];
                    size += term[1];
                }
                Floats.assertWithin("sum [" + i + "," + j + "]", sum, c[i * n + j], Floats.gamma(2 * deep + 8 + 3 + 2) * size);
            }
        }
    }

    @Test
    void bitsDoNotDependOnThreads() {
        int[][] shapes = {{200, 100, 300}, {301, 8, 300}, {8, 200, 301}, {200, 8, 301}, {15, 384, 77}, {64, 40, 8},
            {2 * Gemm.ROW_BLOCK + 5, 100, Tile.DEPTH + 1}};
        for (Gemm.Form form : Gemm.Form.values()) {
            for (int[] s : shapes) {
                float[] expected = null;
                for (int threads : new int[] {1, 2, 3, 8}) {
                    float[] c = product(form, s[0], s[1], s[2], threads);
                    if (expected == null) {
                        expected = c;
                    }
                    Floats.assertSameBits(form + " " + Arrays.toString(s) + " on " + threads + " threads", expected, c);
                }
            }
        }
    }

    /// Terms of every kind, in the orders of training and in random ones: packed ones deeper than a block, shallow ones, which take a tile of C
    /// in turn, those just too deep for that, and those without depth; with ragged edges, from every start.
    @ParameterizedTest
    @EnumSource(Gemm.Start.class)
    void aSumHasTheBitsOfItsProductsInTurn(Gemm.Start start) {
        for (int threads : new int[] {1, 2, 3}) {
            try (Workers workers = new Workers(threads)) {
                for (int[] size : new int[][] {{1, L + 1}, {19, 37}, {Gemm.ROW_BLOCK + 7, 8 * L + 3}, {300, 384}}) {
                    int m = size[0];
                    int n = size[1];
                    Terms terms = new Terms(m, n);
                    float[] bias = Floats.random(n, 5);
                    Gemm gemm = new Gemm(workers, new Scratch(threads, Terms.DEEP));
                    for (int[] kinds : Terms.orders()) {
                        float[] expected = Floats.random(m * n, 6);
                        float[] c = expected.clone();
                        for (int i = 0; i < kinds.length; i++) {
                            gemm.begin(m, n, expected, 0, n, i == 0 ? start : Gemm.Start.C, bias, 0);
                            terms.add(gemm, kinds[i], i);
                            gemm.finish();
                        }
                        gemm.begin(m, n, c, 0, n, start, bias, 0);
                        for (int i = 0; i < kinds.length; i++) {
                            terms.add(gemm, kinds[i], i);
                        }
                        gemm.finish();
                        Floats.assertSameBits("from " + start + ", " + m + "x" + n + " on " + threads + " threads, kinds " + Arrays.toString(kinds),
                                expected, c);
                    }
                }
            }
        }
    }

    /// What terms of a sum of `[m, n]` are made from.
    private static final class Terms {
        static final int DEEP = Tile.DEPTH + 5;
        private static final int[] DEPTHS = {8, 3, 1, 17, Gemm.SHALLOW, Gemm.SHALLOW + 1, 0};
        private static final int KINDS = 2 + 2 * DEPTHS.length;
        private final int n;
        private final PackedMatrix forward;
        private final PackedMatrix backward;
        private final float[] a;
        private final float[] b;

        Terms(int m, int n) {
            this.n = n;
            forward = PackedMatrix.of(Floats.random(n * DEEP, 1), 0, n, DEEP);
            backward = PackedMatrix.of(Floats.random(DEEP * n, 2), 0, DEEP, n);
            a = Floats.random(m * DEEP, 3);
            b = Floats.random(n * DEEP, 4);
        }

        /// Kinds of the terms of sums: a packed one and two pairs in every order, then random ones.
        static List<int[]> orders() {
            List<int[]> orders = new ArrayList<>(List.of(new int[] {0, 3, 5, 2}, new int[] {1, 2, 4, 0}, new int[] {2, 5, 0, 4},
                    new int[] {3, 14, 4, 1}, new int[] {10, 11, 10, 11}));
            Random random = new Random(1);
            for (int i = 0; i < 12; i++) {
                orders.add(random.ints(Gemm.MOST_TERMS, 0, KINDS).toArray());
            }
            return orders;
        }

        /// Adds a term, whose matrices start at `from` where they are not packed.
        void add(Gemm gemm, int kind, int from) {
            int stride = DEEP - Gemm.MOST_TERMS;
            if (kind == 0) {
                gemm.addForward(a, 0, DEEP, forward);
            } else if (kind == 1) {
                gemm.addBackward(a, 0, DEEP, backward);
            } else if (kind % 2 == 0) {
                gemm.add(Gemm.Form.NN, DEPTHS[kind / 2 - 1], a, from, stride, b, from, n);
            } else {
                gemm.add(Gemm.Form.NT, DEPTHS[kind / 2 - 1], a, from, stride, b, from, stride);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Gemm.Start.class)
    void termsWithoutDepthAddNothing(Gemm.Start start) {
        int m = 19;
        int n = 2 * L + 5;
        float[] a = Floats.random(m * 8, 1);
        float[] b = Floats.random(8 * n, 2);
        float[] bias = Floats.random(n, 3);
        float[] c = Floats.random(m * n, 4);
        float[] expected = c.clone();
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, 8));
            gemm.multiply(Gemm.Form.NN, m, n, 8, a, 0, 8, b, 0, n, expected, 0, n, start, bias, 0);
            gemm.begin(m, n, c, 0, n, start, bias, 0);
            gemm.add(Gemm.Form.NN, 0, a, 0, 0, b, 0, n);
            gemm.add(Gemm.Form.NN, 8, a, 0, 8, b, 0, n);
            gemm.add(Gemm.Form.NT, 0, a, 0, 0, b, 0, 0);
            gemm.finish();
            Floats.assertSameBits("among others, from " + start, expected, c);
            gemm.begin(m, n, c, 0, n, Gemm.Start.BIAS, bias, 0);
            gemm.finish();
            for (int i = 0; i < m * n; i++) {
                assertEquals(bias[i % n], c[i], "no term at all");
            }
        }
    }

    private static float[] product(Gemm.Form form, int m, int n, int k, int threads) {
        float[] a = Floats.random(m * k, 1);
        float[] b = Floats.random(n * k, 2);
        float[] c = new float[m * n];
        try (Workers workers = new Workers(threads)) {
            new Gemm(workers, new Scratch(threads, k)).multiply(form, m, n, k, a, 0, form == Gemm.Form.TN ? m : k,
                b, 0, form == Gemm.Form.NT ? k : n, c, 0, n, Gemm.Start.ZERO, null, 0);
        }
        return c;
    }

    /// The same row alone, first, in the middle and last of batches of other rows, gives the same bits.
    @ParameterizedTest
    @ValueSource(ints = {3, 8, 16, 40, 384})
    void aRowDoesNotDependOnItsNeighbours(int n) {
        int k = 300;
        float[] row = Floats.random(k, 9);
        float[] w = Floats.random(n * k, 2);
        float[] wT = new float[n * k];
        Transpose.copy(w, 0, k, n, k, wT, 0, n);
        PackedMatrix packed = PackedMatrix.of(w, 0, n, k);
        PackedMatrix packedT = PackedMatrix.of(wT, 0, k, n);
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, k));
            float[][] expected = new float[4][];
            for (int m : new int[] {1, 2, 5, 6, 7, 13, 64, 145, 300}) {
                for (int at : new int[] {0, m / 2, m - 1}) {
                    float[] a = Floats.random(m * k, m);
                    System.arraycopy(row, 0, a, at * k, k);
                    float[][] c = new float[4][m * n];
                    gemm.multiply(Gemm.Form.NT, m, n, k, a, 0, k, w, 0, k, c[0], 0, n, Gemm.Start.ZERO, null, 0);
                    gemm.multiply(Gemm.Form.NN, m, n, k, a, 0, k, wT, 0, n, c[1], 0, n, Gemm.Start.ZERO, null, 0);
                    gemm.forward(m, a, 0, k, packed, c[2], 0, n, Gemm.Start.ZERO, null, 0);
                    gemm.backward(m, a, 0, k, packedT, c[3], 0, n, Gemm.Start.ZERO);
                    for (int way = 0; way < 4; way++) {
                        float[] found = Arrays.copyOfRange(c[way], at * n, (at + 1) * n);
                        if (expected[way] == null) {
                            expected[way] = found;
                        }
                        Floats.assertSameBits("way " + way + ", row " + at + " of " + m, expected[way], found);
                    }
                }
            }
        }
    }

    @Test
    void nanStaysInItsRowAndIsNotLost() {
        for (int n : new int[] {8, 40}) {
            int m = 13;
            int k = 30;
            float[] a = Floats.random(m * k, 1);
            a[5 * k + 29] = Float.NaN;
            float[] c = new float[m * n];
            try (Workers workers = new Workers(2)) {
                Gemm gemm = new Gemm(workers, new Scratch(2, k));
                for (int again = 0; again < 2; again++) {
                    gemm.multiply(Gemm.Form.NT, m, n, k, a, 0, k, Floats.random(n * k, 2), 0, k, c, 0, n, Gemm.Start.ZERO, null, 0);
                    for (int i = 0; i < m * n; i++) {
                        assertEquals(i / n == 5, Float.isNaN(c[i]), "row " + i / n);
                    }
                }
            }
        }
    }

    @Test
    void refusesAScratchThatIsTooSmallAndArraysThatAreTooShort() {
        try (Workers workers = new Workers(2)) {
            assertThrows(IllegalArgumentException.class, () -> new Gemm(workers, new Scratch(1, 10)));
            Gemm small = new Gemm(workers, new Scratch(2, 10));
            float[] x = new float[10_000];
            assertThrows(IllegalArgumentException.class,
                () -> small.multiply(Gemm.Form.NN, 50, 4, 50, x, 0, 50, x, 2500, 50, x, 5000, 50, Gemm.Start.ZERO, null, 0));
            Gemm gemm = new Gemm(workers, new Scratch(2, 50));
            assertThrows(IndexOutOfBoundsException.class,
                () -> gemm.multiply(Gemm.Form.NN, 50, 50, 50, x, 0, 50, x, 2500, 50, x, 8000, 50, Gemm.Start.ZERO, null, 0));
            PackedMatrix weight = PackedMatrix.of(x, 0, 20, 30);
            gemm.begin(5, 30, x, 0, 30, Gemm.Start.ZERO, null, 0);
            assertThrows(IllegalArgumentException.class, () -> gemm.addForward(x, 5000, 20, weight), "30 columns, not 20");
            gemm.addBackward(x, 5000, 20, weight);
            gemm.add(Gemm.Form.TN, 5, x, 5000, 5, x, 6000, 30);
            assertThrows(IllegalArgumentException.class, gemm::finish, "a term of form TN beside another");
            assertThrows(IndexOutOfBoundsException.class,
                () -> gemm.multiply(Gemm.Form.NN, 50, 50, 50, x, 8000, 50, x, 2500, 50, x, 0, 50, Gemm.Start.ZERO, null, 0));
            var bias = assertThrows(IndexOutOfBoundsException.class,
                () -> gemm.multiply(Gemm.Form.NN, 50, 50, 50, x, 0, 50, x, 2500, 50, x, 5000, 50, Gemm.Start.BIAS, x, 9960));
            assertTrue(bias.getMessage().startsWith("the bias needs 50 floats"), bias.getMessage());
        }
    }

    @Test
    void productsAllocateNothing() {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().threadId();
        float[] x = Floats.random(40_000, 1);
        float[] c = new float[40_000];
        PackedMatrix packed = PackedMatrix.of(x, 0, 96, 96);
        try (Workers workers = new Workers(1)) {
            Gemm gemm = new Gemm(workers, new Scratch(1, 96));
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 40 && least > 4000; round++) {
                long before = threads.getThreadAllocatedBytes(self);
                for (int i = 0; i < 100; i++) {
                    gemm.forward(96, x, 0, 96, packed, c, 0, 96, Gemm.Start.ZERO, null, 0);
                    gemm.backward(96, x, 0, 96, packed, c, 0, 96, Gemm.Start.ZERO);
                    gemm.multiply(Gemm.Form.NT, 96, 8, 96, x, 0, 96, x, 0, 96, c, 0, 8, Gemm.Start.ZERO, null, 0);
                    gemm.multiply(Gemm.Form.TN, 8, 96, 96, x, 0, 8, x, 0, 96, c, 0, 96, Gemm.Start.ZERO, null, 0);
                }
                least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
            }
            // Interpreted vectors are objects; compiled ones are not.
            assertTrue(least <= 4000, "400 products allocate " + least + " bytes at best");
        }
    }
}
