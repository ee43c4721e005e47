package lowland.audit;

import lowland.rule.Broken;
import lowland.rule.EfmLora;
import lowland.rule.FullSam;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 24: the claim `paper1-eq24`.
class Paper1Eq24Test {
    private static final Proof PROOF = Proof.of("paper1-eq24");

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.EXTRA_GRADIENT, "gradient evaluations of a step");
    }

    /// Full-space SAM makes n×m matrices and inverts none; its operations are no EFMLoRA's.
    @Example
    void anotherTrainingStepIsRejected() {
        Proof.rejects(random -> Paper1Cost.time((model, _, rank) -> model.step(FullSam.defaults(), rank), Rules.LITERAL, EfmLora.defaults(),
                EfmLora.defaults()::initialState, 1, random), "R×R pseudo-inverses", "operations at twice n and m, over those before: linear",
                "passes of the training step");
    }
}
