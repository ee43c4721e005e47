package lowland.descent;

import org.ejml.simple.SimpleMatrix;

/// Stochastic gradient descent with momentum, as `torch.optim.SGD` (no dampening, no Nesterov).
///
///     d ← g + λp        u ← μu + d        p ← p − ηu
///
/// The decay λ is coupled, as PyTorch's: it enters the momentum. Without momentum that is decoupled decay.
/// `Sgd(0, 0)` is P2 (arXiv 2508.19564v1) Eq. 9's update.
///
/// @param momentum    μ in [0, 1)
/// @param weightDecay λ ≥ 0
public record Sgd(double momentum, double weightDecay) implements Descent {

    public Sgd {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("SGD momentum must be in [0, 1), is " + momentum);
        }
        if (!(weightDecay >= 0 && Double.isFinite(weightDecay))) {
            throw new IllegalArgumentException("weight decay must be finite and not negative, is " + weightDecay);
        }
    }

    /// Plain gradient descent: no momentum, no decay.
    public static Sgd defaults() {
        return new Sgd(0, 0);
    }

    @Override
    public Descended step(SimpleMatrix p, SimpleMatrix gradient, Moments moments, int t, double learningRate) {
        SimpleMatrix d = gradient.plus(p.scale(weightDecay));
        SimpleMatrix u = moments.first().scale(momentum).plus(d);
        return new Descended(p.minus(u.scale(learningRate)), new Moments(u, moments.second()));
    }
}
