package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 7: the claim `paper1-eq7`.
class Paper1Eq7Test {
    private static final Proof PROOF = Proof.of("paper1-eq7");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.OTHER_NORM_SCOPE, "gain = ρ(‖gA‖ + ‖gB‖)", "√2 times the joint gain where ‖gA‖ = ‖gB‖");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "joint gain ≤ gain", "gain ≤ √2·joint gain");
    }
}
