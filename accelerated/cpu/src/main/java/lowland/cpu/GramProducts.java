package lowland.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Small products of long matrices of floats, accumulated in double: Xᵀ·Y of two tall ones, X·Yᵀ of two wide ones. A product of two
/// floats is exact in double, so only the sums round.
///
/// The result is made in blocks of [#BLOCK] × [#BLOCK], each on its own. The order of every sum is fixed, four lanes of double at most
/// take part in it, and a machine without them adds in the same order: the bits depend neither on the threads nor on the vectors.
public final class GramProducts {
    /// Rows and columns of the result that are made together.
    public static final int BLOCK = 4;

    private static final boolean WIDE = Lanes.COUNT >= 8;

    private GramProducts() {
    }

    /// Blocks of a result `[p, q]`, those at the edges counted whole.
    public static int blocks(int p, int q) {
        return across(p) * across(q);
    }

    private static int across(int n) {
        return (n + BLOCK - 1) / BLOCK;
    }

    /// Blocks b0 … b1 − 1 of Xᵀ·Y `[p, q]`, of X `[n, p]` and Y `[n, q]`, to `gram` at `at`, row-major. Each sum runs over the rows in order.
    public static void ofColumns(float[] x, int xo, int p, float[] y, int yo, int q, int n, int b0, int b1, double[] gram, int at) {
        for (int block = b0; block < b1; block++) {
            blockOfColumns(x, xo, p, y, yo, q, n, block, gram, at);
        }
    }

    private static void blockOfColumns(float[] x, int xo, int p, float[] y, int yo, int q, int n, int block, double[] gram, int at) {
        int i0 = block / across(q) * BLOCK;
        int j0 = block % across(q) * BLOCK;
        int i1 = Math.min(p, i0 + BLOCK);
        int j1 = Math.min(q, j0 + BLOCK);
        if (WIDE && i1 - i0 == BLOCK && j1 - j0 == BLOCK) {
            wholeOfColumns(x, xo + i0, p, y, yo + j0, q, n, gram, at + i0 * q + j0);
            return;
        }
        for (int i = i0; i < i1; i++) {
            for (int j = j0; j < j1; j++) {
                double sum = 0;
                for (int t = 0; t < n; t++) {
                    sum += (double) x[xo + t * p + i] * y[yo + t * q + j];
                }
                gram[at + i * q + j] = sum;
            }
        }
    }

    private static void wholeOfColumns(float[] x, int xo, int p, float[] y, int yo, int q, int n, double[] gram, int at) {
        DoubleVector sum0 = DoubleVector.zero(DoubleVector.SPECIES_256);
        DoubleVector sum1 = sum0;
        DoubleVector sum2 = sum0;
        DoubleVector sum3 = sum0;
        for (int t = 0; t < n; t++) {
            DoubleVector row = load(y, yo + t * q);
            int from = xo + t * p;
            sum0 = DoubleVector.broadcast(DoubleVector.SPECIES_256, x[from]).fma(row, sum0);
            sum1 = DoubleVector.broadcast(DoubleVector.SPECIES_256, x[from + 1]).fma(row, sum1);
            sum2 = DoubleVector.broadcast(DoubleVector.SPECIES_256, x[from + 2]).fma(row, sum2);
            sum3 = DoubleVector.broadcast(DoubleVector.SPECIES_256, x[from + 3]).fma(row, sum3);
        }
        sum0.intoArray(gram, at);
        sum1.intoArray(gram, at + q);
        sum2.intoArray(gram, at + 2 * q);
        sum3.intoArray(gram, at + 3 * q);
    }

    /// Blocks b0 … b1 − 1 of X·Yᵀ `[p, q]`, of X `[p, n]` and Y `[q, n]`, to `gram` at `at`, row-major. Each sum is four sums over every
    /// fourth column, joined as a tree.
    public static void ofRows(float[] x, int xo, int p, float[] y, int yo, int q, int n, int b0, int b1, double[] gram, int at) {
        for (int block = b0; block < b1; block++) {
            blockOfRows(x, xo, p, y, yo, q, n, block, gram, at);
        }
    }

    private static void blockOfRows(float[] x, int xo, int p, float[] y, int yo, int q, int n, int block, double[] gram, int at) {
        int i0 = block / across(q) * BLOCK;
        int j0 = block % across(q) * BLOCK;
        int i1 = Math.min(p, i0 + BLOCK);
        int j1 = Math.min(q, j0 + BLOCK);
        for (int i = i0; i < i1; i++) {
            if (WIDE && j1 - j0 == BLOCK) {
                wholeOfRows(x, xo + i * n, y, yo + j0 * n, n, gram, at + i * q + j0);
            } else {
                for (int j = j0; j < j1; j++) {
                    gram[at + i * q + j] = DoubleSums.inner(x, xo + i * n, y, yo + j * n, n);
                }
            }
        }
    }

    /// One row of X against four of Y. The lanes are the four sums of [DoubleSums#inner], joined as it joins them.
    private static void wholeOfRows(float[] x, int xo, float[] y, int yo, int n, double[] gram, int at) {
        DoubleVector sum0 = DoubleVector.zero(DoubleVector.SPECIES_256);
        DoubleVector sum1 = sum0;
        DoubleVector sum2 = sum0;
        DoubleVector sum3 = sum0;
        int k = 0;
        for (; k + 4 <= n; k += 4) {
            DoubleVector row = load(x, xo + k);
            sum0 = load(y, yo + k).fma(row, sum0);
            sum1 = load(y, yo + n + k).fma(row, sum1);
            sum2 = load(y, yo + 2 * n + k).fma(row, sum2);
            sum3 = load(y, yo + 3 * n + k).fma(row, sum3);
        }
        gram[at] = joined(sum0, x, xo, y, yo, k, n);
        gram[at + 1] = joined(sum1, x, xo, y, yo + n, k, n);
        gram[at + 2] = joined(sum2, x, xo, y, yo + 2 * n, k, n);
        gram[at + 3] = joined(sum3, x, xo, y, yo + 3 * n, k, n);
    }

    private static double joined(DoubleVector sums, float[] x, int xo, float[] y, int yo, int k, int n) {
        double first = sums.lane(0);
        for (int rest = k; rest < n; rest++) {
            first += (double) x[xo + rest] * y[yo + rest];
        }
        return (first + sums.lane(2)) + (sums.lane(1) + sums.lane(3));
    }

    private static DoubleVector load(float[] x, int at) {
        return (DoubleVector) FloatVector.fromArray(FloatVector.SPECIES_128, x, at)
                .convertShape(VectorOperators.F2D, DoubleVector.SPECIES_256, 0);
    }
}
