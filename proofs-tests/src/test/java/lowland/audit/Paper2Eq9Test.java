package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Eq. 9: the claim `paper2-eq9`.
class Paper2Eq9Test {
    private static final Proof PROOF = Proof.of("paper2-eq9");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SECOND_PAIR_DESCENDS, Broken.SECOND_PAIR_AFTER_FIRST, Broken.RATES_DIFFER);
    }
}
