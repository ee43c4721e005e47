package lowland.audit;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 20: the claim `paper1-eq20`.
class Paper1Eq20Test {
    private static final Proof PROOF = Proof.of("paper1-eq20");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void aRankTooLargeIsRejected() {
        Proof.rejects(random -> Paper1Cost.trained((model, rule, rank) -> model.step(rule, rank + 1), random),
                "numbers of the adapter's states");
    }
}
