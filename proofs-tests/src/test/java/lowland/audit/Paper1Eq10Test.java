package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 10: the claim `paper1-eq10`.
class Paper1Eq10Test {
    private static final Proof PROOF = Proof.of("paper1-eq10");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SCALING_MISSING, "(1/s)·gB·(Aᵀ)⁺ and G·P_A");
        PROOF.rejects(Broken.FACTORS_SWAPPED, "(1/s)·gB·(Aᵀ)⁺ and G·P_A");
    }
}
