package lowland.audit;

import lowland.rule.Broken;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 23: the claim `paper1-eq23`.
class Paper1Eq23Test {
    private static final Proof PROOF = Proof.of("paper1-eq23");

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.EXTRA_GRADIENT, "gradient evaluations of a step");
    }

    /// Full-space SAM makes n×m matrices and inverts none; its operations are no FMLoRA's.
    @Example
    void anotherTrainingStepIsRejected() {
        Proof.rejects(random -> Paper1Cost.time((model, _, rank) -> model.step(FullSam.defaults(), rank), Rules.LITERAL, FmLora.defaults(),
                FmLora.defaults()::initialState, 2, random), "R×R pseudo-inverses", "operations at twice n and m, over those before: linear");
    }
}
