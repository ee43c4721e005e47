package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.Sgd;
import lowland.rule.RuleState.Averaging;
import lowland.rule.Trace.EfmLoraTrace;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

class EfmLoraProperties {

    private static final int STEPS = 8;

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    @Provide
    Arbitrary<Double> emas() {
        return Arbitraries.of(0.01, 0.3, 0.5, 0.9, 1.0).withoutEdgeCases();
    }

    /// Eq. 18, unrolled: Ê_t = Σ_i β(1−β)^(t−i)·E_i from zero; with Ê₁ = E₁ the first term weighs (1−β)^(t−1).
    @Property(tries = 60)
    void averageInClosedForm(@ForAll("problems") Problem problem, @ForAll("emas") double ema, @ForAll EmaStart start,
                             @ForAll Factor perturbed) {
        EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.MEAN, perturbed, ema, start);
        List<EfmLoraTrace> traces = run(rule, problem, 0.1);
        for (int t = 1; t <= STEPS; t++) {
            for (int j = 0; j < problem.trainables().pairs().size(); j++) {
                SimpleMatrix expected = null;
                double size = 0;
                for (int i = 1; i <= t; i++) {
                    double weight = i == 1 && start == EmaStart.FIRST ? Math.pow(1 - ema, t - 1) : ema * Math.pow(1 - ema, t - i);
                    SimpleMatrix term = traces.get(i - 1).perturbation().perturbations().get(j).scale(weight);
                    expected = expected == null ? term : expected.plus(term);
                    size += term.normF();
                }
                assertClose(expected, traces.get(t - 1).average().get(j), 1e-13, size);
            }
        }
    }

    /// Fig. 2: the gradients and E_t belong to B̃ = B_{t−1} + Ê_{t−1} and A_{t−1}, whatever is perturbed; the descent starts from B_{t−1}.
    @Property(tries = 60)
    void everythingHappensAtThePerturbedFactors(@ForAll("problems") Problem problem, @ForAll Factor perturbed) {
        EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.MEAN, perturbed, 0.7, EmaStart.ZERO);
        Trainables trainables = problem.trainables();
        RuleState state = rule.initialState(trainables);
        double rho = 0.1;
        for (int t = 1; t <= 4; t++) {
            List<SimpleMatrix> average = ((Averaging) state).average();
            StepResult result = rule.step(trainables, state, new StepInputs(t, 0.01, 0.01, rho, 0), Sgd.defaults(), problem.oracle());
            EfmLoraTrace trace = (EfmLoraTrace) result.trace();
            List<LoraPair> moved = new ArrayList<>();
            for (int j = 0; j < trainables.pairs().size(); j++) {
                LoraPair pair = trainables.pairs().get(j);
                moved.add(perturbed == Factor.B ? pair.withB(pair.b().plus(average.get(j))) : pair.withA(pair.a().plus(average.get(j))));
            }
            Trainables at = trainables.withPairs(moved);
            Gradients g = problem.oracle().at(at);
            for (int j = 0; j < moved.size(); j++) {
                LoraPair pair = moved.get(j);
                Assume.that(pair.b().elementMaxAbs() == 0 || Layer.awayFromTheCut(pair.b()));
                Assume.that(Layer.awayFromTheCut(pair.a()));
                SimpleMatrix full = problem.oracle().fullGradient(at, pair.name());
                SimpleMatrix rows = Layer.columnProjector(pair.a().transpose());
                SimpleMatrix columns = Layer.columnProjector(pair.b());
                SimpleMatrix mean = full.mult(rows).plus(columns.mult(full)).divide(2);
                double tolerance = Layer.tolerance(pair.a(), pair.b());
                assertClose(mean, trace.perturbation().fullGradients().get(j), tolerance, full.normF());

                double direction = tolerance * Math.max(1, full.normF() / mean.normF());
                SimpleMatrix e = trace.perturbation().perturbations().get(j);
                SimpleMatrix effective = perturbed == Factor.B ? e.mult(pair.a()) : pair.b().mult(e);
                SimpleMatrix projected = perturbed == Factor.B ? mean.mult(rows) : columns.mult(mean);
                assertClose(projected.scale(rho / mean.normF()), effective.scale(pair.scaling()), direction, rho);

                LoraPair old = trainables.pairs().get(j);
                LoraPair next = result.next().pairs().get(j);
                assertSameBits(old.b().minus(g.pairs().get(j).dB().scale(0.01)), next.b());
                assertSameBits(old.a().minus(g.pairs().get(j).dA().scale(0.01)), next.a());
            }
            trainables = result.next();
            state = result.state();
        }
    }

    /// E_t is made of the raw gradients: clipping does not change it.
    @Property(tries = 30)
    void perturbationIsMadeBeforeClipping(@ForAll("problems") Problem problem) {
        EfmLora rule = EfmLora.defaults();
        RuleState state = rule.initialState(problem.trainables());
        for (int j = 0; j < problem.trainables().pairs().size(); j++) {
            SimpleMatrix free = average(rule.step(problem.trainables(), state, new StepInputs(1, 0.1, 0.1, 0.1, 0),
                    AdamW.defaults(), problem.oracle()), j);
            SimpleMatrix clipped = average(rule.step(problem.trainables(), state, new StepInputs(1, 0.1, 0.1, 0.1, 1e-3),
                    AdamW.defaults(), problem.oracle()), j);
            assertSameBits(free, clipped);
        }
    }

    @Example
    void badHyperParametersAreRefused() {
        for (double ema : new double[] {0, -0.1, 1.1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, ema, EmaStart.ZERO));
        }
        assertThrows(IllegalArgumentException.class, () -> new EfmLora(NormScope.FACTOR, Estimate.MEAN, Factor.B, 0.9, EmaStart.ZERO));
    }

    @Example
    void defaults() {
        assertEquals(new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, 0.9, EmaStart.ZERO), EfmLora.defaults());
        assertEquals(0.05, EfmLora.DEFAULT_RHO);
    }

    private static SimpleMatrix average(StepResult result, int layer) {
        return ((Averaging) result.state()).average().get(layer);
    }

    private static List<EfmLoraTrace> run(EfmLora rule, Problem problem, double rho) {
        List<EfmLoraTrace> traces = new ArrayList<>();
        Trainables trainables = problem.trainables();
        RuleState state = rule.initialState(trainables);
        for (int t = 1; t <= STEPS; t++) {
            StepResult result = rule.step(trainables, state, new StepInputs(t, 0.01, 0.01, rho, 1), AdamW.defaults(), problem.oracle());
            traces.add((EfmLoraTrace) result.trace());
            trainables = result.next();
            state = result.state();
        }
        return traces;
    }
}
