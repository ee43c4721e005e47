package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 10: the claim `paper2-eq10`.
class Paper2Eq10Test {
    private static final Proof PROOF = Proof.of("paper2-eq10");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.CLIP_PER_LAYER, Broken.CLIP_OF_B_ALONE, Broken.SCALING_MISSING);
    }
}
