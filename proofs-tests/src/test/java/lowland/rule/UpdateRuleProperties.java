package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Sgd;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// What holds for every rule.
class UpdateRuleProperties {

    private static final List<Descent> DESCENTS =
            List.of(new AdamW(0.9, 0.999, 1e-8, 0.01), AdamW.defaults(), new Sgd(0.9, 0.01), Sgd.defaults());

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    /// And so is LoRA+ at λ = 1, and BAR at α = 0. Over six steps, with clipping on and off, −0 as +0.
    @Property(tries = 60)
    void radiusZeroIsLoraBitForBit(@ForAll("problems") Problem problem) {
        for (Descent descent : DESCENTS) {
            for (double clipNorm : new double[] {0, 1}) {
                List<Trainables> lora = run(Lora.defaults(), problem, descent, 0, clipNorm, 6);
                List<UpdateRule> rules = new ArrayList<>(Problem.DEGENERATE);
                Problem.RULES.stream().filter(Problem::perturbs).forEach(rules::add);
                for (UpdateRule rule : rules) {
                    List<Trainables> same = run(rule, problem, descent, 0, clipNorm, 6);
                    for (int t = 0; t < 6; t++) {
                        assertSameTrainables(lora.get(t), same.get(t));
                    }
                }
            }
        }
    }

    /// And with a radius it is not, but for Bi-LoRA's first step.
    @Property(tries = 60)
    void radiusMatters(@ForAll("problems") Problem problem) {
        Trainables lora = run(Lora.defaults(), problem, Sgd.defaults(), 0.05, 0, 3).getLast();
        for (UpdateRule rule : Problem.RULES) {
            if (!(rule instanceof Lora)) {
                Trainables next = run(rule, problem, Sgd.defaults(), 0.05, 0, 3).getLast();
                double difference = 0;
                for (int j = 0; j < lora.pairs().size(); j++) {
                    difference += next.pairs().get(j).b().minus(lora.pairs().get(j).b()).normF();
                    difference += next.pairs().get(j).a().minus(lora.pairs().get(j).a()).normF();
                }
                assertTrue(difference > 0, () -> rule + " did what LoRA does");
            }
        }
    }

    @Property(tries = 30)
    void gradientEvaluations(@ForAll("problems") Problem problem) {
        for (UpdateRule rule : Problem.RULES) {
            int expected = switch (rule) {
                case Lora _, LoraPlus _, LoraOBar _, LoraNBar _, FlatLora _, EfmLora _, BiLora _, FullFineTuning _ -> 1;
                case LoraSam _, FmLora _, FullSam _ -> 2;
            };
            CountingOracle counting = new CountingOracle(problem.oracle());
            rule.step(problem.trainables(), problem.initialState(rule), inputs(1, 0.1, 0), AdamW.defaults(), counting);
            assertEquals(expected, counting.evaluations(), rule.toString());
        }
    }

    /// The same step twice gives the same bits, and what was given is unchanged.
    @Property(tries = 30)
    void stepIsPure(@ForAll("problems") Problem problem) {
        Trainables before = copy(problem.trainables());
        for (UpdateRule rule : Problem.RULES) {
            RuleState state = problem.initialState(rule);
            StepResult once = rule.step(problem.trainables(), state, inputs(1, 0.1, 1), AdamW.defaults(), problem.oracle());
            StepResult twice = rule.step(problem.trainables(), state, inputs(1, 0.1, 1), AdamW.defaults(), problem.oracle());
            assertSameTrainables(once.next(), twice.next());
            assertSameTrainables(before, problem.trainables());
            assertMomentsAreZero(state);
            assertFalse(once.skipped());
        }
    }

    /// A loss or gradient that is not finite, in the first or in the second evaluation, changes nothing.
    @Property(tries = 30)
    void notFiniteSkipsTheStepWhole(@ForAll("problems") Problem problem) {
        List<UnaryOperator<Gradients>> spoilers = List.of(
                g -> new Gradients(Double.NaN, g.pairs(), g.others()),
                g -> new Gradients(Double.POSITIVE_INFINITY, g.pairs(), g.others()),
                g -> new Gradients(g.loss(), spoilLast(g.pairs(), Double.NaN), g.others()),
                g -> new Gradients(g.loss(), spoilLast(g.pairs(), Double.NEGATIVE_INFINITY), g.others()),
                g -> new Gradients(g.loss(), g.pairs(), List.of(g.others().get(0), spoil(g.others().get(1), Double.NaN))));
        for (UpdateRule rule : Problem.RULES) {
            CountingOracle cost = new CountingOracle(problem.oracle());
            rule.step(problem.trainables(), problem.initialState(rule), inputs(1, 0.1, 1), AdamW.defaults(), cost);
            for (int bad = 1; bad <= cost.evaluations(); bad++) {
                for (UnaryOperator<Gradients> spoiler : spoilers) {
                    int spoiled = bad;
                    CountingOracle counting = new CountingOracle(problem.oracle());
                    GradientOracle oracle = at -> {
                        Gradients g = counting.at(at);
                        return counting.evaluations() == spoiled ? spoiler.apply(g) : g;
                    };
                    assertSkipped(problem.trainables(), problem.initialState(rule), rule, inputs(1, 0.1, 1), AdamW.defaults(), oracle);
                    assertEquals(spoiled, counting.evaluations(), "a step ends where it fails");
                }
            }
        }
    }

