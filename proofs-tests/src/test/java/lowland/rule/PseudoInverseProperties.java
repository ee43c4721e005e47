package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

class PseudoInverseProperties {

    private static final List<UnaryOperator<SimpleMatrix>> ROUTES = List.of(PseudoInverse::bySvd, PseudoInverse::byHouseholder);

    @Provide
    Arbitrary<SimpleMatrix> matrices() {
        return Combinators.combine(Arbitraries.integers().between(1, 40), Arbitraries.integers().between(1, 12),
                Arbitraries.of(true, false).withoutEdgeCases(), Arbitraries.of(true, false).withoutEdgeCases(),
                Arbitraries.of(1e-200, 1e-9, 1.0, 1e150).withoutEdgeCases(), Arbitraries.longs().withoutEdgeCases())
                .as((rows, columns, transpose, deficient, size, seed) -> {
                    Random random = new Random(seed);
                    SimpleMatrix x = deficient ? Layer.deficient(rows, columns, random) : Layer.normal(rows, columns, random);
                    return (transpose ? x.transpose() : x).scale(size);
                }).filter(x -> x.elementMaxAbs() == 0 || Layer.awayFromTheCut(x.divide(x.elementMaxAbs())));
    }

    /// σ ≤ 10⁻⁶·σ₁ counts as zero, the cut itself too; what is refused is named by its shape.
    @Example
    void theCutItselfIsZero() {
        SimpleMatrix atTheCut = SimpleMatrix.diag(1, PseudoInverse.CUT);
        SimpleMatrix above = SimpleMatrix.diag(1, PseudoInverse.CUT * (1 + 1e-9));
        assertEquals(0, PseudoInverse.bySvd(atTheCut).get(1, 1));
        assertEquals(1 / PseudoInverse.CUT, PseudoInverse.bySvd(above).get(1, 1), 1e-2);
        SimpleMatrix broken = new SimpleMatrix(2, 3);
        broken.set(1, 1, Double.NaN);
        for (UnaryOperator<SimpleMatrix> route : ROUTES) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> route.apply(broken)).getMessage().contains("2×3"));
        }
    }

    /// Moore and Penrose: X·X⁺·X = X, X⁺·X·X⁺ = X⁺, X·X⁺ and X⁺·X symmetric.
    @Property(tries = 400)
    void penroseConditions(@ForAll("matrices") SimpleMatrix x) {
        double tolerance = Layer.tolerance(unitSized(x));
        for (UnaryOperator<SimpleMatrix> route : ROUTES) {
            SimpleMatrix inverse = route.apply(x);
            SimpleMatrix left = x.mult(inverse);
            SimpleMatrix right = inverse.mult(x);
            assertClose(unitSized(x), left.mult(unitSized(x)), tolerance, unitSized(x).normF());
            assertClose(unitSized(inverse), right.mult(unitSized(inverse)), tolerance, unitSized(inverse).normF());
            assertClose(left.transpose(), left, tolerance, Math.max(left.normF(), 1));
            assertClose(right.transpose(), right, tolerance, Math.max(right.normF(), 1));
        }
    }

    @Property(tries = 400)
    void householderEqualsSvd(@ForAll("matrices") SimpleMatrix x) {
        SimpleMatrix bySvd = PseudoInverse.bySvd(x);
        double size = bySvd.elementMaxAbs();
        SimpleMatrix byHouseholder = PseudoInverse.byHouseholder(x);
        if (size == 0) {
            assertSameBits(bySvd, byHouseholder);
        } else {
            assertClose(bySvd.divide(size), byHouseholder.divide(size), Layer.tolerance(unitSized(x)), bySvd.divide(size).normF());
        }
    }

    /// One cut: σᵢ ≤ 10⁻⁶·σ₁ counts as zero, whatever the size.
    @Example
    void cut() {
        for (UnaryOperator<SimpleMatrix> route : ROUTES) {
            for (double size : new double[] {1e-12, 1, 1e12}) {
                SimpleMatrix inverse = route.apply(SimpleMatrix.diag(size, size * 1.01e-6, size * 0.99e-6));
                assertClose(1 / size, inverse.get(0, 0), 1e-14, 1 / size);
                assertClose(1 / (1.01e-6 * size), inverse.get(1, 1), 1e-9, 1 / (1.01e-6 * size));
                assertEquals(0, inverse.get(2, 2), "cut");
            }
        }
    }

    @Example
    void zeroGivesZero() {
        for (UnaryOperator<SimpleMatrix> route : ROUTES) {
            assertSameBits(new SimpleMatrix(3, 5), route.apply(new SimpleMatrix(5, 3)));
            assertSameBits(new SimpleMatrix(5, 3), route.apply(new SimpleMatrix(3, 5)));
        }
    }

    @Example
    void notFiniteIsRefused() {
        for (UnaryOperator<SimpleMatrix> route : ROUTES) {
            for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
                SimpleMatrix x = SimpleMatrix.identity(3);
                x.set(1, 2, bad);
                assertThrows(IllegalArgumentException.class, () -> route.apply(x));
            }
        }
    }

    private static SimpleMatrix unitSized(SimpleMatrix x) {
        return x.elementMaxAbs() == 0 ? x : x.divide(x.elementMaxAbs());
    }
}
