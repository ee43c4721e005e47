package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.descent.Moments;
import lowland.descent.Sgd;
import lowland.rule.BiLora;
import lowland.rule.FlatLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.LoraPair;
import lowland.rule.PairMoments;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// The program of every rule computes what the literal rule of `lowland.rule` computes, on gradients that share no code.
final class RuleEquivalenceProperties {
    private static final int STEPS = 20;

    /// How far a run on its own may be from the reference after 20 steps, relative to each factor. A step's own error is below
    /// κ²·(64u + τ) ≤ 1.1e-6 (κ ≤ 1000), mostly below 1e-12, and 20 steps of a smooth loss multiply it by a small number; but AdamW
    /// divides by √v̂ + 1e-8, so that where a gradient nearly vanishes, its error is magnified.
    private static final double FREE = 1e-6;

    /// A loss from which a run (a multilinear one, with momentum) will not come back: there it ends.
    private static final double DIVERGED = 1e3;

    @Provide
    Arbitrary<UpdateRule> rules() {
        return Arbitraries.of(Trial.rules());
    }

    @Property(generation = GenerationMode.EXHAUSTIVE)
    void forcedToTheReferencesStateAtEachOfTwentySteps(@ForAll @From("rules") UpdateRule rule) {
        int index = Trial.rules().indexOf(rule);
        int compared = 0;
        for (int turn = 0; turn < 8; turn += 2) {
            int rank = 1 + (index + turn) % 8;
            compared += forced(Trial.draw(rule, rank, 100 * index + rank));
        }
        int enough = compared;
        assertTrue(compared >= STEPS, () -> rule + ": only " + enough + " of 80 steps were well-conditioned enough to compare");
    }

    @Property(tries = 12)
    void forcedToTheReferencesState(@ForAll @From("rules") UpdateRule rule, @ForAll long seed) {
        forced(Trial.draw(rule, 1 + Math.floorMod(seed, 8), seed));
    }

    /// A run that fits its rows well: of 1 − p little is left.
    @Example
    void forcedWhereTheLossIsSmall() {
        assertEquals(STEPS, forced(Trial.draw(new FullFineTuning(), 1 + Math.floorMod(-290, 8), -290)));
    }

    /// With magnitudes beside the pairs, where a rule has pairs and perturbs none of what DoRA does not define.
    @Property(generation = GenerationMode.EXHAUSTIVE)
    void forcedUnderDora(@ForAll @From("decomposing") UpdateRule rule) {
        int index = Trial.rules().indexOf(rule);
        for (int turn = 0; turn < 2; turn++) {
            assertTrue(forced(Trial.draw(rule, 1 + (index + 3 * turn) % 8, 300 + 2 * index + turn).decomposed()) >= 0);
        }
    }

    @Provide
    Arbitrary<UpdateRule> decomposing() {
        return Arbitraries.of(Trial.rules().stream()
                .filter(rule -> !(rule instanceof FullFineTuning || rule instanceof FlatLora || rule instanceof FullSam)).toList());
    }

    /// Without a radius too: Bi-LoRA's second pairs, whatever they are, count as zero in both, and so does c.
    @Property(generation = GenerationMode.EXHAUSTIVE)
    void forcedWithoutARadius(@ForAll @From("rules") UpdateRule rule) {
        int index = Trial.rules().indexOf(rule);
        Trial trial = Trial.draw(rule, AdamW.defaults(), new Network(5, 9, 11, 2, 8, 3, false, true, 0), 1 + index % 8, false, false,
                new Random(index)).withRho(0);
        assertTrue(forced(trial) >= 1);
    }

    /// Without a radius c is not asked for, even where it overflows; with one it ends the step.
    @Example
    void aSecondPairThatOverflowsWithoutARadius() {
        UpdateRule rule = new BiLora(new Sgd(0.9, 0.1), 1, true);
        Trial trial = Trial.draw(rule, AdamW.defaults(), new Network(5, 9, 11, 2, 8, 3, false, true, 0), 3, false, false, new Random(41));
        RuleState.Adversarial state = (RuleState.Adversarial) trial.initialState();
        List<PairMoments> huge = new ArrayList<>();
        for (LoraPair pair : state.auxiliaries()) {
            SimpleMatrix a = pair.a().createLike();
            SimpleMatrix b = pair.b().createLike();
            a.fill(1e200);
            b.fill(1e200);
            huge.add(new PairMoments(new Moments(a, a), new Moments(b, b)));
        }
        state = new RuleState.Adversarial(state.moments(), state.auxiliaries(), huge);
        for (double rho : new double[] {0, 1e-3}) {
            StepInputs inputs = trial.withRho(rho).inputs(1);
            ProgramRun run = new ProgramRun(trial);
            run.put(trial.trainables(), state);
            StepResult expected = rule.step(trial.trainables(), state, inputs, trial.descent(), trial.oracle());
            assertEquals(rho > 0, expected.skipped(), "the reference asks for c only where there is a radius");
            assertEquals(rho == 0, run.run(inputs), "the program guards c only where there is a radius");
        }
    }

