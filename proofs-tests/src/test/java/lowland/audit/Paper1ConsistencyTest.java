package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P1 Eq. 10–11: the claim `paper1-consistency`.
class Paper1ConsistencyTest {
    private static final Proof PROOF = Proof.of("paper1-consistency");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "B̃ᵀ·gB and gA·Aᵀ at the perturbed point");
    }
}
