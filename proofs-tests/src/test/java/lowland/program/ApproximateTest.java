package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;

import lowland.program.Approximate.Total;
import lowland.program.Approximate.Unit;
import org.junit.jupiter.api.Test;

/// The running error analysis by hand, for a machine so coarse that each rounding shows: γ₁ = 1/15, γ₃ = 3/13, γ₅ = 5/11, γ₈ = 1.
final class ApproximateTest {
    private static final double TINY = 0x1p-10;
    private static final Unit COARSE = new Unit(0x1p-4, TINY);

    private static Approximate of(double value, double error) {
        return new Approximate(value, error, COARSE);
    }

    private static void is(double value, double error, Approximate actual) {
        assertEquals(value, actual.value(), 1e-15 * Math.abs(value));
        assertEquals(error, actual.error(), 1e-14 * Math.abs(error));
        assertEquals(COARSE, actual.unit());
    }

    @Test
    void roundings() {
        assertEquals(3.0 / 13, COARSE.gamma(3), 1e-16);
        assertEquals(15, COARSE.gamma(15), 1e-13);
        assertEquals(Double.POSITIVE_INFINITY, COARSE.gamma(16));
        is(3, 0, COARSE.exact(3));
        is(-8, 0.5 + TINY, COARSE.rounded(-8));
        is(0, 0, COARSE.rounded(0));
        assertEquals(3.5, of(-3, 0.5).magnitude());
        is(-3, 0.75, of(-3, 0.5).blurred(0.25));
    }

    @Test
    void sumsAndProducts() {
        is(-4, 0.75 + 4.75 / 15, of(2, 0.5).plus(of(-6, 0.25)));
        is(-4, 0.75 + 4.75 / 15, of(2, 0.5).minus(of(6, 0.25)));
        is(-12, 3.625 + 15.625 / 15 + TINY, of(2, 0.5).times(of(-6, 0.25)));
        is(0, 0, COARSE.exact(0).times(COARSE.exact(5)));
        is(0, 2.5 + 2.5 / 15 + TINY, of(0, 0.5).times(of(5, 0)));
        double constant = 0.125 + TINY;
        is(6, 3 * constant + (6 + 3 * constant) / 15 + TINY, of(3, 0).times(2));
    }

    @Test
    void quotients() {
        is(-3, 4.0 / 3 + 3.0 / 13 * (3 + 4.0 / 3) + TINY * (1 + 1 / 1.5), of(6, 0.5).over(of(-2, 0.5)));
        is(0, 0, COARSE.exact(0).over(of(2, 0.5)));
        is(0, 0.25 + 0.25 * 3 / 13 + 1.5 * TINY, of(0, 0.5).over(of(2, 0)));
        is(1, 0.25 * 1 + 3.0 / 13 * 1.25 + TINY * 1.25, of(5, 0).over(of(5, 1)));
        assertEquals(Double.POSITIVE_INFINITY, of(1, 0).over(of(1, 2)).error());
    }

    @Test
    void roots() {
        is(2, 2.0 / 15, of(4, 0).squareRoot());
        is(2, 1 + 3.0 / 15, of(4, 3).squareRoot());
        is(1, 1 + 2.0 / 15, of(1, 2).squareRoot());
        is(0, 3 + 3.0 / 15, of(0, 9).squareRoot());
        is(0.5, 0.5 + 1, of(4, 3).reciprocalRoot(0.25));
        is(0.5, 1.5 + 2, of(4, 4).reciprocalRoot(0.25));
        double below = 0.5 - 1 / Math.sqrt(7);
        is(0.5, below + 0.5 + below, of(4, 3).reciprocalRoot(4));
    }

    @Test
    void functions() {
        is(1, 3 + TINY, of(0, Math.log(2)).exp());
        is(2, 2 + TINY, of(Math.log(2), 0).exp());
        is(0, 0, of(0, 0).tanh());
        is(0, 1 + TINY, of(0, 0.5).tanh());
        is(0, 4 + TINY, of(0, 5).tanh());
        double carried = 0.5 * (1 - Math.tanh(0.5) * Math.tanh(0.5));
        is(Math.tanh(1), 2 * carried + Math.tanh(1) + TINY, of(1, 0.5).tanh());
        is(-Math.tanh(1), 2 * carried + Math.tanh(1) + TINY, of(-1, 0.5).tanh());
        is(Math.tanh(1), Math.tanh(1) + TINY, of(1, 0).tanh());
    }

    @Test
    void totals() {
        is(-9, 0.5 + TINY + 13.5 * 5 / 11, new Total(COARSE).add(of(2, 0.5)).add(-3).product(2, -4).sum());
        is(0, 0, new Total(COARSE).product(0, 4).product(4, 0).sum());
    }
}
