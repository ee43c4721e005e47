package lowland.rule;

import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// PiSSA: the pair starts as the weight's principal part, and what is left stays frozen.
///
/// Source: Meng, Wang and Zhang, "PiSSA", arXiv 2404.02948v4, Eq. 2–4; s as PEFT has it.
///
///     W0 = U·S·Vᵀ
///     A0 = √(S_R/s)·V_Rᵀ      B0 = U_R·√(S_R/s)      residual = W0 − s·B0·A0
///
/// | symbol | shape  | | symbol | shape  |
/// |--------|--------|-|--------|--------|
/// | U_R    | out×R  | | A0     | R×in   |
/// | V_R    | in×R   | | B0     | out×R  |
///
/// The R largest singular values; signs of singular vectors are those of the decomposition, of which s·B0·A0 knows nothing. For s < 0,
/// where the papers say nothing, the root is of S_R/|s| and B0 changes its sign.
public final class Pissa {

    private Pissa() {
    }

    /// @param start W0
    /// @param rank  R ≤ min(out, in)
    public static ResidualStart of(String name, double scaling, int rank, SimpleMatrix start) {
        SimpleSVD<SimpleMatrix> svd = start.svd(true);
        SimpleMatrix a = new SimpleMatrix(rank, start.getNumCols());
        SimpleMatrix b = new SimpleMatrix(start.getNumRows(), rank);
        for (int k = 0; k < rank; k++) {
            double root = Math.sqrt(svd.getSingleValue(k) / Math.abs(scaling));
            a.setRow(k, svd.getV().getColumn(k).transpose().scale(root));
            b.setColumn(k, svd.getU().getColumn(k).scale(Math.signum(scaling) * root));
        }
        return ResidualStart.of(new LoraPair(name, scaling, a, b), start);
    }
}
