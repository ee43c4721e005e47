package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P2 Eq. 9–10: the claim `paper2-power-iteration`.
class Paper2PowerIterationTest {
    private static final Proof PROOF = Proof.of("paper2-power-iteration");

    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SECOND_PAIR_DESCENDS, "s2·B2·A2 and ρ·u1·v1ᵀ after 300 steps");
        PROOF.rejects(Broken.CLIP_MISSING, "gain ‹G, E› ≤ ρ·√(Σ σ_i²) of the best of rank R2");
        PROOF.rejects(Broken.CLIP_OF_B_ALONE, "rank");
    }
}
