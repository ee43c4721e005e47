package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lowland.rule.FullSam;
import lowland.rule.Lora;
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

    /// LoRA-SAM, which perturbs both factors, is seen to keep more than FMLoRA.
    @Example
    void theCountSeesASecondPerturbation() {
        OneMatrix model = new OneMatrix(30, 20);
        assertEquals(4 * (30 + 20),
                OneMatrix.elements(model.step(LoraSam.defaults(), 4)) - OneMatrix.elements(model.step(Lora.defaults(), 4)));
    }

    /// Full-space SAM, which makes n×m matrices, needs more while it perturbs.
    @Example
    void theCountSeesWholeMatrices() {
        assertTrue(OneMatrix.arena(new OneMatrix(80, 70).step(FullSam.defaults(), 4).perturb()) > Paper1Cost.whilePerturbed(80, 4));
    }
}
