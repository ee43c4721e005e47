package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 13: the claim `paper1-eq13`.
class Paper1Eq13Test {
    private static final Proof PROOF = Proof.of("paper1-eq13");

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
        PROOF.rejects(Broken.SIGN_TIMES_G, "E_W along Ḡ");
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "‖E_W‖ = ρ");
        PROOF.rejects(Broken.EPSILON_IN_NORM, "‖E_W‖ = ρ");
        PROOF.rejects(Broken.SCALING_MISSING, "‖Ḡ‖ = ½√(x + y + 2z)");
    }
}
