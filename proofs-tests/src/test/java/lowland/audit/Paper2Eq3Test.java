package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 3–4: the claim `paper2-eq3`.
class Paper2Eq3Test {
    private static final Proof PROOF = Proof.of("paper2-eq3");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.OTHER_NORM_SCOPE, "‖(ε_B, ε_A)‖ = ρ");
        PROOF.rejects(Broken.SIGN_TIMES_G, "(ε_B, ε_A) = ρ·g/F");
    }
}
