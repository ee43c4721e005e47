package lowland.rule;

import org.ejml.simple.SimpleMatrix;

/// One low-rank pair of factors: it adds s·B·A to the weight matrix that it is named after.
///
/// The adapted weight is W = W0 + Σ s·B·A over all pairs of W's name (Hu et al., arXiv 2106.09685v2, Eq. 3); Bi-LoRA has two.
///
/// @param name    the adapted matrix (one adapted matrix is one layer)
/// @param scaling s, finite and not 0; may be negative
/// @param a       R×in
/// @param b       out×R
public record LoraPair(String name, double scaling, SimpleMatrix a, SimpleMatrix b) {

    public LoraPair {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a LoRA pair needs the name of the matrix that it adapts");
        }
        if (!Double.isFinite(scaling) || scaling == 0) {
            throw new IllegalArgumentException(name + ": scaling must be finite and not 0, is " + scaling);
        }
        if (a.getNumRows() != b.getNumCols()) {
            throw new IllegalArgumentException(name + ": A (rank×in) is " + a.getNumRows() + "×" + a.getNumCols()
                    + " and B (out×rank) is " + b.getNumRows() + "×" + b.getNumCols() + ": their ranks differ");
        }
    }

    /// s·B·A, out×in.
    public SimpleMatrix weightChange() {
        return b.mult(a).scale(scaling);
    }

    /// The pair with another A.
    public LoraPair withA(SimpleMatrix newA) {
        return new LoraPair(name, scaling, newA, b);
    }

    /// The pair with another B.
    public LoraPair withB(SimpleMatrix newB) {
        return new LoraPair(name, scaling, a, newB);
    }
}
