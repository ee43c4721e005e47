package lowland.rule;

import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// The Frobenius norm over one or several matrices: ‖(X₁, X₂, …)‖ = √(Σ ‖X_j‖²).
///
/// Elements are first divided by a power of two near the largest, so that neither tiny nor huge ones leave the range of a double and
/// multiplying all by 2ᵏ multiplies the norm by exactly 2ᵏ. An element that is not finite makes the norm not finite. Nothing: 0.
final class Norm {

    private Norm() {
    }

    static double of(SimpleMatrix matrix) {
        return of(List.of(matrix));
    }

    static double of(List<SimpleMatrix> matrices) {
        double largest = 0;
        for (SimpleMatrix matrix : matrices) {
            largest = Math.max(largest, largestElement(matrix));
        }
        if (largest == 0 || !Double.isFinite(largest)) {
            return largest;
        }
        double scale = powerOfTwoNear(largest);
        double sum = 0;
        for (SimpleMatrix matrix : matrices) {
            for (int i = 0; i < matrix.getNumElements(); i++) {
                double x = matrix.get(i) / scale;
                sum += x * x;
            }
        }
        return scale * Math.sqrt(sum);
    }

    /// max |x|; NaN if any element is NaN.
    static double largestElement(SimpleMatrix matrix) {
        double largest = 0;
        for (int i = 0; i < matrix.getNumElements(); i++) {
            largest = Math.max(largest, Math.abs(matrix.get(i)));
        }
        return largest;
    }

    /// A normal power of two within a factor of two of x, which is finite and positive.
    static double powerOfTwoNear(double x) {
        return Math.scalb(1.0, Math.max(Math.getExponent(x), Double.MIN_EXPONENT));
    }
}
