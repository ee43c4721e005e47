package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.Sgd;
import lowland.rule.RuleState.Adversarial;
import lowland.rule.Trace.BiLoraTrace;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

class BiLoraProperties {

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    /// A random second pair is brought to ρ from below too; at ρ = 0 nothing is said to be clipped.
    @Example
    void aRandomPairReachesTheRadius() {
        Problem problem = Problem.draw(2, 2, false, 4);
        BiLora rule = new BiLora(Sgd.defaults(), 1, true, BiLora.Role.RANDOM, BiLora.Clip.GLOBAL);
        for (double rho : new double[] {1e-3, 1e6}) {
            StepResult result = rule.step(problem.trainables(), problem.initialState(rule), new StepInputs(1, 0.1, 0.1, rho, 0),
                    Sgd.defaults(), problem.oracle());
            assertClose(rho, norm(((Adversarial) result.state()).auxiliaries(), true), 1e-14, rho);
            assertTrue(((BiLoraTrace) result.trace()).clippedToRho());
        }
        StepResult none = rule.step(problem.trainables(), problem.initialState(rule), new StepInputs(1, 0.1, 0.1, 0, 0), Sgd.defaults(),
                problem.oracle());
        assertFalse(((BiLoraTrace) none.trace()).clippedToRho());
        for (BiLora.Clip clip : List.of(BiLora.Clip.LAYER, BiLora.Clip.NONE)) {
            assertThrows(IllegalArgumentException.class, () -> new BiLora(Sgd.defaults(), 1, true, BiLora.Role.RANDOM, clip));
        }
        assertEquals(0, new BiLora(Sgd.defaults(), 0, true).auxiliaryLearningRateRatio());
    }

    /// Eq. 10: after an active clip the norm over all layers is ρ; after an idle one the pairs are as they were. Both factors shrink alike.
    @Property(tries = 100)
    void clipGivesTheRadius(@ForAll("problems") Problem problem, @ForAll boolean scaleInNorm) {
        BiLora rule = new BiLora(AdamW.defaults(), 1, scaleInNorm);
        double rho = 0.05;
        boolean clipped = false;
        Trainables trainables = problem.trainables();
        RuleState state = rule.initialState(trainables, problem.auxiliaries());
        for (int t = 1; t <= 10; t++) {
            StepResult result = rule.step(trainables, state, new StepInputs(t, 0.02, 0.02, rho, 1), AdamW.defaults(), problem.oracle());
            BiLoraTrace trace = (BiLoraTrace) result.trace();
            List<LoraPair> auxiliaries = ((Adversarial) result.state()).auxiliaries();
            assertClose(norm(trace.ascended(), scaleInNorm), trace.c(), 1e-14, trace.c());
            if (trace.clippedToRho()) {
                clipped = true;
                assertClose(rho, norm(auxiliaries, scaleInNorm), 1e-14, rho);
                double factor = Math.sqrt(rho / trace.c());
                for (int j = 0; j < auxiliaries.size(); j++) {
                    assertClose(trace.ascended().get(j).a().scale(factor), auxiliaries.get(j).a(), 1e-14, auxiliaries.get(j).a().normF());
                    assertClose(trace.ascended().get(j).b().scale(factor), auxiliaries.get(j).b(), 1e-14, auxiliaries.get(j).b().normF());
                }
            } else {
                assertTrue(trace.c() <= rho);
                for (int j = 0; j < auxiliaries.size(); j++) {
                    assertSameBits(trace.ascended().get(j).a(), auxiliaries.get(j).a());
                    assertSameBits(trace.ascended().get(j).b(), auxiliaries.get(j).b());
                }
            }
            trainables = result.next();
            state = result.state();
        }
        assertTrue(clipped, "the clip never acted: the property shows nothing");
    }

    /// Eq. 9: with plain SGD all four factors move along the one gradient at the merged weight, from their old values, B2 and A2 upwards.
    @Property(tries = 100)
    void allFourFromOldValues(@ForAll("problems") Problem problem) {
        BiLora rule = new BiLora(Sgd.defaults(), 3, true);
        Trainables trainables = problem.trainables();
        RuleState state = rule.initialState(trainables, problem.auxiliaries());
        for (int t = 1; t <= 3; t++) {
            List<LoraPair> auxiliaries = ((Adversarial) state).auxiliaries();
            StepResult result = rule.step(trainables, state, new StepInputs(t, 0.02, 0.02, 0.5, 0), Sgd.defaults(), problem.oracle());
            List<LoraPair> ascended = ((BiLoraTrace) result.trace()).ascended();
            Trainables merged = trainables.and(auxiliaries);
            for (int j = 0; j < auxiliaries.size(); j++) {
                LoraPair one = trainables.pairs().get(j);
                LoraPair two = auxiliaries.get(j);
                SimpleMatrix g = problem.oracle().fullGradient(merged, one.name());
                LoraPair next = result.next().pairs().get(j);
                assertClose(one.b().minus(g.mult(one.a().transpose()).scale(0.02 * one.scaling())), next.b(), 1e-14, next.b().normF());
                assertClose(one.a().minus(one.b().transpose().mult(g).scale(0.02 * one.scaling())), next.a(), 1e-14, next.a().normF());
                assertClose(two.b().plus(g.mult(two.a().transpose()).scale(0.06 * two.scaling())), ascended.get(j).b(), 1e-14,
                        ascended.get(j).b().normF());
                assertClose(two.a().plus(two.b().transpose().mult(g).scale(0.06 * two.scaling())), ascended.get(j).a(), 1e-14,
                        ascended.get(j).a().normF());
            }
            trainables = result.next();
            state = result.state();
        }
    }

