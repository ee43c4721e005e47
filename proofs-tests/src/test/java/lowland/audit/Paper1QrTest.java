package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import lowland.theory.HouseholderQr;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1, complexity: the claim `paper1-qr`.
class Paper1QrTest {
    private static final Proof PROOF = Proof.of("paper1-qr");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    /// A matrix of twice as many columns is far outside the bound.
    @Example
    void theCountTellsSizesApart() {
        HouseholderQr qr = HouseholderQr.of(Layer.normal(100, 16, new Random(1)));
        double ofHalf = 2.0 * 8 * 8 * (100 - 8 / 3.0);
        assertTrue(Math.abs(qr.flopsR() - ofHalf) / (100 * 8) > 6);
    }
}
