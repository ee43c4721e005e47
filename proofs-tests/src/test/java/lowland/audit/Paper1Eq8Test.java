package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 8: the claim `paper1-eq8`.
class Paper1Eq8Test {
    private static final Proof PROOF = Proof.of("paper1-eq8");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.OTHER_NORM_SCOPE, "‖ε‖, norm a layer", "‖ε‖, norm over all");
    }
}
