package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import lowland.rule.Lora;
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

    /// LoRA-SAM, which perturbs both factors, is seen to keep more than EFMLoRA.
    @Example
    void theCountSeesASecondPerturbation() {
        OneMatrix model = new OneMatrix(30, 20);
        assertEquals(4 * (30 + 20),
                OneMatrix.elements(model.step(LoraSam.defaults(), 4)) - OneMatrix.elements(model.step(Lora.defaults(), 4)));
    }
}
