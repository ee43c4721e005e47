package lowland.rule;

import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// LoRA-GA: the pair starts along the full gradient's singular vectors, so that its first step is near full fine-tuning's.
///
/// Source: Wang, Yu and Li, "LoRA-GA", arXiv 2407.05000v1, §3.2–3.3, and its code ("ArB2r", "stable"), which both papers' authors use;
/// PEFT's port scales otherwise.
///
///     G = U·S·Vᵀ                                      the full gradient ∂L/∂W at W0, a mean over some batches
///     A0 = (out^¼/√γ)·V_{1…R}ᵀ      B0 = (out^¼/√γ)·U_{R+1…2R}      residual = W0 − s·B0·A0
///
/// | symbol | shape  | | symbol | shape  |
/// |--------|--------|-|--------|--------|
/// | G      | out×in | | A0     | R×in   |
/// | U      | out×2R | | B0     | out×R  |
///
/// Its code takes s = alpha/√R. 2R ≤ min(out, in).
public final class LoraGa {

    /// γ of the code.
    public static final double GAMMA = 16;

    /// Batches over which the code averages the full gradient to reproduce its paper.
    public static final int BATCHES = 8;

    private LoraGa() {
    }

    /// @param start        W0
    /// @param fullGradient G
    public static ResidualStart of(String name, double scaling, int rank, SimpleMatrix start, SimpleMatrix fullGradient) {
        if (2 * rank > Math.min(start.getNumRows(), start.getNumCols())) {
            throw new IllegalArgumentException(name + ": LoRA-GA needs 2·" + rank + " singular vectors, the matrix is "
                    + start.getNumRows() + "×" + start.getNumCols());
        }
        SimpleSVD<SimpleMatrix> svd = fullGradient.svd(true);
        double size = Math.sqrt(Math.sqrt(start.getNumRows())) / Math.sqrt(GAMMA);
        SimpleMatrix a = svd.getV().extractMatrix(0, SimpleMatrix.END, 0, rank).transpose().scale(size);
        SimpleMatrix b = svd.getU().extractMatrix(0, SimpleMatrix.END, rank, 2 * rank).scale(size);
        return ResidualStart.of(new LoraPair(name, scaling, a, b), start);
    }
}
