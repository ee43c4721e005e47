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
        PROOF.rejects(Broken.SECOND_PAIR_DESCENDS, "B2 + η2·s2·G·A2ᵀ", "(I + η2·s2·M)·[B2; A2ᵀ]");
        PROOF.rejects(Broken.SECOND_PAIR_AFTER_FIRST, "A2 + η2·s2·B2ᵀ·G");
        PROOF.rejects(Broken.RATES_DIFFER, "A1 − η1·s1·B1ᵀ·G");
        PROOF.rejects(Broken.ASCENT_FOR_DESCENT, "B1 − η1·s1·G·A1ᵀ");
    }
}
