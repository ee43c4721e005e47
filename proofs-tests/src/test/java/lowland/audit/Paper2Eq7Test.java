package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 7–8: the claim `paper2-eq7`.
class Paper2Eq7Test {
    private static final Proof PROOF = Proof.of("paper2-eq7");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.CLIP_MISSING, "‖s2·B2·A2‖ ≤ ρ over all layers");
        PROOF.rejects(Broken.SCALING_MISSING, "‖s2·B2·A2‖ ≤ ρ over all layers");
    }
}
