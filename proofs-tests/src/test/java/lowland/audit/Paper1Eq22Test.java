package lowland.audit;

import lowland.rule.EfmLora;
import lowland.rule.FullSam;
import lowland.rule.LoraSam;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 22: the claim `paper1-eq22`.
class Paper1Eq22Test {
    private static final Proof PROOF = Proof.of("paper1-eq22");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    /// LoRA-SAM perturbs both factors, and so keeps more.
    @Example
    void aSecondPerturbationIsRejected() {
        Proof.rejects(random -> Paper1Cost.memory((model, _, rank) -> model.step(LoraSam.defaults(), rank), EfmLora.defaults(), random),
                "numbers of its states beyond LoRA's");
    }

    /// Full-space SAM makes n×m matrices.
    @Example
    void wholeMatricesAreRejected() {
        Proof.rejects(random -> Paper1Cost.memory((model, _, rank) -> model.step(FullSam.defaults(), rank), EfmLora.defaults(), random),
                "its largest value beside the passes ≤ R·max(n, m)");
    }
}
