package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// Layer normalisation of rows of `channels` floats, contiguous: y = (x − mean)/√(variance + epsilon)·gamma + beta.
///
/// Backward passes take the forward's input and compute mean and variance again. Sums run in lanes and are joined by [Lanes#sum], so a
/// row's bits depend on that row alone.
public final class LayerNorm {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;

    private LayerNorm() {
    }

    /// Rows r0 … r1 − 1 of y. y may be x.
    public static void forward(float[] x, int xo, float[] gamma, int go, float[] beta, int bo, float epsilon,
                               float[] y, int yo, int channels, int r0, int r1) {
        int whole = Lanes.whole(channels);
        for (int r = r0; r < r1; r++) {
            int from = xo + r * channels;
            int to = yo + r * channels;
            float mean = mean(x, from, channels);
            float inverse = inverse(x, from, channels, mean, epsilon);
            for (int c = 0; c < whole; c += L) {
                FloatVector.fromArray(V, x, from + c).sub(mean).mul(inverse)
                    .fma(FloatVector.fromArray(V, gamma, go + c), FloatVector.fromArray(V, beta, bo + c)).intoArray(y, to + c);
            }
            for (int c = whole; c < channels; c++) {
                y[to + c] = Math.fma((x[from + c] - mean) * inverse, gamma[go + c], beta[bo + c]);
            }
        }
    }

    /// Rows r0 … r1 − 1 of dx = i·(g − mean(g) − h·mean(g·h)), with
    /// g = dy·gamma, h = (x − mean)·i, i = 1/√(variance + epsilon). dx may be dy.
    public static void backward(float[] x, int xo, float[] gamma, int go, float epsilon, float[] dy, int dyo,
                                float[] dx, int dxo, int channels, int r0, int r1) {
        int whole = Lanes.whole(channels);
        for (int r = r0; r < r1; r++) {
            int from = xo + r * channels;
            int in = dyo + r * channels;
            int to = dxo + r * channels;
            float mean = mean(x, from, channels);
            float inverse = inverse(x, from, channels, mean, epsilon);
            FloatVector sum = FloatVector.zero(V);
            FloatVector product = FloatVector.zero(V);
            for (int c = 0; c < whole; c += L) {
                FloatVector g = FloatVector.fromArray(V, dy, in + c).mul(FloatVector.fromArray(V, gamma, go + c));
                sum = sum.add(g);
                product = g.fma(FloatVector.fromArray(V, x, from + c).sub(mean).mul(inverse), product);
            }
            float s = Lanes.sum(sum);
            float p = Lanes.sum(product);
            for (int c = whole; c < channels; c++) {
                float g = dy[in + c] * gamma[go + c];
                s += g;
                p = Math.fma(g, (x[from + c] - mean) * inverse, p);
            }
            float meanG = s / channels;
            float meanGh = -(p / channels);
            FloatVector factor = FloatVector.broadcast(V, meanGh);
            for (int c = 0; c < whole; c += L) {
                FloatVector g = FloatVector.fromArray(V, dy, in + c).mul(FloatVector.fromArray(V, gamma, go + c)).sub(meanG);
                FloatVector.fromArray(V, x, from + c).sub(mean).mul(inverse).fma(factor, g).mul(inverse).intoArray(dx, to + c);
            }
            for (int c = whole; c < channels; c++) {
                float g = dy[in + c] * gamma[go + c] - meanG;
                dx[to + c] = Math.fma((x[from + c] - mean) * inverse, meanGh, g) * inverse;
            }
        }
    }

    /// Means and inverse deviations of rows r0 … r1 − 1, to `statistics[so + 2r]` and `[so + 2r + 1]`: what [#addParameterGradients] reads.
    public static void statistics(float[] x, int xo, float epsilon, int channels, int r0, int r1, float[] statistics, int so) {
        for (int r = r0; r < r1; r++) {
            float mean = mean(x, xo + r * channels, channels);
            statistics[so + 2 * r] = mean;
            statistics[so + 2 * r + 1] = inverse(x, xo + r * channels, channels, mean, epsilon);
        }
    }

    /// dGamma`[c]` += Σₜ dy·h and dBeta`[c]` += Σₜ dy for columns c0 … c1 − 1, the tokens in order. Work is split by columns.
    public static void addParameterGradients(float[] x, int xo, float[] statistics, int so, float[] dy, int dyo, int channels, int tokens,
                                             int c0, int c1, float[] dGamma, int go, float[] dBeta, int bo) {
        int whole = c0 + Lanes.whole(c1 - c0);
        for (int c = c0; c < whole; c += L) {
            FloatVector sumG = FloatVector.fromArray(V, dGamma, go + c);
            FloatVector sumB = FloatVector.fromArray(V, dBeta, bo + c);
            for (int t = 0; t < tokens; t++) {
                FloatVector d = FloatVector.fromArray(V, dy, dyo + t * channels + c);
                FloatVector h = FloatVector.fromArray(V, x, xo + t * channels + c)
                    .sub(statistics[so + 2 * t]).mul(statistics[so + 2 * t + 1]);
                sumG = d.fma(h, sumG);
                sumB = sumB.add(d);
            }
            sumG.intoArray(dGamma, go + c);
            sumB.intoArray(dBeta, bo + c);
        }
        for (int c = whole; c < c1; c++) {
            float sumG = dGamma[go + c];
            float sumB = dBeta[bo + c];
            for (int t = 0; t < tokens; t++) {
                float d = dy[dyo + t * channels + c];
                sumG = Math.fma(d, (x[xo + t * channels + c] - statistics[so + 2 * t]) * statistics[so + 2 * t + 1], sumG);
                sumB += d;
            }
            dGamma[go + c] = sumG;
            dBeta[bo + c] = sumB;
        }
    }

    private static float mean(float[] x, int at, int n) {
        int whole = Lanes.whole(n);
        FloatVector sum = FloatVector.zero(V);
        for (int c = 0; c < whole; c += L) {
            sum = sum.add(FloatVector.fromArray(V, x, at + c));
        }
        if (whole < n) {
            VectorMask<Float> rest = V.indexInRange(whole, n);
            sum = sum.add(FloatVector.fromArray(V, x, at + whole, rest), rest);
        }
        return Lanes.sum(sum) / n;
    }

    private static float inverse(float[] x, int at, int n, float mean, float epsilon) {
        int whole = Lanes.whole(n);
        FloatVector sum = FloatVector.zero(V);
        for (int c = 0; c < whole; c += L) {
            FloatVector d = FloatVector.fromArray(V, x, at + c).sub(mean);
            sum = d.fma(d, sum);
        }
        if (whole < n) {
            VectorMask<Float> rest = V.indexInRange(whole, n);
            FloatVector d = FloatVector.fromArray(V, x, at + whole, rest).sub(mean);
            sum = sum.add(d.mul(d), rest);
        }
        return 1f / (float) Math.sqrt(Lanes.sum(sum) / n + epsilon);
    }
}
