package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 18: the claim `paper1-eq18`.
class Paper1Eq18Test {
    private static final Proof PROOF = Proof.of("paper1-eq18");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.EMA_WEIGHTS_SWAPPED, "closed form");
        PROOF.rejects(Broken.NOT_RESTORED, "w_t");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "ê_t");
        PROOF.rejects(Broken.ASCENT_FOR_DESCENT, "w_t");
        PROOF.rejects(Broken.ESTIMATE_FROM_UNPERTURBED_B, "Ê_1 = E_1 where the average starts with it");
        PROOF.rejects(Broken.RADIUS_TENFOLD, "‖ê_t‖ ≤ ρ");
    }
}
