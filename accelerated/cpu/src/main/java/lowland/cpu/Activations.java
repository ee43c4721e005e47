package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Activation functions over n floats, and their derivatives times an incoming gradient. Output may be an input. The ragged end of a range
/// goes through the same code as the rest, in a padded buffer, so an element's bits do not depend on its position.
public final class Activations {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    private static final FloatVector ONE = VectorMath.ONE;
    private static final FloatVector BELL_SCALE = VectorMath.all((float) (1 / Math.sqrt(2 * Math.PI)));
    private static final FloatVector TANH_SCALE = VectorMath.all((float) Math.sqrt(2 / Math.PI));
    private static final FloatVector TANH_CUBE = VectorMath.all(0.044715f);
    private static final FloatVector TWICE_TANH_SCALE = VectorMath.all(2 * (float) Math.sqrt(2 / Math.PI));
    private static final FloatVector THRICE_TANH_CUBE = VectorMath.all(3 * 0.044715f);

    /// y = f(x) over whole vectors.
    private interface Forward {
        void run(float[] x, int xo, float[] y, int yo, int n);
    }

    /// dx = f'(x)·dy over whole vectors.
    private interface Backward {
        void run(float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n);
    }

    private static final Forward EXP = Activations::wholeExp;
    private static final Forward TANH = Activations::wholeTanh;
    private static final Forward RELU = Activations::wholeRelu;
    private static final Forward GELU_ERF = Activations::wholeGeluErf;
    private static final Forward GELU_TANH = Activations::wholeGeluTanh;
    private static final Backward TANH_BACKWARD = Activations::wholeTanhBackward;
    private static final Backward RELU_BACKWARD = Activations::wholeReluBackward;
    private static final Backward GELU_ERF_BACKWARD = Activations::wholeGeluErfBackward;
    private static final Backward GELU_TANH_BACKWARD = Activations::wholeGeluTanhBackward;

    private Activations() {
    }

    /// y = eˣ.
    public static void exp(float[] x, int xo, float[] y, int yo, int n) {
        forward(EXP, x, xo, y, yo, n);
    }

    /// y = tanh x.
    public static void tanh(float[] x, int xo, float[] y, int yo, int n) {
        forward(TANH, x, xo, y, yo, n);
    }

    /// dx = dy·(1 − y²), from the output y = tanh x.
    public static void tanhBackward(float[] y, int yo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        backward(TANH_BACKWARD, y, yo, dy, dyo, dx, dxo, n);
    }

    /// y = max(x, 0).
    public static void relu(float[] x, int xo, float[] y, int yo, int n) {
        forward(RELU, x, xo, y, yo, n);
    }

    /// dx = dy where y > 0, else 0, from the output y = max(x, 0).
    public static void reluBackward(float[] y, int yo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        backward(RELU_BACKWARD, y, yo, dy, dyo, dx, dxo, n);
    }

    /// y = x·Φ(x), Φ the normal distribution function: GELU by the error function.
    public static void geluErf(float[] x, int xo, float[] y, int yo, int n) {
        forward(GELU_ERF, x, xo, y, yo, n);
    }

    /// dx = dy·(Φ(x) + x·φ(x)), φ = Φ'.
    public static void geluErfBackward(float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        backward(GELU_ERF_BACKWARD, x, xo, dy, dyo, dx, dxo, n);
    }

    /// y = ½x(1 + tanh u) = x·σ(2u), u = √(2/π)(x + 0.044715x³): GPT-2's GELU.
    public static void geluTanh(float[] x, int xo, float[] y, int yo, int n) {
        forward(GELU_TANH, x, xo, y, yo, n);
    }

    /// dx = dy·(σ(2u) + x·σ(2u)(1 − σ(2u))·2u'), u as in [#geluTanh].
    public static void geluTanhBackward(float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        backward(GELU_TANH_BACKWARD, x, xo, dy, dyo, dx, dxo, n);
    }