    /// Finite gradients, but a full gradient beyond the range of a double: A so small that (Aᵀ)⁺ multiplies it away.
    @Example
    void perturbationNormNotFiniteSkips() {
        Problem problem = Problem.draw(2, 2, false, 3);
        List<LoraPair> pairs = new ArrayList<>();
        for (LoraPair pair : problem.trainables().pairs()) {
            pairs.add(pair.withA(pair.a().scale(1e-20)));
        }
        Trainables tiny = problem.trainables().withPairs(pairs);
        GradientOracle huge = _ -> problem.oracle().at(problem.trainables()).scale(1e300);
        for (UpdateRule rule : List.of(FmLora.defaults(), EfmLora.defaults())) {
            StepResult result = assertSkipped(tiny, problem.initialState(rule), rule, inputs(1, 0.1, 1), AdamW.defaults(), huge);
            assertEquals("norm of the perturbation", ((Trace.Skipped) result.trace()).reason());
        }
    }

    /// A full gradient with finite elements, but a norm beyond the range of a double: not a perturbation of zero.
    @Example
    void perturbationNormThatOverflowsSkips() {
        SimpleMatrix tiny = SimpleMatrix.identity(2).scale(1e-10);
        Trainables trainables = new Trainables(List.of(new LoraPair("w", 1, tiny, SimpleMatrix.identity(2))), List.of());
        SimpleMatrix large = new SimpleMatrix(2, 2);
        large.fill(1.5e298);
        GradientOracle oracle = _ -> new Gradients(1, List.of(new PairGradient(new SimpleMatrix(2, 2), large)), List.of());
        FmLora rule = new FmLora(NormScope.LAYER, Estimate.B, Factor.B);
        StepResult result = assertSkipped(trainables, rule.initialState(trainables), rule, inputs(1, 0.1, 1), AdamW.defaults(), oracle);
        assertEquals("norm of the perturbation", ((Trace.Skipped) result.trace()).reason());
    }

    /// Finite gradients, but auxiliary factors whose product overflows.
    @Example
    void auxiliaryNormNotFiniteSkips() {
        Problem problem = Problem.draw(2, 2, false, 3);
        UpdateRule rule = new BiLora(Sgd.defaults(), 1e200, true);
        GradientOracle large = at -> problem.oracle().at(at).scale(1e120);
        StepResult result = assertSkipped(problem.trainables(), problem.initialState(rule), rule, inputs(1, 0.1, 0), AdamW.defaults(),
                large);
        assertEquals("norm c of the auxiliary pairs", ((Trace.Skipped) result.trace()).reason());
    }

    /// The others descend along their gradient and are in no perturbation: for this loss the second pass sees the first's.
    @Property(tries = 30)
    void othersDescendAndAreNeverPerturbed(@ForAll("problems") Problem problem) {
        for (UpdateRule rule : Problem.RULES) {
            GradientOracle watching = at -> {
                for (int k = 0; k < at.others().size(); k++) {
                    assertSame(problem.trainables().others().get(k), at.others().get(k));
                }
                return problem.oracle().at(at);
            };
            StepResult result = rule.step(problem.trainables(), problem.initialState(rule),
                    new StepInputs(1, 0.1, 0.25, 0.1, 0), Sgd.defaults(), watching);
            for (int k = 0; k < problem.trainables().others().size(); k++) {
                SimpleMatrix from = problem.trainables().others().get(k);
                SimpleMatrix gradient = from.minus(problem.oracle().otherTargets().get(k));
                assertSameBits(from.minus(gradient.scale(0.25)), result.next().others().get(k));
            }
        }
    }

