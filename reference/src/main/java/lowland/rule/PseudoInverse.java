package lowland.rule;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.QRDecomposition;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;
import org.ejml.simple.SimpleMatrix;

/// The Moore-Penrose pseudo-inverse X⁺ of a dense matrix of any shape and rank, by two routes that agree.
///
///     X = U·Σ·Vᵀ    X⁺ = V·Σ⁺·Uᵀ    σᵢ ≤ 10⁻⁶·σ₁ counts as zero
///
/// The cut is relative to the largest singular value and the same everywhere in this project. X = 0 gives X⁺ = 0.
/// X is divided by a power of two first, so that factors of any size, like a B of 10⁻²⁰⁰, keep their digits.
///
/// Both routes read X, allocate, modify nothing.
/// @throws IllegalArgumentException if an element is not finite
public final class PseudoInverse {

    /// σᵢ ≤ CUT·σ₁ counts as zero.
    public static final double CUT = 1e-6;

    private PseudoInverse() {
    }

    /// X⁺ by a singular value decomposition of X: n×m gives m×n.
    public static SimpleMatrix bySvd(SimpleMatrix x) {
        double scale = scaleOf(x);
        return scale == 0 ? new SimpleMatrix(x.getNumCols(), x.getNumRows()) : svd(x.divide(scale)).divide(scale);
    }

    /// X⁺ by Householder QR, the route of P1 (arXiv 2508.00522v3): n×m gives m×n.
    ///
    /// The tall one of X and Xᵀ is factored, X = Q·R with Qᵀ·Q = I, and X⁺ = R⁺·Qᵀ. R is as small as X's rank can be, and its
    /// pseudo-inverse (not R⁻¹: X may be rank-deficient) has X's singular values, hence the same cut.
    public static SimpleMatrix byHouseholder(SimpleMatrix x) {
        double scale = scaleOf(x);
        if (x.getNumRows() < x.getNumCols()) {
            return byHouseholder(x.transpose()).transpose();
        }
        if (scale == 0) {
            return new SimpleMatrix(x.getNumCols(), x.getNumRows());
        }
        QRDecomposition<DMatrixRMaj> qr = DecompositionFactory_DDRM.qr(x.getNumRows(), x.getNumCols());
        // EJML answers false where a column is left zero, that is for singular X; Q and R hold all the same.
        qr.decompose(x.divide(scale).getDDRM());
        SimpleMatrix q = SimpleMatrix.wrap(qr.getQ(null, true));
        SimpleMatrix r = SimpleMatrix.wrap(qr.getR(null, true));
        return svd(r).mult(q.transpose()).divide(scale);
    }

    private static SimpleMatrix svd(SimpleMatrix x) {
        SingularValueDecomposition_F64<DMatrixRMaj> svd =
                DecompositionFactory_DDRM.svd(x.getNumRows(), x.getNumCols(), true, true, true);
        if (!svd.decompose(x.getDDRM().copy())) {
            throw new ArithmeticException("singular value decomposition failed on a " + shape(x) + " matrix");
        }
        double[] sigma = svd.getSingularValues();
        double largest = 0;
        for (int i = 0; i < svd.numberOfSingularValues(); i++) {
            largest = Math.max(largest, sigma[i]);
        }
        SimpleMatrix v = SimpleMatrix.wrap(svd.getV(null, false));
        SimpleMatrix ut = SimpleMatrix.wrap(svd.getU(null, true));
        SimpleMatrix inverse = new SimpleMatrix(x.getNumCols(), x.getNumRows());
        for (int i = 0; i < svd.numberOfSingularValues(); i++) {
            if (sigma[i] > CUT * largest) {
                inverse = inverse.plus(v.getColumn(i).mult(ut.getRow(i)).divide(sigma[i]));
            }
        }
        return inverse;
    }

    private static double scaleOf(SimpleMatrix x) {
        double largest = Norm.largestElement(x);
        if (!Double.isFinite(largest)) {
            throw new IllegalArgumentException("a pseudo-inverse needs finite elements; the " + shape(x) + " matrix has one of " + largest);
        }
        return largest == 0 ? 0 : Norm.powerOfTwoNear(largest);
    }

    private static String shape(SimpleMatrix x) {
        return x.getNumRows() + "×" + x.getNumCols();
    }
}
