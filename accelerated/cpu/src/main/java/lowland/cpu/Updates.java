package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Optimiser updates of n parameters in place, element by element.
public final class Updates {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;

    private Updates() {
    }

    /// AdamW (Loshchilov & Hutter, arXiv 1711.05101 v3, Algorithm 2, decay scaled by the learning rate), step t ≥ 1:
    ///
    ///     m = β₁m + (1 − β₁)g,  v = β₂v + (1 − β₂)g²
    ///     p = p·(1 − learningRate·weightDecay) − learningRate/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + epsilon)
    ///
    /// Coefficients are formed in double and rounded once. Writes p, m and v; g is read.
    public static void adamW(float[] p, int po, float[] g, int go, float[] m, int mo, float[] v, int vo, int n, long t,
                             double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {
        float keepM = (float) beta1;
        float newM = (float) (1 - beta1);
        float keepV = (float) beta2;
        float newV = (float) (1 - beta2);
        float rate = (float) (learningRate / (1 - StrictMath.pow(beta1, t)));
        float correction = (float) (1 / (1 - StrictMath.pow(beta2, t)));
        float keep = (float) (1 - learningRate * weightDecay);
        float eps = (float) epsilon;
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector gradient = FloatVector.fromArray(V, g, go + i);
            FloatVector mean = FloatVector.fromArray(V, m, mo + i).mul(keepM).add(gradient.mul(newM));
            FloatVector square = FloatVector.fromArray(V, v, vo + i).mul(keepV).add(gradient.mul(gradient).mul(newV));
            mean.intoArray(m, mo + i);
            square.intoArray(v, vo + i);
            FloatVector step = mean.mul(rate).div(square.mul(correction).sqrt().add(eps));
            FloatVector.fromArray(V, p, po + i).mul(keep).sub(step).intoArray(p, po + i);
        }
        for (int i = whole; i < n; i++) {
            float gradient = g[go + i];
            float mean = m[mo + i] * keepM + gradient * newM;
            float square = v[vo + i] * keepV + gradient * gradient * newV;
            m[mo + i] = mean;
            v[vo + i] = square;
            float step = mean * rate / ((float) Math.sqrt(square * correction) + eps);
            p[po + i] = p[po + i] * keep - step;
        }
    }

    /// Stochastic gradient descent: p = p·(1 − learningRate·weightDecay) − learningRate·g.
    public static void sgd(float[] p, int po, float[] g, int go, int n, double learningRate, double weightDecay) {
        float keep = (float) (1 - learningRate * weightDecay);
        float rate = (float) learningRate;
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector step = FloatVector.fromArray(V, g, go + i).mul(rate);
            FloatVector.fromArray(V, p, po + i).mul(keep).sub(step).intoArray(p, po + i);
        }
        for (int i = whole; i < n; i++) {
            p[po + i] = p[po + i] * keep - g[go + i] * rate;
        }
    }
}
