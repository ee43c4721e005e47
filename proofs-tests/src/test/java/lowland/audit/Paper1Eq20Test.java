package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import lowland.rule.Lora;
import lowland.step.Factors;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 20: the claim `paper1-eq20`.
class Paper1Eq20Test {
    private static final Proof PROOF = Proof.of("paper1-eq20");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    /// The count sees a rank that is one too large.
    @Example
    void theCountTellsRanksApart() {
        long elements = 0;
        for (Factors factors : new OneMatrix(30, 20).step(Lora.defaults(), 5).adapter()) {
            elements += factors.a().size() + factors.b().size();
        }
        assertNotEquals(4 * (30 + 20), elements);
    }
}
