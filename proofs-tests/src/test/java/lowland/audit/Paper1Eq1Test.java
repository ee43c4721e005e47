package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 1–3: the claim `paper1-eq1`.
class Paper1Eq1Test {
    private static final Proof PROOF = Proof.of("paper1-eq1");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "‖ε‖ = ρ");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "‹g, ε› = ρ‖g‖");
        PROOF.rejects(Broken.SIGN_TIMES_G, "‹g, ε› = ρ‖g‖");
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "w − η·∇L(w + ε)");
        PROOF.rejects(Broken.NOT_RESTORED, "w − η·∇L(w + ε)");
        PROOF.rejects(Broken.ASCENT_FOR_DESCENT, "w − η·∇L(w + ε)");
    }
}
