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
        PROOF.rejects(Broken.CLIP_PER_LAYER, "s2·B2·A2 times ρ/c");
        PROOF.rejects(Broken.CLIP_OF_B_ALONE, "B2 times √(ρ/c)");
        PROOF.rejects(Broken.SCALING_MISSING, "c² = Σ s2²·tr((B2ᵀB2)(A2A2ᵀ))", "c = ρ after a clip");
    }
}
