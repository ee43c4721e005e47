package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Algorithm 1, start: the claim `paper2-seeds`.
class Paper2SeedsTest {
    private static final Proof PROOF = Proof.of("paper2-seeds");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SECOND_PAIR_DESCENDS, "‖W − W0‖ after 3 steps from A1 = A2");
    }
}
