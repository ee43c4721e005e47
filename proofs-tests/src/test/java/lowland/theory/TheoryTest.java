package lowland.theory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.Value;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.api.Test;

/// Values by hand: bounds that a claim keeps with room to spare, and counts.
class TheoryTest {
    private static final double EXACT = 1e-14;

    private static SimpleMatrix diagonal(double... values) {
        return SimpleMatrix.diag(values);
    }

    /// τ = 2, G = 3, noise 5, ρ0 = 0.5, β = ¼, t = 4: (1 + 3 + 5)·(¼ + ½·(1 + 27/64)).
    @Test
    void theBoundOfTheorem2() {
        assertEquals(9 * (0.25 + 0.5 * (1 + 27.0 / 64)), EmaBound.ofValues(2, 3, 5, 0.5, 0.25, 4), EXACT);
    }

    /// (3 + 2·max(u, ρ))·(u + ρ).
    @Test
    void theDecayingBound() {
        assertEquals((3 + 2 * 0.7) * (0.7 + 0.1), EmaBound.decaying(2, 3, 0.7, 0.1), EXACT);
        assertEquals((3 + 2 * 0.9) * (0.2 + 0.9), EmaBound.decaying(2, 3, 0.2, 0.9), EXACT);
    }

    /// ½·((¾)³ + √(2/5)): ⌈5/2⌉ = 3.
    @Test
    void theAveragesBound() {
        assertEquals(0.5 * (27.0 / 64 + Math.sqrt(0.4)), EmaBound.averageNorm(0.5, 0.25, 5), EXACT);
        assertEquals(0.5 * (9.0 / 16 + Math.sqrt(0.5)), EmaBound.averageNorm(0.5, 0.25, 4), EXACT);
    }

    /// ρ(1−β)^{t−1} + (ρτ/g_min)(ρ + ηG/β) = ½·27/64 + (½·2/4)(½ + ⅛·3/¼).
    @Test
    void theDeviationsBound() {
        assertEquals(0.5 * 27 / 64 + 0.25 * (0.5 + 1.5), EmaBound.deviation(2, 4, 3, 0.5, 0.25, 0.125, 4), EXACT);
    }

    @Test
    void balance() {
        LoraPair pair = new LoraPair("w", 1, new SimpleMatrix(1, 2, true, 1.0, 2), new SimpleMatrix(2, 1, true, 3.0, 4));
        assertEquals((25 - 5) / 2.0, Balance.of(pair), EXACT);
    }

    /// ρ = 0.3, s = −2, ‖gB‖ = ‖(3 4)‖, A of singular values 4 and ½, and 0, which does not count: 0.3/2·5/½.
    @Test
    void theBoundOfTheorem1() {
        LoraPair pair = new LoraPair("w", -2, diagonal(4, 0.5, 0), new SimpleMatrix(2, 3));
        PairGradient g = new PairGradient(new SimpleMatrix(3, 3), new SimpleMatrix(2, 3, true, 3.0, 0, 0, 0, 4, 0));
        assertEquals(1.5, Balance.bound(pair, 0.3, g), EXACT);
    }

    @Test
    void theBestGainOfARank() {
        assertEquals(0.1 * Math.sqrt(13), PowerIteration.bestGain(diagonal(3, 2, 1), 2, 0.1), EXACT);
        assertEquals(0.1 * Math.sqrt(14), PowerIteration.bestGain(diagonal(3, 2, 1), 9, 0.1), EXACT);
    }

    /// What counts as zero: σ ≤ 10⁻⁶·σ₁, whatever σ₁ is.
    @Test
    void theCut() {
        assertEquals(1, Projection.rank(diagonal(1, 1e-6)));
        assertEquals(2, Projection.rank(diagonal(1, 1.1e-6)));
        assertEquals(1, Projection.rank(diagonal(100, 1e-5)));
        assertEquals(2, Projection.rank(diagonal(0.01, 1e-7)));
        assertEquals(0, Projection.rank(new SimpleMatrix(2, 3)));
        assertEquals(1, Projection.smallestSingularValue(diagonal(1, 1e-6)), EXACT);
        assertEquals(100, Projection.smallestSingularValue(diagonal(100, 1e-5)), EXACT);
        assertEquals(1e-7, Projection.smallestSingularValue(diagonal(0.01, 1e-7)), EXACT);
        assertEquals(0, Projection.ontoColumns(diagonal(100, 1e-5)).get(1, 1), EXACT);
        assertEquals(1, Projection.ontoColumns(diagonal(0.01, 1e-7)).get(1, 1), EXACT);
        assertEquals(0, Projection.ontoColumns(diagonal(1, 1e-6)).get(1, 1), EXACT);
    }