    /// Clipping multiplies all gradients of pairs and others by min(1, clipNorm/(‖g‖ + 10⁻⁶)), ‖g‖ over all of them.
    @Property(tries = 60)
    void clippingIsTorchs(@ForAll("problems") Problem problem) {
        Trainables from = problem.trainables();
        Gradients g = problem.oracle().at(from);
        double squares = 0;
        for (PairGradient pair : g.pairs()) {
            squares += Layer.inner(pair.dA(), pair.dA()) + Layer.inner(pair.dB(), pair.dB());
        }
        for (SimpleMatrix other : g.others()) {
            squares += Layer.inner(other, other);
        }
        for (double clipNorm : new double[] {1e-3, 1, 1e6}) {
            double factor = Math.min(1, clipNorm / (Math.sqrt(squares) + 1e-6));
            Trainables next = Lora.defaults().step(from, Lora.defaults().initialState(from), inputs(1, 0, clipNorm),
                    Sgd.defaults(), problem.oracle()).next();
            for (int j = 0; j < from.pairs().size(); j++) {
                SimpleMatrix step = from.pairs().get(j).b().minus(next.pairs().get(j).b());
                SimpleMatrix expected = g.pairs().get(j).dB().scale(0.1 * factor);
                assertClose(expected, step, 1e-12, Math.max(expected.normF(), 1e-3 * from.pairs().get(j).b().normF()));
            }
            SimpleMatrix step = from.others().getFirst().minus(next.others().getFirst());
            SimpleMatrix expected = g.others().getFirst().scale(0.1 * factor);
            assertClose(expected, step, 1e-12, Math.max(expected.normF(), 1e-3 * from.others().getFirst().normF()));
        }
    }

    @Example
    void stateOfAnotherRuleIsRefused() {
        Problem problem = Problem.draw(1, 1, true, 1);
        assertThrows(IllegalArgumentException.class, () -> EfmLora.defaults().step(problem.trainables(),
                Lora.defaults().initialState(problem.trainables()), inputs(1, 0.1, 0), Sgd.defaults(), problem.oracle()));
    }

