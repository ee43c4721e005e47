package lowland.program.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The error function against its Maclaurin series in 120 digits: another series than the one that is used.
final class ErfTest {
    private static final MathContext DIGITS = new MathContext(120);
    private static final BigDecimal PI = new BigDecimal(
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651");

    /// erf(x) = 2/√π·Σ (−1)ⁿ·x^(2n+1)/(n!·(2n+1)).
    private static double erf(double x) {
        BigDecimal square = new BigDecimal(x).pow(2, DIGITS);
        BigDecimal power = new BigDecimal(x);
        BigDecimal sum = BigDecimal.ZERO;
        for (int n = 0; n < 400; n++) {
            sum = sum.add(power.divide(BigDecimal.valueOf(2 * n + 1), DIGITS), DIGITS);
            power = power.multiply(square, DIGITS).divide(BigDecimal.valueOf(-(n + 1)), DIGITS);
        }
        return sum.multiply(BigDecimal.valueOf(2), DIGITS).divide(PI.sqrt(DIGITS), DIGITS).doubleValue();
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-300, 1e-9, 0.1, 0.3, 0.5, 0.9, 1, 1.3, 1.9, 2, 2.7, 3.5, 4.4, 5, 5.9, 6, 6.1})
    void equalsTheSeries(double x) {
        double expected = erf(x);
        // e^(−x²) turns the rounding of x² into a relative error, the sum has some 4 + 4x² terms of one sign.
        double relative = (16 + 8 * x * x) * 0x1p-53;
        assertEquals(expected, Erf.erf(x), relative * expected);
        assertEquals(-Erf.erf(x), Erf.erf(-x));
    }

    @Test
    void knownValues() {
        // Abramowitz and Stegun, table 7.1.
        assertEquals(0.5204998778, Erf.erf(0.5), 5e-11);
        assertEquals(0.8427007929, Erf.erf(1), 5e-11);
        assertEquals(0.9953222650, Erf.erf(2), 5e-11);
        assertEquals(0, Erf.erf(0));
        assertEquals(1, Erf.erf(Double.POSITIVE_INFINITY));
        assertEquals(-1, Erf.erf(Double.NEGATIVE_INFINITY));
        assertTrue(Double.isNaN(Erf.erf(Double.NaN)));
    }

    @Test
    void gelu() {
        for (double x : new double[] {-7, -3, -1, -0.2, 0, 0.2, 1, 3, 7}) {
            assertEquals((1 + erf(x * Math.sqrt(0.5))) / 2, Gelu.gate(x, Gelu.Form.ERF), 64 * 0x1p-53);
            // Φ(x) + Φ(−x) = 1, and the approximation keeps that.
            for (Gelu.Form form : Gelu.Form.values()) {
                assertEquals(1, Gelu.gate(x, form) + Gelu.gate(-x, form), 16 * 0x1p-53);
            }
            // The two forms differ by less than 5e-4 everywhere, and by something.
            double apart = Math.abs(x * Gelu.gate(x, Gelu.Form.ERF) - x * Gelu.gate(x, Gelu.Form.TANH));
            assertTrue(apart < 5e-4, () -> x + ": " + apart);
        }
        // The formula of the paper written out once more, at 1: ½(1 + tanh(√(2/π)·1.044715)).
        assertEquals(0.8411919906082768, Gelu.gate(1, Gelu.Form.TANH), 1e-15);
        assertEquals(0.8413447460685429, Gelu.gate(1, Gelu.Form.ERF), 1e-15);
    }
}