    /// @return the steps that were compared
    private static int forced(Trial trial) {
        ProgramRun run = new ProgramRun(trial);
        Trainables trainables = trial.trainables();
        RuleState state = trial.initialState();
        int compared = 0;
        for (int t = 1; t <= STEPS && trial.oracle().at(trainables).loss() < DIVERGED; t++) {
            StepInputs inputs = trial.inputs(t);
            StepResult expected = trial.rule().step(trainables, state, inputs, trial.descent(), trial.oracle());
            assertFalse(expected.skipped(), trial + ", step " + t);
            run.put(trainables, state);
            assertTrue(run.run(inputs), trial + ", step " + t);
            if (wellConditioned(expected.trace(), trainables)) {
                compared++;
                Agreement agreement = Agreement.of(run, trainables, state, inputs, expected);
                int step = t;
                assertEquals(List.of(), agreement.rejected(), () -> trial + ", step " + step + ": " + agreement.ratios());
            }
            trainables = expected.next();
            state = expected.state();
        }
        return compared;
    }

    /// κ ≤ 1000 of every factor that is pseudo-inverted; beyond, the bound proves little.
    private static boolean wellConditioned(Trace trace, Trainables trainables) {
        return switch (trace) {
            case Trace.FmLoraTrace _ -> Agreement.condition(trainables.pairs()) <= 1000;
            case Trace.EfmLoraTrace efm -> Agreement.condition(efm.perturbed().pairs()) <= 1000;
            default -> true;
        };
    }

    @Property(generation = GenerationMode.EXHAUSTIVE)
    void onItsOwnForTwentySteps(@ForAll @From("rules") UpdateRule rule) {
        Trial trial = lasting(rule);
        ProgramRun run = new ProgramRun(trial);
        run.put(trial.trainables(), trial.initialState());
        Trainables trainables = trial.trainables();
        RuleState state = trial.initialState();
        for (int t = 1; t <= STEPS; t++) {
            StepInputs inputs = trial.inputs(t);
            StepResult expected = trial.rule().step(trainables, state, inputs, trial.descent(), trial.oracle());
            assertTrue(run.run(inputs));
            trainables = expected.next();
            state = expected.state();
        }
        Trainables actual = run.trainables();
        double worst = 0;
        for (int j = 0; j < trainables.pairs().size(); j++) {
            LoraPair pair = trainables.pairs().get(j);
            worst = Math.max(worst, distance(pair.a(), actual.pairs().get(j).a()));
            worst = Math.max(worst, distance(pair.b(), actual.pairs().get(j).b()));
        }
        for (int k = 0; k < trainables.whole().size(); k++) {
            worst = Math.max(worst, distance(trainables.whole().get(k), actual.whole().get(k)));
        }
        for (int k = 0; k < trainables.others().size(); k++) {
            worst = Math.max(worst, distance(trainables.others().get(k), actual.others().get(k)));
        }
        if (rule instanceof BiLora) {
            List<LoraPair> auxiliaries = ((RuleState.Adversarial) state).auxiliaries();
            List<LoraPair> found = ((RuleState.Adversarial) run.state()).auxiliaries();
            for (int j = 0; j < auxiliaries.size(); j++) {
                worst = Math.max(worst, distance(auxiliaries.get(j).a(), found.get(j).a()));
                worst = Math.max(worst, distance(auxiliaries.get(j).b(), found.get(j).b()));
            }
        }
        double error = worst;
        assertTrue(error <= FREE, () -> trial + ": " + error);
    }

    /// A trial whose factors stay well-conditioned for twenty steps: a factor that begins at zero has low rank after a step, so that of most
    /// trials of the rules that take a pseudo-inverse of B only a step or two could be compared.
    private static Trial lasting(UpdateRule rule) {
        int index = Trial.rules().indexOf(rule);
        for (int attempt = 0; attempt < 200; attempt++) {
            Trial trial = Trial.draw(rule, 1 + (index + attempt) % 8, 7 * index + 1 + 1000 * attempt);
            Trainables trainables = trial.trainables();
            RuleState state = trial.initialState();
            int steps = 0;
            while (steps < STEPS) {
                StepResult next = trial.rule().step(trainables, state, trial.inputs(steps + 1), trial.descent(), trial.oracle());
                if (!wellConditioned(next.trace(), trainables)) {
                    break;
                }
                steps++;
                trainables = next.next();
                state = next.state();
            }
            if (steps == STEPS) {
                return trial;
            }
        }
        throw new AssertionError(rule + ": no trial of 200 stays well-conditioned for " + STEPS + " steps");
    }

    /// ‖actual − expected‖/‖expected‖; NaN stays NaN.
    private static double distance(SimpleMatrix expected, SimpleMatrix actual) {
        double error = actual.minus(expected).normF();
        return error == 0 ? 0 : error / expected.normF();
    }
}
