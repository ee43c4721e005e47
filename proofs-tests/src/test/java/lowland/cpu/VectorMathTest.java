package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/// The errors that `VectorMath` and `Activations` state, held over sweeps of floats.
class VectorMathTest {
    private static final int N = 1 << 16;

    /// Φ(x) in double: the series for small |x|, Lentz' continued fraction of the tail beyond.
    static double normal(double x) {
        double z = Math.abs(x);
        double density = StrictMath.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
        double tail;
        if (z < 3) {
            double term = z;
            double sum = z;
            for (int i = 1; i < 200; i++) {
                term *= z * z / (2 * i + 1);
                sum += term;
            }
            tail = 0.5 - density * sum;
        } else {
            double fraction = z;
            for (int i = 300; i > 0; i--) {
                fraction = z + i / fraction;
            }
            tail = density / fraction;
        }
        return x > 0 ? 1 - tail : tail;
    }

    static double geluErfSlope(double x) {
        return normal(x) + x * StrictMath.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    static double geluTanh(double x) {
        return x / (1 + StrictMath.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    static double geluTanhSlope(double x) {
        double u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        double s = 1 / (1 + StrictMath.exp(-2 * u));
        return s + x * s * (1 - s) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }

    private static float[] sweep(double from, double to) {
        float[] x = new float[N + 5];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (from + (to - from) * i / (x.length - 1));
        }
        return x;
    }

    /// Geometric in size, both signs.
    private static float[] sizes(double from, double to) {
        float[] x = new float[N + 5];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) ((i % 2 == 0 ? 1 : -1) * from * Math.pow(to / from, (double) i / (x.length - 1)));
        }
        return x;
    }

    private static double worst(String what, float[] x, float[] y, DoubleUnaryOperator f, double absolute) {
        double worst = 0;
        double where = 0;
        for (int i = 0; i < x.length; i++) {
            double expected = f.applyAsDouble(x[i]);
            double error = Math.abs(y[i] - expected) / Math.max(Math.abs(expected), absolute);
            if (!(error <= worst)) {
                worst = error;
                where = x[i];
            }
        }
        System.out.printf("%s: relative error %.3g at %s%n", what, worst, where);
        return worst;
    }

