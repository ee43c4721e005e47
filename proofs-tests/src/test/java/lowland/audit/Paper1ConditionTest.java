package lowland.audit;

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

    /// A fresh A with one row twice as long.
    @Example
    void aLongerRowIsRejected() {
        Proof.rejects(random -> Paper1Perturbation.conditionOfA((key, rank, m) -> {
            SimpleMatrix a = Initialization.kaimingUniform(key, "w.lora_A.weight", rank, m);
            a.insertIntoThis(0, 0, a.getRow(0).scale(2));
            return a;
        }, random), "κ(A) at rank 2", "κ(A) at rank 8", "κ(A) at rank 64");
    }
}
