package lowland.cpu;

/// Norms and inner products of floats, accumulated in double. A product of two floats is exact in double, so only the sums round.
///
/// Long sums are cut into chunks of [#CHUNK] elements, whatever the number of threads; the caller keeps one partial result a chunk and
/// joins them in order with [#total].
public final class DoubleSums {
    /// Elements of one chunk.
    public static final int CHUNK = 4096;

    private DoubleSums() {
    }

    /// Chunks of n elements.
    public static int chunks(int n) {
        return (n + CHUNK - 1) / CHUNK;
    }

    /// Σ x·y over chunk `chunk` of n elements.
    public static double inner(float[] x, int xo, float[] y, int yo, int n, int chunk) {
        int from = chunk * CHUNK;
        return inner(x, xo + from, y, yo + from, Math.min(n - from, CHUNK));
    }

    /// Σ x·y over n elements. Four sums, each over every fourth element, run side by side and are joined as a fixed tree.
    static double inner(float[] x, int xo, float[] y, int yo, int n) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 4 <= n; i += 4) {
            s0 += (double) x[xo + i] * y[yo + i];
            s1 += (double) x[xo + i + 1] * y[yo + i + 1];
            s2 += (double) x[xo + i + 2] * y[yo + i + 2];
            s3 += (double) x[xo + i + 3] * y[yo + i + 3];
        }
        for (; i < n; i++) {
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
}