    @Example
    void badHyperParametersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(0, 0.1, 0.1, 0.1, 1));
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(1, 0.1, 0.1, -0.1, 1));
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(1, 0.1, 0.1, Double.NaN, 1));
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(1, -0.1, 0.1, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(1, 0.1, Double.POSITIVE_INFINITY, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new StepInputs(1, 0.1, 0.1, 0, -1));
        assertThrows(IllegalArgumentException.class, () -> new LoraPair("w", 0, new SimpleMatrix(2, 3), new SimpleMatrix(3, 2)));
        assertThrows(IllegalArgumentException.class, () -> new LoraPair("w", Double.NaN, new SimpleMatrix(2, 3), new SimpleMatrix(3, 2)));
        assertThrows(IllegalArgumentException.class, () -> new LoraPair("w", 1, new SimpleMatrix(2, 3), new SimpleMatrix(2, 3)));
        LoraPair pair = new LoraPair("w", 1, new SimpleMatrix(2, 3), new SimpleMatrix(3, 2));
        Problem twice = new Problem(new Trainables(List.of(pair, pair), List.of()), List.of(pair, pair),
                new QuadraticOracle(Map.of("w", new SimpleMatrix(3, 3)), Map.of("w", new SimpleMatrix(3, 3)), List.of()));
        for (UpdateRule rule : Problem.RULES) {
            assertThrows(IllegalArgumentException.class, () -> twice.initialState(rule), rule.toString());
        }
        assertEquals(16, Scaling.STANDARD.of(16, 1));
        assertThrows(IllegalArgumentException.class, () -> Scaling.STANDARD.of(16, 0));
    }

    /// Nothing is clipped where clipping is off, and the trace says so.
    @Example
    void clippingIsOff() {
        Problem problem = Problem.draw(2, 2, false, 3);
        for (double clipNorm : new double[] {0, 1e-3}) {
            StepResult result = Lora.defaults().step(problem.trainables(), problem.initialState(Lora.defaults()), inputs(1, 0, clipNorm),
                    Sgd.defaults(), problem.oracle());
            assertEquals(clipNorm > 0, ((Trace.LoraTrace) result.trace()).clipped());
        }
    }

    /// Norms that are finite, and a perturbation that is not: A⁺ and 1/s multiply it away.
    @Example
    void perturbationOfAFactorThatOverflowsSkips() {
        Trainables tiny = new Trainables(List.of(new LoraPair("w", 1e-10, SimpleMatrix.identity(2).scale(1e-300),
                SimpleMatrix.identity(2))), List.of());
        GradientOracle oracle = _ -> new Gradients(1, List.of(new PairGradient(SimpleMatrix.identity(2), SimpleMatrix.identity(2))),
                List.of());
        FmLora rule = new FmLora(NormScope.LAYER, Estimate.A, Factor.B);
        StepResult result = assertSkipped(tiny, rule.initialState(tiny), rule, inputs(1, 0.1, 0), Sgd.defaults(), oracle);
        assertEquals("norm of the perturbation", ((Trace.Skipped) result.trace()).reason());
    }

    /// A full gradient whose elements are finite and whose norm is not: it is part of the joint gradient, whose norm is asked first.
    @Example
    void fullSpaceNormThatOverflowsSkips() {
        Problem problem = Problem.draw(1, 1, false, 3);
        GradientOracle huge = at -> {
            List<PairGradient> pairs = new ArrayList<>();
            for (LoraPair pair : at.pairs()) {
                SimpleMatrix dA = pair.a().createLike();
                dA.fill(1.5e308);
                pairs.add(new PairGradient(pairs.isEmpty() ? pair.a() : dA, pair.b().createLike()));
            }
            return new Gradients(1, pairs, problem.oracle().at(problem.trainables()).others());
        };
        for (NormScope scope : List.of(NormScope.GLOBAL, NormScope.LAYER)) {
            FullSam rule = new FullSam(scope);
            StepResult result = assertSkipped(problem.trainables(), problem.initialState(rule), rule, inputs(1, 0.1, 0), Sgd.defaults(), huge);
            assertEquals("loss or gradient at W0 + s B A", ((Trace.Skipped) result.trace()).reason());
        }
    }

    private static StepResult assertSkipped(Trainables trainables, RuleState state, UpdateRule rule, StepInputs inputs, Descent descent,
                                            GradientOracle oracle) {
        StepResult result = rule.step(trainables, state, inputs, descent, oracle);
        assertTrue(result.skipped(), rule.toString());
        assertInstanceOf(Trace.Skipped.class, result.trace());
        assertSame(trainables, result.next());
        assertSame(state, result.state());
        assertMomentsAreZero(state);
        return result;
    }

    private static void assertMomentsAreZero(RuleState state) {
        for (PairMoments pair : state.moments().pairs()) {
            assertEquals(0, pair.a().first().elementMaxAbs());
            assertEquals(0, pair.b().second().elementMaxAbs());
        }
    }

    private static List<Trainables> run(UpdateRule rule, Problem problem, Descent descent, double rho, double clipNorm, int steps) {
        List<Trainables> path = new ArrayList<>();
        Trainables trainables = problem.trainables();
        RuleState state = problem.initialState(rule);
        for (int t = 1; t <= steps; t++) {
            StepResult result = rule.step(trainables, state, inputs(t, rho, clipNorm), descent, problem.oracle());
            assertFalse(result.skipped());
            trainables = result.next();
            state = result.state();
            path.add(trainables);
        }
        return path;
    }

    private static StepInputs inputs(int t, double rho, double clipNorm) {
        return new StepInputs(t, 0.1, 0.1, rho, clipNorm).at(0.3, 99);
    }

    private static void assertSameTrainables(Trainables expected, Trainables actual) {
        assertEquals(expected.pairs().size(), actual.pairs().size());
        for (int j = 0; j < expected.pairs().size(); j++) {
            assertSameBits(expected.pairs().get(j).a(), actual.pairs().get(j).a());
            assertSameBits(expected.pairs().get(j).b(), actual.pairs().get(j).b());
        }
        for (int k = 0; k < expected.others().size(); k++) {
            assertSameBits(expected.others().get(k), actual.others().get(k));
        }
    }

    private static Trainables copy(Trainables trainables) {
        List<LoraPair> pairs = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            pairs.add(pair.withA(pair.a().copy()).withB(pair.b().copy()));
        }
        List<SimpleMatrix> others = new ArrayList<>();
        for (SimpleMatrix other : trainables.others()) {
            others.add(other.copy());
        }
        return new Trainables(pairs, others);
    }

    private static List<PairGradient> spoilLast(List<PairGradient> pairs, double value) {
        List<PairGradient> spoiled = new ArrayList<>(pairs);
        spoiled.set(pairs.size() - 1, new PairGradient(pairs.getLast().dA(), spoil(pairs.getLast().dB(), value)));
        return spoiled;
    }

    private static SimpleMatrix spoil(SimpleMatrix x, double value) {
        SimpleMatrix spoiled = x.copy();
        spoiled.set(spoiled.getNumElements() - 1, value);
        return spoiled;
    }
}
