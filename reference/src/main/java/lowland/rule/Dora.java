package lowland.rule;

import org.ejml.simple.SimpleMatrix;

/// DoRA: a weight as its rows' magnitudes and directions, of which the pair adapts the directions.
///
/// Source: Liu et al., "DoRA", arXiv 2402.09353v6, Eq. 5, its §4.3 (the norm is a constant to the gradient), and PEFT, whose norms are
/// those of the rows, one an output (the paper speaks of columns of the transposed weight).
///
///     V = W0 + s·B·A          n_i = ‖V_i‖
///     W_i = m_i·V_i/n_i
///     ∂L/∂m_i = ⟨G_i, V_i⟩/n_i
///     ∂L/∂V_i = (m_i/n_i)·G_i,  and from it  gB = s·(∂L/∂V)·Aᵀ,  gA = s·Bᵀ·(∂L/∂V)
///
/// | symbol  | shape     |
/// |---------|-----------|
/// | W, V, G | out×in    |
/// | m, n    | out×1     |
///
/// With the norm as a constant ∂L/∂V is not the gradient of the loss: it has a part along V too. Magnitudes start at ‖W0_i‖, so that W = W0
/// where B = 0. They are trained whole, see [Trainables], never perturbed. A row of zeros has no direction: not a number.
///
/// A second pair of Bi-LoRA stands outside: W + s2·B2·A2, a plain addition (the second paper's Table 6 does not say which).
///
/// @param v         W0 + s·B·A
/// @param norms     n
/// @param magnitude m
public record Dora(LoraPair pair, SimpleMatrix v, SimpleMatrix norms, SimpleMatrix magnitude) {

    /// @param start     W0
    /// @param magnitude m, out×1
    public static Dora of(SimpleMatrix start, LoraPair pair, SimpleMatrix magnitude) {
        SimpleMatrix v = start.plus(pair.weightChange());
        return new Dora(pair, v, rowNorms(v), magnitude);
    }

    /// The magnitudes with which training starts: ‖W0_i‖.
    public static SimpleMatrix initialMagnitude(SimpleMatrix start) {
        return rowNorms(start);
    }

    /// W.
    public SimpleMatrix weight() {
        return timesRows(v);
    }

    /// ∂L/∂m for G = ∂L/∂W.
    public SimpleMatrix magnitudeGradient(SimpleMatrix fullGradient) {
        SimpleMatrix gradient = magnitude.createLike();
        for (int i = 0; i < v.getNumRows(); i++) {
            gradient.set(i, fullGradient.getRow(i).dot(v.getRow(i)) / norms.get(i));
        }
        return gradient;
    }

    /// gA and gB for G = ∂L/∂W.
    public PairGradient pairGradient(SimpleMatrix fullGradient) {
        SimpleMatrix g = timesRows(fullGradient).scale(pair.scaling());
        return new PairGradient(pair.b().transpose().mult(g), g.mult(pair.a().transpose()));
    }

    /// Row i times m_i/n_i.
    private SimpleMatrix timesRows(SimpleMatrix x) {
        return SimpleMatrix.diag(magnitude.elementDiv(norms).getDDRM().getData()).mult(x);
    }

    private static SimpleMatrix rowNorms(SimpleMatrix x) {
        SimpleMatrix norms = new SimpleMatrix(x.getNumRows(), 1);
        for (int i = 0; i < x.getNumRows(); i++) {
            norms.set(i, Norm.of(x.getRow(i)));
        }
        return norms;
    }
}
