package lowland.theory;

import lowland.rule.PseudoInverse;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// Orthogonal projectors onto the columns and the rows of a matrix, from its singular vectors: no pseudo-inverse is involved, so that
/// the equations with pseudo-inverses can be held against them.
///
///     X = U·Σ·Vᵀ     P_Col = Σ u_i·u_iᵀ     P_Row = Σ v_i·v_iᵀ     over σ_i > 10⁻⁶·σ₁
public final class Projection {

    private Projection() {
    }

    /// Onto the column space of x, n×n for an x of n rows; 0 for x = 0.
    public static SimpleMatrix ontoColumns(SimpleMatrix x) {
        SimpleMatrix projector = new SimpleMatrix(x.getNumRows(), x.getNumRows());
        if (x.elementMaxAbs() == 0) {
            return projector;
        }
        SimpleSVD<SimpleMatrix> svd = x.svd(true);
        SimpleMatrix left = svd.getU();
        for (int i = 0; i < Math.min(x.getNumRows(), x.getNumCols()); i++) {
            if (svd.getSingleValue(i) > PseudoInverse.CUT * svd.getSingleValue(0)) {
                SimpleMatrix u = left.getColumn(i);
                projector = projector.plus(u.mult(u.transpose()));
            }
        }
        return projector;
    }

    /// Onto the row space of x, m×m for an x of m columns.
    public static SimpleMatrix ontoRows(SimpleMatrix x) {
        return ontoColumns(x.transpose());
    }

    /// ‖(I − P)·x‖, P onto the columns of `space`: how much of x's columns lies outside.
    public static double outsideColumns(SimpleMatrix x, SimpleMatrix space) {
        return x.minus(ontoColumns(space).mult(x)).normF();
    }

    /// ‖x·(I − P)‖, P onto the rows of `space`.
    public static double outsideRows(SimpleMatrix x, SimpleMatrix space) {
        return x.minus(x.mult(ontoRows(space))).normF();
    }

    /// Singular values above 10⁻⁶ times the largest.
    public static int rank(SimpleMatrix x) {
        if (x.elementMaxAbs() == 0) {
            return 0;
        }
        int rank = 0;
        double[] sigma = x.svd(true).getSingularValues();
        for (double value : sigma) {
            if (value > PseudoInverse.CUT * sigma[0]) {
                rank++;
            }
        }
        return rank;
    }

    /// The smallest singular value above 10⁻⁶ times the largest, σ⁺_min; 0 for x = 0.
    public static double smallestSingularValue(SimpleMatrix x) {
        if (x.elementMaxAbs() == 0) {
            return 0;
        }
        double[] sigma = x.svd(true).getSingularValues();
        double smallest = sigma[0];
        for (double value : sigma) {
            if (value > PseudoInverse.CUT * sigma[0]) {
                smallest = value;
            }
        }
        return smallest;
    }
}
