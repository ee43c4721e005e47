package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 5–6: the claim `paper2-eq5`.
class Paper2Eq5Test {
    private static final Proof PROOF = Proof.of("paper2-eq5");

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
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "ε_W", "s·(ε_B·A + B·ε_A)");
        PROOF.rejects(Broken.SIGN_TIMES_G, "s·ε_B·ε_A");
        PROOF.rejects(Broken.RADIUS_TENFOLD, "‖ε_B·ε_A‖ ≤ ρ²/2");
    }
}