    @Test
    void exponential() {
        float[] x = sweep(-87.3, 88.7);
        float[] y = new float[x.length];
        Activations.exp(x, 0, y, 0, x.length);
        assertTrue(worst("exp", x, y, StrictMath::exp, 0) < 1.5e-7);
        float[] special = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0f, -0f, -104f, -200f, 89f, 1e30f, -1e30f, -100f};
        float[] out = new float[special.length];
        Activations.exp(special, 0, out, 0, special.length);
        float[] expected = {Float.NaN, 0f, Float.POSITIVE_INFINITY, 1f, 1f, 0f, 0f, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, 0f};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], out[i], "exp " + special[i]);
        }
        Floats.assertWithin("a subnormal result", StrictMath.exp(-100), out[10], Float.MIN_VALUE);
    }

    @Test
    void hyperbolicTangent() {
        for (float[] x : new float[][] {sweep(-12, 12), sizes(1e-30, 30), sweep(-0.7, 0.7)}) {
            float[] y = new float[x.length];
            Activations.tanh(x, 0, y, 0, x.length);
            assertTrue(worst("tanh", x, y, StrictMath::tanh, 0) < 2.5e-7);
        }
        float[] special = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0f};
        float[] out = new float[4];
        Activations.tanh(special, 0, out, 0, 4);
        assertEquals(Float.NaN, out[0]);
        assertEquals(-1f, out[1]);
        assertEquals(1f, out[2]);
        assertEquals(0f, out[3]);
    }

    @Test
    void rectifiedLinearUnit() {
        float[] x = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0f, -0f, -Float.MIN_VALUE, Float.MIN_VALUE, -3f, 3f,
            -1e30f, 1e30f};
        float[] expected = {Float.NaN, 0f, Float.POSITIVE_INFINITY, 0f, 0f, 0f, Float.MIN_VALUE, 0f, 3f, 0f, 1e30f};
        float[] y = new float[x.length];
        Activations.relu(x, 0, y, 0, x.length);
        assertArrayEquals(expected, y);
        float[] g = new float[x.length];
        Arrays.fill(g, -7f);
        Activations.reluBackward(y, 0, g, 0, g, 0, g.length);
        // What is not a number is passed on.
        assertArrayEquals(new float[] {-7f, 0f, -7f, 0f, 0f, 0f, -7f, 0f, -7f, 0f, -7f}, g);
    }

    @Test
    void normalDistribution() {
        float[] x = sweep(-13, 13);
        float[] y = new float[x.length];
        for (int i = 0; i + Lanes.COUNT <= x.length; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, i);
            VectorMath.normal(v, VectorMath.bell(v)).intoArray(y, i);
        }
        int whole = Lanes.whole(x.length);
        assertTrue(worst("normal", Arrays.copyOf(x, whole), Arrays.copyOf(y, whole), VectorMathTest::normal, 0) < 5e-7);
    }

    @Test
    void gelus() {
        float[] ones = new float[N + 5];
        Arrays.fill(ones, 1f);
        for (float[] x : new float[][] {sweep(-12.5, 12.5), sizes(1e-30, 12)}) {
            float[] y = new float[x.length];
            Activations.geluErf(x, 0, y, 0, x.length);
            assertTrue(worst("geluErf", x, y, v -> v * normal(v), 0) < 6e-7);
            Activations.geluErfBackward(x, 0, ones, 0, y, 0, x.length);
            assertTrue(worst("geluErf'", x, y, VectorMathTest::geluErfSlope, 1e-1) < 1e-6);
        }
        // The argument of the exponential is rounded: its error grows with its size.
        float[] x = sweep(-4, 12);
        float[] y = new float[x.length];
        Activations.geluTanh(x, 0, y, 0, x.length);
        assertTrue(worst("geluTanh", x, y, VectorMathTest::geluTanh, 0) < 3e-6);
        Activations.geluTanhBackward(x, 0, ones, 0, y, 0, x.length);
        assertTrue(worst("geluTanh'", x, y, VectorMathTest::geluTanhSlope, 1e-1) < 1e-6);
        float[] nan = {Float.NaN, 1f};
        float[] out = new float[2];
        Activations.geluErf(nan, 0, out, 0, 2);
        assertTrue(Float.isNaN(out[0]) && !Float.isNaN(out[1]));
        Activations.geluTanh(nan, 0, out, 0, 2);
        assertTrue(Float.isNaN(out[0]) && !Float.isNaN(out[1]));
    }

    /// Greatest lane wherever it stands, NaN kept; the sum against doubles.
    @Test
    void lanes() {
        for (int at = 0; at < Lanes.COUNT; at++) {
            float[] x = Floats.random(Lanes.COUNT, at);
            double sum = 0;
            for (float v : x) {
                sum += v;
            }
            Floats.assertWithin("sum", sum, Lanes.sum(FloatVector.fromArray(Lanes.FLOATS, x, 0)), Floats.gamma(4) * Lanes.COUNT);
            x[at] = 3f;
            assertEquals(3f, Lanes.max(FloatVector.fromArray(Lanes.FLOATS, x, 0)));
            x[at] = Float.NaN;
            assertEquals(Float.NaN, Lanes.max(FloatVector.fromArray(Lanes.FLOATS, x, 0)));
        }
    }

    /// The same element in every position of ranges of every short length gives the same bits.
    @Test
    void anElementDoesNotDependOnItsPosition() {
        float[] x = Floats.random(64, 1);
        float[] whole = new float[64];
        Activations.geluErf(x, 0, whole, 0, 64);
        for (int n = 1; n < 40; n++) {
            for (int from = 0; from < 20; from += 3) {
                float[] part = new float[n];
                Activations.geluErf(x, from, part, 0, n);
                Floats.assertSameBits("range", Arrays.copyOfRange(whole, from, from + n), part);
            }
        }
    }
}
