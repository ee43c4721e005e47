package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 1–2: the claim `paper2-eq1`.
class Paper2Eq1Test {
    private static final Proof PROOF = Proof.of("paper2-eq1");

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
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "ε_B");
        PROOF.rejects(Broken.SIGN_TIMES_G, "ε_B");
    }
}
