package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Sgd;
import lowland.rule.Trace.LoraSamTrace;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

class LoraSamProperties {

    @Provide
    Arbitrary<Layer> layers() {
        return Layer.any();
    }

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    /// P2 Eq. 3–4: ‖(ε_B, ε_A)‖ = ρ exactly, over all layers or over each.
    @Property(tries = 200)
    void jointNormIsTheRadius(@ForAll("problems") Problem problem) {
        LoraSamTrace global = step(new LoraSam(NormScope.GLOBAL), problem, 0.3);
        LoraSamTrace layer = step(new LoraSam(NormScope.LAYER), problem, 0.3);
        LoraSamTrace factor = step(new LoraSam(NormScope.FACTOR), problem, 0.3);
        double squares = 0;
        for (int j = 0; j < problem.trainables().pairs().size(); j++) {
            squares += square(global.perturbationsB().get(j)) + square(global.perturbationsA().get(j));
            double ofLayer = square(layer.perturbationsB().get(j)) + square(layer.perturbationsA().get(j));
            assertClose(0.3, Math.sqrt(ofLayer), 1e-14, 0.3);
            assertClose(0.3, factor.perturbationsB().get(j).normF(), 1e-14, 0.3);
            double expected = global.gradients().pairs().get(j).dA().elementMaxAbs() == 0 ? 0 : 0.3;
            assertClose(expected, factor.perturbationsA().get(j).normF(), 1e-14, 0.3);
        }
        assertClose(0.3, Math.sqrt(squares), 1e-14, 0.3);
    }

    /// First-order gain ‹g, ε›: ρ‖g‖ for the joint ball, and between 1 and √2 of that with a radius for each factor (P1 Eq. 7).
    @Property(tries = 200)
    void gain(@ForAll("layers") Layer layer) {
        double joint = gain(new LoraSam(NormScope.GLOBAL), layer);
        double apart = gain(new LoraSam(NormScope.FACTOR), layer);
        PairGradient g = layer.gradientAt(layer.pair());
        double norm = Math.sqrt(square(g.dA()) + square(g.dB()));
        assertClose(layer.rho() * norm, joint, 1e-13, layer.rho() * norm);
        assertTrue(apart >= joint * (1 - 1e-13) && apart <= Math.sqrt(2) * joint * (1 + 1e-13));
    }

    /// s cancels in ε_B and ε_A: both gradients carry it.
    @Property(tries = 200)
    void scalingCancels(@ForAll("layers") Layer layer) {
        LoraPair pair = layer.pair();
        LoraSamTrace one = step(LoraSam.defaults(), new Layer(new LoraPair("w", 1, pair.a(), pair.b()), layer.g(), layer.rho()));
        LoraSamTrace two = step(LoraSam.defaults(), new Layer(new LoraPair("w", 7.3, pair.a(), pair.b()), layer.g(), layer.rho()));
        assertClose(one.perturbationsB().getFirst(), two.perturbationsB().getFirst(), 1e-14, layer.rho());
        assertClose(one.perturbationsA().getFirst(), two.perturbationsA().getFirst(), 1e-14, layer.rho());
    }

    /// The second gradient is at (B + ε_B, A + ε_A), both; the descent starts from the old factors.
    @Property(tries = 100)
    void descendsFromTheOldFactorsWithTheGradientAtThePerturbedOnes(@ForAll("problems") Problem problem) {
        LoraSam rule = LoraSam.defaults();
        Trainables from = problem.trainables();
        StepResult result = rule.step(from, rule.initialState(from), new StepInputs(1, 0.1, 0.1, 0.3, 0), Sgd.defaults(), problem.oracle());
        LoraSamTrace trace = (LoraSamTrace) result.trace();
        List<LoraPair> moved = new ArrayList<>();
        for (int j = 0; j < from.pairs().size(); j++) {
            LoraPair pair = from.pairs().get(j);
            moved.add(pair.withB(pair.b().plus(trace.perturbationsB().get(j))).withA(pair.a().plus(trace.perturbationsA().get(j))));
        }
        Gradients g = problem.oracle().at(from.withPairs(moved));
        for (int j = 0; j < from.pairs().size(); j++) {
            assertSameBits(from.pairs().get(j).b().minus(g.pairs().get(j).dB().scale(0.1)), result.next().pairs().get(j).b());
            assertSameBits(from.pairs().get(j).a().minus(g.pairs().get(j).dA().scale(0.1)), result.next().pairs().get(j).a());
        }
    }

    @Example
    void zeroGradientGivesZeroPerturbation() {
        Layer layer = new Layer(Initialization.pair(1, "w", 2, 2, 5, 4), new SimpleMatrix(4, 5), 0.5);
        for (NormScope scope : NormScope.values()) {
            LoraSamTrace trace = step(new LoraSam(scope), layer);
            assertEquals(0, trace.perturbationsB().getFirst().elementMaxAbs());
            assertEquals(0, trace.perturbationsA().getFirst().elementMaxAbs());
        }
    }

    @Example
    void defaults() {
        assertEquals(new LoraSam(NormScope.GLOBAL), LoraSam.defaults());
        assertEquals(0.01, LoraSam.DEFAULT_RHO);
    }

    private static double gain(LoraSam rule, Layer layer) {
        LoraSamTrace trace = step(rule, layer);
        PairGradient g = layer.gradientAt(layer.pair());
        return Layer.inner(g.dB(), trace.perturbationsB().getFirst()) + Layer.inner(g.dA(), trace.perturbationsA().getFirst());
    }

    private static double square(SimpleMatrix x) {
        return Layer.inner(x, x);
    }

    private static LoraSamTrace step(LoraSam rule, Layer layer) {
        return (LoraSamTrace) rule.step(layer.trainables(), rule.initialState(layer.trainables()),
                new StepInputs(1, 0.1, 0.1, layer.rho(), 0), Sgd.defaults(), layer.oracle()).trace();
    }

    private static LoraSamTrace step(LoraSam rule, Problem problem, double rho) {
        return (LoraSamTrace) rule.step(problem.trainables(), rule.initialState(problem.trainables()),
                new StepInputs(1, 0.1, 0.1, rho, 0), Sgd.defaults(), problem.oracle()).trace();
    }
}
