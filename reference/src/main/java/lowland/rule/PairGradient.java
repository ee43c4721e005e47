package lowland.rule;

import org.ejml.simple.SimpleMatrix;

/// The gradients of one pair's factors: dA = ∂L/∂A = s·Bᵀ·G (R×in), dB = ∂L/∂B = s·G·Aᵀ (out×R), with G = ∂L/∂W.
public record PairGradient(SimpleMatrix dA, SimpleMatrix dB) {

    PairGradient scale(double factor) {
        return new PairGradient(dA.scale(factor), dB.scale(factor));
    }
}
