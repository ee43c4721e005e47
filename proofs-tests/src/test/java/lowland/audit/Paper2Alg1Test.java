package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Algorithm 1: the claim `paper2-alg1`.
class Paper2Alg1Test {
    private static final Proof PROOF = Proof.of("paper2-alg1");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.RADIUS_NEVER_ZERO, "four steps at ρ = 0, bits");
        PROOF.rejects(Broken.RATES_DIFFER, "first step, bits");
        PROOF.rejects(Broken.ASCENT_FOR_DESCENT, "first step, bits");
    }
}
