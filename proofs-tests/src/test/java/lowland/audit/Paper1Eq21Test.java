package lowland.audit;

import lowland.rule.Factor;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import lowland.rule.LoraSam;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 21: the claim `paper1-eq21`.
class Paper1Eq21Test {
    private static final Proof PROOF = Proof.of("paper1-eq21");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    /// LoRA-SAM perturbs both factors, and so keeps more.
    @Example
    void aSecondPerturbationIsRejected() {
        Proof.rejects(random -> Paper1Cost.perturbed((model, _, rank) -> model.step(LoraSam.defaults(), rank), Rules.LITERAL, random),
                "numbers of its states beyond LoRA's");
    }

    /// Full-space SAM makes n×m matrices.
    @Example
    void wholeMatricesAreRejected() {
        Proof.rejects(random -> Paper1Cost.perturbed((model, _, rank) -> model.step(FullSam.defaults(), rank), Rules.LITERAL, random),
                "its largest value beside the passes ≤ R·max(n, m)", "numbers alive at once in `perturb` ≤ 2·n·R and R×R blocks");
    }

    /// A perturbation of A has R·m numbers.
    @Example
    void theOtherFactorIsRejected() {
        Rules ofA = (rule, at, state, inputs, descent, oracle) -> {
            FmLora right = (FmLora) rule;
            return new FmLora(right.scope(), right.estimate(), Factor.A).step(at, state, inputs, descent, oracle);
        };
        PROOF.rejects(ofA, "numbers of E_B, A and A⁺");
    }
}