    /// (3 4)ᵀ against the first axis, as a column and as a row.
    @Test
    void whatLiesOutside() {
        SimpleMatrix x = new SimpleMatrix(2, 1, true, 3.0, 4);
        SimpleMatrix axis = new SimpleMatrix(2, 1, true, 2.0, 0);
        assertEquals(4, Projection.outsideColumns(x, axis), EXACT);
        assertEquals(4, Projection.outsideRows(x.transpose(), axis.transpose()), EXACT);
    }

    /// 0.1·|g|/5.
    @Test
    void thePrintedSign() {
        SimpleMatrix e = DualNorm.asPrinted(0.1, new SimpleMatrix(2, 1, true, -3.0, 4));
        assertArrayEquals(new double[] {0.06, 0.08}, new double[] {e.get(0), e.get(1)}, EXACT);
        assertEquals(0, DualNorm.perturbation(0.1, new SimpleMatrix(2, 3), 3).normF());
        // Where g is 0, so is each of them.
        SimpleMatrix g = new SimpleMatrix(2, 1, true, -3.0, 0);
        assertArrayEquals(new double[] {0.1, 0}, new double[] {DualNorm.asPrinted(0.1, g).get(0), DualNorm.asPrinted(0.1, g).get(1)}, EXACT);
        assertArrayEquals(new double[] {-0.1, 0}, new double[] {DualNorm.perturbation(0.1, g, 3).get(0), DualNorm.perturbation(0.1, g, 3).get(1)},
                EXACT);
    }

    /// No power of a huge or tiny gradient leaves the range of a double.
    @Test
    void theDualOfAHugeGradient() {
        for (double size : new double[] {1e-200, 1, 1e200}) {
            SimpleMatrix g = new SimpleMatrix(2, 1, true, -3 * size, 4 * size);
            assertEquals(0.1, DualNorm.norm(DualNorm.perturbation(0.1, g, 1.25), 1.25), 1e-13);
        }
    }

    /// Column by column: 2(n−k) + 7 for a reflector, 4(n−k) + 1 for each column it meets.
    @Test
    void operationsOfAHouseholderQr() {
        SimpleMatrix x = new SimpleMatrix(4, 2, true, 1.0, 2, 3, 4, 5, 6, 7, 9);
        HouseholderQr qr = HouseholderQr.of(x);
        assertEquals(0, qr.q().mult(qr.r()).minus(x).normF(), 1e-13);
        assertEquals(15 + 2 * 17 + 13 + 13, qr.flopsR());
        assertEquals(13 + 2 * 17, qr.flopsQ());
        assertEquals(3, HouseholderQr.of(diagonal(1, 2, 3)).r().getNumRows(), "square is tall enough");
        assertThrows(IllegalArgumentException.class, () -> HouseholderQr.of(new SimpleMatrix(2, 3)));
    }

    /// A column that is nearly an axis, of either sign: the reflector must not cancel.
    @Test
    void aQrThatDoesNotCancel() {
        for (double head : new double[] {1, -1, 0}) {
            SimpleMatrix x = new SimpleMatrix(3, 2, true, head, 1, 1e-9, 2, 0, 3);
            HouseholderQr qr = HouseholderQr.of(x);
            assertTrue(qr.q().mult(qr.r()).minus(x).normF() <= 1e-14 * x.normF());
            assertTrue(qr.q().transpose().mult(qr.q()).minus(SimpleMatrix.identity(2)).normF() <= 1e-14);
        }
    }

    /// 3×4 times 4×5 is 2·3·5·4, a sum 15 more; three layers of a Gram matrix of 7 columns 3·2·2·2·7.
    @Test
    void operationsOfAProgram() {
        Recording p = new Recording("count");
        Value a = p.input("a", ElementType.REAL, Shape.of(3, 4));
        Value b = p.input("b", ElementType.REAL, Shape.of(4, 5));
        Value turned = p.input("turned", ElementType.REAL, Shape.of(4, 3));
        Value product = p.product(a, false, b, false, null);
        p.product(turned, true, b, false, product);
        p.product(a, false, b, false, product);
        OperationCount products = OperationCount.of(p.finish(), Map.of());
        assertEquals(120 + 135 + 135, products.flops());
        assertEquals(15, products.largest());

        Recording q = new Recording("grams");
        Value x = q.input("x", ElementType.REAL, Shape.of(2, 7));
        q.repeat("layers", 3, List.of(), _ -> {
            Value gram = q.gram(x, x, 1);
            q.smallProduct(q.pseudoInverse(gram).getFirst(), gram);
            return List.of();
        });
        OperationCount grams = OperationCount.of(q.finish(), Map.of());
        assertEquals(3 * (2 * 4 * 7 + 2 * 4 * 2), grams.flops());
        assertEquals(3, grams.inverses());
    }
}
