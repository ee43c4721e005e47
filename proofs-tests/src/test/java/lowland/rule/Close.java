package lowland.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.ejml.simple.SimpleMatrix;

/// Comparisons that a NaN always fails.
final class Close {

    private Close() {
    }

    /// ‖actual − expected‖ ≤ tolerance·scale.
    static void assertClose(SimpleMatrix expected, SimpleMatrix actual, double tolerance, double scale) {
        assertEquals(expected.getNumRows(), actual.getNumRows());
        assertEquals(expected.getNumCols(), actual.getNumCols());
        double error = actual.minus(expected).normF();
        assertTrue(!actual.hasUncountable() && error <= tolerance * scale, () -> "error " + error + " > " + tolerance + " * " + scale);
    }

    /// |actual − expected| ≤ tolerance·scale.
    static void assertClose(double expected, double actual, double tolerance, double scale) {
        assertTrue(Math.abs(actual - expected) <= tolerance * scale,
                () -> actual + " instead of " + expected + ", tolerance " + tolerance + " * " + scale);
    }

    /// Bit for bit, but −0 equals +0.
    static void assertSameBits(SimpleMatrix expected, SimpleMatrix actual) {
        assertEquals(expected.getNumRows(), actual.getNumRows());
        assertEquals(expected.getNumCols(), actual.getNumCols());
        for (int i = 0; i < expected.getNumElements(); i++) {
            long expectedBits = Double.doubleToRawLongBits(expected.get(i) + 0.0);
            assertEquals(expectedBits, Double.doubleToRawLongBits(actual.get(i) + 0.0), "element " + i);
        }
    }
}
