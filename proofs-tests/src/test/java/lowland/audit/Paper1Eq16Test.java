package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 16: the claim `paper1-eq16`.
class Paper1Eq16Test {
    private static final Proof PROOF = Proof.of("paper1-eq16");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SCALING_MISSING, "E_x = (1/s)·E_W·y/‖y‖²");
        PROOF.rejects(Broken.TRANSPOSE_FOR_INVERSE, "E_x = (1/s)·E_W·y/‖y‖²");
    }
}
