package lowland.cpu;

import java.util.SplittableRandom;

/// Inputs and the error bound of sums, for the tests of the kernels.
final class Floats {
    static final double U = 0x1p-24;

    private Floats() {
    }

    static float[] random(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    /// γₖ = ku/(1 − ku): the relative error of k roundings (Higham, Accuracy and Stability of Numerical Algorithms, Lemma 3.1).
    static double gamma(double k) {
        return k * U / (1 - k * U);
    }

    /// Fails unless |actual − expected| ≤ bound; NaN fails.
    static void assertWithin(String what, double expected, double actual, double bound) {
        if (!(Math.abs(actual - expected) <= bound)) {
            throw new AssertionError(what + ": expected " + expected + ", found " + actual + ", bound " + bound);
        }
    }

    static void assertSameBits(String what, float[] expected, float[] actual) {
        if (expected.length != actual.length) {
            throw new AssertionError(what + ": lengths " + expected.length + " and " + actual.length);
        }
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToRawIntBits(expected[i]) != Float.floatToRawIntBits(actual[i])) {
                throw new AssertionError(what + ": element " + i + " is " + expected[i] + " and " + actual[i]);
            }
        }
    }
}
