package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P1 Eq. 18: the claim `paper1-ema-norm`.
class Paper1EmaNormTest {
    private static final Proof PROOF = Proof.of("paper1-ema-norm");

    @Property(tries = 3, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.EMA_WEIGHTS_SWAPPED, "root mean square of ‖ê‖, β = 0.1");
    }
}
