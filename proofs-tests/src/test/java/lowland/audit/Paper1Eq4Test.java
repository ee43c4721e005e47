package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 4–5: the claim `paper1-eq4`.
class Paper1Eq4Test {
    private static final Proof PROOF = Proof.of("paper1-eq4");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "∇L(w + ε)");
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "∇L(w + ε)");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "(I + Jᵀ)·∇L(w + ε)");
        PROOF.rejects(Broken.RADIUS_TENFOLD, "what is dropped ≤ ρ²‖H‖²/‖g‖");
    }
}
