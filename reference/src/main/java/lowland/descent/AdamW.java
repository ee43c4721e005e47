package lowland.descent;

import org.ejml.simple.SimpleMatrix;

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101v3, Algorithm 2), as `torch.optim.AdamW`.
///
///     m ← β₁m + (1−β₁)g        m̂ = m/(1−β₁ᵗ)
///     v ← β₂v + (1−β₂)g⊙g      v̂ = v/(1−β₂ᵗ)
///     p ← p − η(λp + m̂/(√v̂ + ε))
///
/// Edge: g = 0 from the start gives m̂/(√v̂ + ε) = 0; only the decay acts.
///
/// @param beta1       β₁ in [0, 1)
/// @param beta2       β₂ in [0, 1)
/// @param epsilon     ε > 0, outside the root
/// @param weightDecay λ ≥ 0, decoupled: multiplied by η, not by the moments
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay) implements Descent {

    public AdamW {
        if (!(beta1 >= 0 && beta1 < 1)) {
            throw new IllegalArgumentException("AdamW beta1 must be in [0, 1), is " + beta1);
        }
        if (!(beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("AdamW beta2 must be in [0, 1), is " + beta2);
        }
        if (!(epsilon > 0 && Double.isFinite(epsilon))) {
            throw new IllegalArgumentException("AdamW epsilon must be finite and positive, is " + epsilon);
        }
        if (!(weightDecay >= 0 && Double.isFinite(weightDecay))) {
            throw new IllegalArgumentException("weight decay must be finite and not negative, is " + weightDecay);
        }
    }

    /// PyTorch's betas .9, .999 and epsilon 1e-8; no decay.
    public static AdamW defaults() {
        return new AdamW(0.9, 0.999, 1e-8, 0);
    }

    @Override
    public Descended step(SimpleMatrix p, SimpleMatrix gradient, Moments moments, int t, double learningRate) {
        SimpleMatrix m = moments.first().scale(beta1).plus(gradient.scale(1 - beta1));
        SimpleMatrix v = moments.second().scale(beta2).plus(gradient.elementMult(gradient).scale(1 - beta2));
        SimpleMatrix mHat = m.divide(1 - StrictMath.pow(beta1, t));
        SimpleMatrix vHat = v.divide(1 - StrictMath.pow(beta2, t));
        SimpleMatrix root = vHat.elementOp((int row, int column, double x) -> Math.sqrt(x));
        SimpleMatrix direction = p.scale(weightDecay).plus(mHat.elementDiv(root.plus(epsilon)));
        return new Descended(p.minus(direction.scale(learningRate)), new Moments(m, v));
    }
}
