package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P1 Theorem 1: LoRA-SAM: the claim `theorem1-lora-sam`.
class Theorem1LoraSamTest {
    private static final Proof PROOF = Proof.of("theorem1-lora-sam");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "rate = ‹ε_B, gB̃› − ‹ε_A, gÃ›");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "rate/ρ at ρ = 10⁻⁷");
    }
}
