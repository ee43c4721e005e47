package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import lowland.rule.Broken;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.ejml.simple.SimpleMatrix;

/// P1 Eq. 1–3: the claim `paper1-eq1`.
class Paper1Eq1Test {
    private static final Proof PROOF = Proof.of("paper1-eq1");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "‖ε‖ = ρ");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "‹g, ε› = ρ‖g‖");
        PROOF.rejects(Broken.SIGN_TIMES_G, "‹g, ε› = ρ‖g‖");
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "w − η·∇L(w + ε)");
        PROOF.rejects(Broken.NOT_RESTORED, "w − η·∇L(w + ε)");
        PROOF.rejects(Broken.ASCENT_FOR_DESCENT, "w − η·∇L(w + ε)");
    }

    /// A perturbation where the gradient is 0.
    @Example
    void aPerturbationOfAZeroGradientIsRejected() {
        Rules never0 = (rule, at, state, inputs, descent, oracle) -> {
            StepResult right = rule.step(at, state, inputs, descent, oracle);
            Trace.LoraSamTrace trace = (Trace.LoraSamTrace) right.trace();
            if (trace.normsB().getFirst() > 0) {
                return right;
            }
            List<SimpleMatrix> ofB = new ArrayList<>();
            trace.perturbationsB().forEach(e -> ofB.add(e.plus(1e-3)));
            return new StepResult(right.next(), right.state(), new Trace.LoraSamTrace(trace.gradients(), trace.normsB(), trace.normsA(), ofB,
                    trace.perturbationsA(), trace.perturbed(), trace.perturbedGradients(), trace.gradientNorm(), trace.clipped()), false);
        };
        PROOF.rejects(never0, "‖ε‖ = ρ");
    }
}
