package lowland.cpu;

import java.util.Arrays;

/// Norms, inner products and Gram matrices of floats, accumulated in double. A product of two floats is exact in double, so only the
/// sums round.
///
/// Long sums are cut into chunks of [#CHUNK] elements (or rows), whatever the number of threads; the caller keeps one partial result a
/// chunk and joins them in order with [#total].
public final class DoubleSums {
    /// Elements, or rows of a Gram product, of one chunk.
    public static final int CHUNK = 4096;

    private DoubleSums() {
    }

    /// Chunks of n elements or rows.
    public static int chunks(int n) {
        return (n + CHUNK - 1) / CHUNK;
    }

    /// Σ x·y over chunk `chunk` of n elements. Four sums run side by side and are joined as a fixed tree.
    public static double inner(float[] x, int xo, float[] y, int yo, int n, int chunk) {
        int from = chunk * CHUNK;
        int end = Math.min(n, from + CHUNK);
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = from;
        for (; i + 4 <= end; i += 4) {
            s0 += (double) x[xo + i] * y[yo + i];
            s1 += (double) x[xo + i + 1] * y[yo + i + 1];
            s2 += (double) x[xo + i + 2] * y[yo + i + 2];
            s3 += (double) x[xo + i + 3] * y[yo + i + 3];
        }
        for (; i < end; i++) {
            s0 += (double) x[xo + i] * y[yo + i];
        }
        return (s0 + s2) + (s1 + s3);
    }

    /// Σ x² over chunk `chunk` of n elements.
    public static double squaredNorm(float[] x, int xo, int n, int chunk) {
        return inner(x, xo, x, xo, n, chunk);
    }

    /// The partial results of the chunks, added in order.
    public static double total(double[] partials, int at, int chunks) {
        double sum = 0;
        for (int i = 0; i < chunks; i++) {
            sum += partials[at + i];
        }
        return sum;
    }

    /// Xᵀ·Y `[p, q]` of X `[n, p]` and Y `[n, q]` (row strides xs, ys) over chunk `chunk` of the n rows, to `gram` at `at`, row-major.
    public static void gramOfColumns(float[] x, int xo, int xs, int p, float[] y, int yo, int ys, int q, int n, int chunk,
                                     double[] gram, int at) {
        int from = chunk * CHUNK;
        int end = Math.min(n, from + CHUNK);
        Arrays.fill(gram, at, at + p * q, 0.0);
        for (int t = from; t < end; t++) {
            for (int i = 0; i < p; i++) {
                double value = x[xo + t * xs + i];
                for (int j = 0; j < q; j++) {
                    gram[at + i * q + j] += value * y[yo + t * ys + j];
                }
            }
        }
    }

    /// X·Yᵀ `[p, q]` of X `[p, n]` and Y `[q, n]` (row strides xs, ys) over chunk `chunk` of the n columns, to `gram` at `at`, row-major.
    public static void gramOfRows(float[] x, int xo, int xs, int p, float[] y, int yo, int ys, int q, int n, int chunk,
                                  double[] gram, int at) {
        for (int i = 0; i < p; i++) {
            for (int j = 0; j < q; j++) {
                gram[at + i * q + j] = inner(x, xo + i * xs, y, yo + j * ys, n, chunk);
            }
        }
    }
}