    /// AdamW's ascent is AdamW's descent on −g, decay included: it shrinks.
    @Property(tries = 50)
    void ascentHasMomentsOfTheNegatedGradientAndDecayShrinks(@ForAll("problems") Problem problem) {
        AdamW ascent = new AdamW(0.9, 0.999, 1e-8, 0.5);
        BiLora rule = new BiLora(ascent, 1, true);
        Adversarial start = rule.initialState(problem.trainables(), problem.auxiliaries());
        StepResult result = rule.step(problem.trainables(), start, new StepInputs(1, 0.1, 0.1, 1e9, 0), AdamW.defaults(), problem.oracle());
        for (int j = 0; j < problem.auxiliaries().size(); j++) {
            // B2 = 0 at the start: gA2 = 0, so only the decay moves A2, and B2 goes up by η in every entry.
            SimpleMatrix a2 = problem.auxiliaries().get(j).a();
            LoraPair after = ((Adversarial) result.state()).auxiliaries().get(j);
            assertClose(a2.scale(1 - 0.1 * 0.5), after.a(), 1e-14, a2.normF());
            SimpleMatrix g = ((BiLoraTrace) result.trace()).gradients().pairs().get(problem.auxiliaries().size() + j).dB();
            for (int i = 0; i < g.getNumElements(); i++) {
                assertEquals(Math.signum(g.get(i)), Math.signum(after.b().get(i)), "ascends");
            }
            PairMoments moments = ((Adversarial) result.state()).auxiliaryMoments().get(j);
            assertClose(g.scale(-0.1), moments.b().first(), 1e-14, g.normF());
        }
    }

    /// The first step of the primary pairs is LoRA's, as B2 = 0; so is every step's clipping: the groups are clipped apart.
    @Property(tries = 50)
    void auxiliaryGradientsDoNotChangeThePrimaryClipping(@ForAll("problems") Problem problem) {
        List<LoraPair> huge = new ArrayList<>();
        for (LoraPair pair : problem.auxiliaries()) {
            huge.add(pair.withA(pair.a().scale(1e6)));
        }
        StepInputs inputs = new StepInputs(1, 0.1, 0.1, 0.05, 1);
        Trainables lora = Lora.defaults().step(problem.trainables(), Lora.defaults().initialState(problem.trainables()), inputs,
                Sgd.defaults(), problem.oracle()).next();
        BiLora rule = BiLora.defaults();
        StepResult result = rule.step(problem.trainables(), rule.initialState(problem.trainables(), huge), inputs, Sgd.defaults(),
                problem.oracle());
        for (int j = 0; j < huge.size(); j++) {
            assertSameBits(lora.pairs().get(j).b(), result.next().pairs().get(j).b());
            assertSameBits(lora.pairs().get(j).a(), result.next().pairs().get(j).a());
        }
        assertTrue(((BiLoraTrace) result.trace()).auxiliaryClipped());
    }

    /// ρ = 0 sets B2 = A2 = 0 after every update, without asking for c.
    @Property(tries = 30)
    void radiusZeroEmptiesTheAuxiliaryPairs(@ForAll("problems") Problem problem) {
        BiLora rule = BiLora.defaults();
        Trainables trainables = problem.trainables();
        RuleState state = rule.initialState(trainables, problem.auxiliaries());
        for (int t = 1; t <= 4; t++) {
            StepResult result = rule.step(trainables, state, new StepInputs(t, 0.1, 0.1, 0, 1), AdamW.defaults(), problem.oracle());
            for (LoraPair pair : ((Adversarial) result.state()).auxiliaries()) {
                assertEquals(0, pair.a().elementMaxAbs());
                assertEquals(0, pair.b().elementMaxAbs());
            }
            trainables = result.next();
            state = result.state();
        }
    }

