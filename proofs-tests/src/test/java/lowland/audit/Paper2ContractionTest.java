package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P2 Eq. 10: the claim `paper2-contraction`.
class Paper2ContractionTest {
    private static final Proof PROOF = Proof.of("paper2-contraction");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.CLIP_OF_B_ALONE, "B2ᵀB2 − A2A2ᵀ times ρ/c");
    }
}
