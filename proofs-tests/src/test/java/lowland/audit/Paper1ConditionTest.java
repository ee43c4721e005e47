package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import lowland.rule.Initialization;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.ejml.simple.SimpleMatrix;

/// P1, supplement: the claim `paper1-condition`.
class Paper1ConditionTest {
    private static final Proof PROOF = Proof.of("paper1-condition");

    @Property(tries = 3, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    /// One row at twice the bound, and the claim of a fresh A is broken.
    @Example
    void aLongerRowIsSeen() {
        SimpleMatrix a = Initialization.kaimingUniform(1, "w.lora_A.weight", 8, 4096);
        a.insertIntoThis(0, 0, a.getRow(0).scale(2));
        double ratio = Math.sqrt(8.0 / 4096);
        assertTrue(Layer.condition(a) > 1.05 * (1 + ratio) / (1 - ratio));
    }
}