    /// At ρ = 0 the second pairs count as zero from the first step on: the run is LoRA's, bit for bit, whatever they were.
    @Property(tries = 30)
    void radiusZeroIsLoraFromAnySecondPairs(@ForAll("problems") Problem problem) {
        List<LoraPair> any = new ArrayList<>();
        for (LoraPair pair : problem.auxiliaries()) {
            SimpleMatrix b = pair.b().copy();
            b.fill(0.3);
            any.add(pair.withB(b));
        }
        BiLora rule = BiLora.defaults();
        Lora lora = Lora.defaults();
        Trainables one = problem.trainables();
        Trainables two = one;
        RuleState stateOne = lora.initialState(one);
        RuleState stateTwo = rule.initialState(two, any);
        assertTrue(problem.oracle().at(one).loss() != problem.oracle().at(two.and(any)).loss(), "the second pairs do nothing here");
        for (int t = 1; t <= 4; t++) {
            StepInputs inputs = new StepInputs(t, 0.1, 0.1, 0, 1);
            StepResult first = lora.step(one, stateOne, inputs, AdamW.defaults(), problem.oracle());
            StepResult second = rule.step(two, stateTwo, inputs, AdamW.defaults(), problem.oracle());
            for (int j = 0; j < any.size(); j++) {
                assertSameBits(first.next().pairs().get(j).a(), second.next().pairs().get(j).a());
                assertSameBits(first.next().pairs().get(j).b(), second.next().pairs().get(j).b());
            }
            one = first.next();
            two = second.next();
            stateOne = first.state();
            stateTwo = second.state();
        }
    }

    /// Why A2 must start unlike A1: from equal starts with equal rates W stays W0 exactly until the clip acts.
    @Property(tries = 30)
    void equalStartsCancel(@ForAll("problems") Problem problem) {
        List<LoraPair> primary = new ArrayList<>();
        for (int j = 0; j < problem.trainables().pairs().size(); j++) {
            LoraPair auxiliary = problem.auxiliaries().get(j);
            primary.add(new LoraPair(auxiliary.name(), auxiliary.scaling(), auxiliary.a(), auxiliary.b()));
        }
        assertEquals(0, weightChangeAfterSteps(problem, primary, problem.auxiliaries()));

        List<LoraPair> otherStart = new ArrayList<>();
        for (LoraPair pair : primary) {
            otherStart.add(Initialization.pair(5, pair.name(), pair.scaling(), pair.a().getNumRows(), pair.a().getNumCols(),
                    pair.b().getNumRows()));
        }
        assertTrue(weightChangeAfterSteps(problem, otherStart, problem.auxiliaries()) > 1e-6);
    }

    private static double weightChangeAfterSteps(Problem problem, List<LoraPair> primary, List<LoraPair> auxiliaries) {
        BiLora rule = new BiLora(Sgd.defaults(), 1, true);
        Trainables trainables = problem.trainables().withPairs(primary);
        RuleState state = rule.initialState(trainables, auxiliaries);
        for (int t = 1; t <= 3; t++) {
            StepResult result = rule.step(trainables, state, new StepInputs(t, 1e-3, 1e-3, 1e9, 0), Sgd.defaults(), problem.oracle());
            trainables = result.next();
            state = result.state();
        }
        double change = 0;
        for (int j = 0; j < primary.size(); j++) {
            change = Math.max(change, trainables.pairs().get(j).weightChange()
                    .plus(((Adversarial) state).auxiliaries().get(j).weightChange()).elementMaxAbs());
        }
        return change;
    }

    @Example
    void mismatchedAuxiliariesAreRefused() {
        Problem problem = Problem.draw(2, 2, true, 4);
        BiLora rule = BiLora.defaults();
        assertThrows(IllegalArgumentException.class, () -> rule.initialState(problem.trainables(), List.of()));
        assertThrows(IllegalArgumentException.class, () -> rule.initialState(problem.trainables(), problem.auxiliaries().reversed()));
        assertThrows(IllegalArgumentException.class, () -> new BiLora(AdamW.defaults(), -1, true));
        assertThrows(IllegalArgumentException.class, () -> new BiLora(AdamW.defaults(), Double.NaN, true));
    }

    @Example
    void defaults() {
        assertEquals(new BiLora(new AdamW(0.9, 0.999, 1e-8, 0), 1, true), BiLora.defaults());
        assertEquals(0.05, BiLora.DEFAULT_RHO);
        assertEquals(8, BiLora.DEFAULT_AUXILIARY_RANK);
    }

    private static double norm(List<LoraPair> pairs, boolean scaled) {
        double squares = 0;
        for (LoraPair pair : pairs) {
            SimpleMatrix product = pair.b().mult(pair.a());
            double square = Layer.inner(product, product);
            squares += scaled ? pair.scaling() * pair.scaling() * square : square;
        }
        return Math.sqrt(squares);
    }
}