    private static void forward(Forward f, float[] x, int xo, float[] y, int yo, int n) {
        int whole = Lanes.whole(n);
        f.run(x, xo, y, yo, whole);
        if (whole < n) {
            float[] end = Lanes.end();
            System.arraycopy(x, xo + whole, end, 0, n - whole);
            f.run(end, 0, end, L, L);
            System.arraycopy(end, L, y, yo + whole, n - whole);
        }
    }

    private static void backward(Backward f, float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        int whole = Lanes.whole(n);
        f.run(x, xo, dy, dyo, dx, dxo, whole);
        if (whole < n) {
            float[] end = Lanes.end();
            System.arraycopy(x, xo + whole, end, 0, n - whole);
            System.arraycopy(dy, dyo + whole, end, L, n - whole);
            f.run(end, 0, end, L, end, 2 * L, L);
            System.arraycopy(end, 2 * L, dx, dxo + whole, n - whole);
        }
    }

    private static void wholeExp(float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMath.exp(FloatVector.fromArray(V, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void wholeTanh(float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i += L) {
            VectorMath.tanh(FloatVector.fromArray(V, x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void wholeTanhBackward(float[] y, int yo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, y, yo + i);
            FloatVector slope = v.neg().fma(v, ONE);
            slope.mul(FloatVector.fromArray(V, dy, dyo + i)).intoArray(dx, dxo + i);
        }
    }

    private static void wholeRelu(float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, x, xo + i);
            v.blend(0f, v.compare(VectorOperators.LE, 0f)).intoArray(y, yo + i);
        }
    }

    private static void wholeReluBackward(float[] y, int yo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, y, yo + i);
            FloatVector.fromArray(V, dy, dyo + i).blend(0f, v.compare(VectorOperators.LE, 0f)).intoArray(dx, dxo + i);
        }
    }

    private static void wholeGeluErf(float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, x, xo + i);
            VectorMath.normal(v, VectorMath.bell(v)).mul(v).intoArray(y, yo + i);
        }
    }

    private static void wholeGeluErfBackward(float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, x, xo + i);
            FloatVector bell = VectorMath.bell(v);
            FloatVector slope = bell.mul(BELL_SCALE).fma(v, VectorMath.normal(v, bell));
            slope.mul(FloatVector.fromArray(V, dy, dyo + i)).intoArray(dx, dxo + i);
        }
    }

    private static void wholeGeluTanh(float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, x, xo + i);
            FloatVector u = v.mul(v).fma(TANH_CUBE, ONE).mul(v).mul(TANH_SCALE);
            FloatVector e = VectorMath.exp(u.abs().mul(VectorMath.MINUS_TWO));
            FloatVector part = ONE.blend(e, u.compare(VectorOperators.LT, 0f)).div(e.add(ONE));
            part.mul(v).intoArray(y, yo + i);
        }
    }

    private static void wholeGeluTanhBackward(float[] x, int xo, float[] dy, int dyo, float[] dx, int dxo, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(V, x, xo + i);
            FloatVector square = v.mul(v);
            FloatVector u = square.fma(TANH_CUBE, ONE).mul(v).mul(TANH_SCALE);
            FloatVector e = VectorMath.exp(u.abs().mul(VectorMath.MINUS_TWO));
            FloatVector share = ONE.div(e.add(ONE));
            // σ(1 − σ) = e/(1 + e)², the same for both signs of u.
            FloatVector bump = e.mul(share).mul(share);
            FloatVector sigmoid = ONE.blend(e, u.compare(VectorOperators.LT, 0f)).mul(share);
            FloatVector uSlope = square.fma(THRICE_TANH_CUBE, ONE).mul(TWICE_TANH_SCALE);
            FloatVector slope = v.mul(bump).fma(uSlope, sigmoid);
            slope.mul(FloatVector.fromArray(V, dy, dyo + i)).intoArray(dx, dxo + i);
        }
    }
}
