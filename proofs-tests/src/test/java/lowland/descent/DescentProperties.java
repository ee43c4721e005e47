package lowland.descent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import lowland.descent.Descent.Descended;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// The descents, element by element over ten steps, against scalar loops written after PyTorch's own order of operations.
class DescentProperties {

    private static final int STEPS = 10;

    @Provide
    Arbitrary<Double> gradientSizes() {
        return Arbitraries.of(1e-12, 1e-4, 1.0, 1e6).withoutEdgeCases();
    }

    @Property(tries = 200)
    void adamW(@ForAll long seed, @ForAll("gradientSizes") double size, @ForAll boolean decays) {
        double beta1 = 0.9;
        double beta2 = 0.999;
        double epsilon = 1e-8;
        double decay = decays ? 0.1 : 0;
        double[] p = {0.3, -1.2, 0};
        double[] m = new double[3];
        double[] v = new double[3];
        AdamW adamW = new AdamW(beta1, beta2, epsilon, decay);
        SimpleMatrix matrix = row(p);
        Moments moments = Moments.zeroLike(matrix);
        Random random = new Random(seed);
        for (int t = 1; t <= STEPS; t++) {
            double[] g = {size * random.nextGaussian(), size * random.nextGaussian(), size * random.nextGaussian()};
            double eta = 0.01 / t;
            for (int i = 0; i < 3; i++) {
                p[i] *= 1 - eta * decay;
                m[i] += (g[i] - m[i]) * (1 - beta1);
                v[i] = v[i] * beta2 + (1 - beta2) * g[i] * g[i];
                double stepSize = eta / (1 - Math.pow(beta1, t));
                double denominator = Math.sqrt(v[i]) / Math.sqrt(1 - Math.pow(beta2, t)) + epsilon;
                p[i] -= stepSize * (m[i] / denominator);
            }
            Descended next = adamW.step(matrix, row(g), moments, t, eta);
            matrix = next.p();
            moments = next.moments();
            assertRow(p, matrix, 1e-13, 1);
            assertRow(m, moments.first(), 1e-13, size);
            assertRow(v, moments.second(), 1e-13, size * size);
        }
    }

    @Property(tries = 200)
    void sgd(@ForAll long seed, @ForAll("gradientSizes") double size, @ForAll boolean decays, @ForAll boolean remembers) {
        double decay = decays ? 0.1 : 0;
        double momentum = remembers ? 0.9 : 0;
        double[] p = {0.3, -1.2, 0};
        double[] buffer = null;
        Sgd sgd = new Sgd(momentum, decay);
        SimpleMatrix matrix = row(p);
        Moments moments = Moments.zeroLike(matrix);
        Random random = new Random(seed);
        for (int t = 1; t <= STEPS; t++) {
            double[] g = {size * random.nextGaussian(), size * random.nextGaussian(), size * random.nextGaussian()};
            double eta = 0.01 / t;
            double[] d = new double[3];
            for (int i = 0; i < 3; i++) {
                d[i] = g[i] + decay * p[i];
            }
            if (momentum != 0) {
                if (buffer == null) {
                    buffer = d.clone();
                } else {
                    for (int i = 0; i < 3; i++) {
                        buffer[i] = buffer[i] * momentum + d[i];
                    }
                }
                d = buffer;
            }
            for (int i = 0; i < 3; i++) {
                p[i] -= eta * d[i];
            }
            Descended next = sgd.step(matrix, row(g), moments, t, eta);
            matrix = next.p();
            moments = next.moments();
            assertRow(p, matrix, 1e-13, Math.max(1, size));
        }
    }

    /// The first step is of size η whatever the gradient's, if that is far above epsilon, and in its opposite direction.
    @Property(tries = 50)
    void firstAdamStepIsTheSign(@ForAll long seed) {
        double g = 1e3 * new Random(seed).nextGaussian() + 1e-3;
        SimpleMatrix p = row(new double[] {0});
        SimpleMatrix next = AdamW.defaults().step(p, row(new double[] {g}), Moments.zeroLike(p), 1, 0.1).p();
        assertEquals(-0.1 * Math.signum(g), next.get(0), 0.1 * 1e-8 / Math.abs(g) + 1e-15);
    }

    @Example
    void zeroGradientOnlyDecays() {
        SimpleMatrix p = row(new double[] {2, -4});
        Moments zero = Moments.zeroLike(p);
        SimpleMatrix next = new AdamW(0.9, 0.999, 1e-8, 0.5).step(p, row(new double[] {0, 0}), zero, 1, 0.1).p();
        assertRow(new double[] {2 * 0.95, -4 * 0.95}, next, 1e-15, 4);
    }

    @Example
    void defaults() {
        assertEquals(new AdamW(0.9, 0.999, 1e-8, 0), AdamW.defaults());
        assertEquals(new Sgd(0, 0), Sgd.defaults());
    }

    @Example
    void badHyperParametersAreRefused() {
        for (double beta : new double[] {1, 1.1, -1e-9, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new AdamW(beta, 0.999, 1e-8, 0));
            assertThrows(IllegalArgumentException.class, () -> new AdamW(0.9, beta, 1e-8, 0));
            assertThrows(IllegalArgumentException.class, () -> new Sgd(beta, 0));
        }
        for (double epsilon : new double[] {0, -1e-8, Double.POSITIVE_INFINITY, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new AdamW(0.9, 0.999, epsilon, 0));
        }
        for (double decay : new double[] {-1e-9, Double.POSITIVE_INFINITY, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new AdamW(0.9, 0.999, 1e-8, decay));
            assertThrows(IllegalArgumentException.class, () -> new Sgd(0, decay));
        }
    }

    /// β = 0 forgets everything before, which is allowed: p ← p − η·g/(|g| + ε).
    @Example
    void betasMayBeZero() {
        SimpleMatrix p = row(new double[] {1, 1});
        Moments old = new Moments(row(new double[] {5, -7}), row(new double[] {3, 9}));
        Descended next = new AdamW(0, 0, 1, 0).step(p, row(new double[] {1, -3}), old, 1, 0.5);
        assertRow(new double[] {1 - 0.5 * 0.5, 1 + 0.5 * 0.75}, next.p(), 1e-15, 1);
    }

    /// SGD has no second moments: it hands on what it was given.
    @Example
    void sgdLeavesTheSecondMoments() {
        SimpleMatrix p = row(new double[] {1, 1});
        Moments old = new Moments(row(new double[] {5, -7}), row(new double[] {3, 9}));
        Moments next = new Sgd(0.5, 0.1).step(p, row(new double[] {1, -3}), old, 1, 0.5).moments();
        assertRow(new double[] {3, 9}, next.second(), 0, 1);
        assertRow(new double[] {2.5 + 1.1, -3.5 - 2.9}, next.first(), 1e-15, 4);
    }

    private static SimpleMatrix row(double[] values) {
        return new SimpleMatrix(1, values.length, true, values.clone());
    }

    private static void assertRow(double[] expected, SimpleMatrix actual, double tolerance, double scale) {
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual.get(i) - expected[i]);
            assertTrue(error <= tolerance * scale, actual.get(i) + " instead of " + expected[i]);
        }
    }
}
