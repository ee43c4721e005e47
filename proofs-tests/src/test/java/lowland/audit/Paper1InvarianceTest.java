package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P1 Eq. 13–15: the claim `paper1-invariance`.
class Paper1InvarianceTest {
    private static final Proof PROOF = Proof.of("paper1-invariance");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.EPSILON_IN_NORM, "1024·L");
        PROOF.rejects(Broken.SCALING_MISSING, "−0.7·s");
        PROOF.rejects(Broken.TRANSPOSE_FOR_INVERSE, "(B·M, M⁻¹·A)");
    }
}
