package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 6: the claim `paper1-eq6`.
class Paper1Eq6Test {
    private static final Proof PROOF = Proof.of("paper1-eq6");

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SCALING_MISSING_IN_GRADIENTS, "‹g, d› and the slope of L along d");
    }
}
