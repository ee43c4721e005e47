package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Fig. 2, step 2: the claim `paper1-fig2`.
class Paper1Fig2Test {
    private static final Proof PROOF = Proof.of("paper1-fig2");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.ESTIMATE_FROM_UNPERTURBED_B, "Ḡ is made of projections at B̃", "‖s·E_t·A‖");
        PROOF.rejects(Broken.NOT_RESTORED, "B_t = B_{t−1} − η·gB(B̃)");
        PROOF.rejects(Broken.EMA_WEIGHTS_SWAPPED, "Ê_t = (1−β)·Ê_{t−1} + β·E_t");
    }
}
