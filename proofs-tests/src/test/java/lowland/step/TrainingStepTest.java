package lowland.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import lowland.descent.AdamW;
import lowland.descent.BarSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.operation.Scalar;
import lowland.program.Stage;
import lowland.program.Program;
import lowland.program.State;
import lowland.program.operation.CrossEntropyBackward;
import lowland.program.operation.Dropout;
import lowland.program.operation.Operation;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.Factor;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPair;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.PairMoments;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds of every training step, whatever its rule.
final class TrainingStepTest {
    private static final Network NETWORK = new Network(5, 9, 11, 2, 8, 3, false, true, 0);

    /// Two gradients at LoRA-SAM and FMLoRA, one at the others.
    static Stream<UpdateRule> rules() {
        return Stream.of(Lora.defaults(), LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(), BiLora.defaults());
    }

    static Stream<UpdateRule> allRules() {
        return Trial.rules().stream();
    }

    private static Trial trial(UpdateRule rule, boolean zeroB, long seed) {
        return Trial.draw(rule, AdamW.defaults(), NETWORK, 4, zeroB, false, new Random(seed));
    }

    private static ProgramRun started(Trial trial) {
        ProgramRun run = new ProgramRun(trial);
        run.put(trial.trainables(), trial.initialState());
        return run;
    }

    // ---- radius 0 ----

    static Stream<UpdateRule> loraWithoutARadius() {
        return Stream.concat(allRules().filter(rule -> rule instanceof Lora || Trial.perturbs(rule)),
                Stream.of(new LoraPlus(1), new LoraOBar(new BarSchedule(Schedule.Shape.LINEAR, 0)),
                        new LoraNBar(new BarSchedule(Schedule.Shape.LINEAR, 0))));
    }

    @ParameterizedTest
    @MethodSource("loraWithoutARadius")
    void withoutARadiusItIsLoraBitForBit(UpdateRule rule) {
        // Every B and B2 is any: Bi-LoRA's second pairs count as zero from the first step on.
        Trial trial = trial(rule, false, 3).withRho(0);
        assertEquals("", firstDifference(trial, started(trial)));
    }

    /// The same comparison must tell a tiny radius from none.
    @ParameterizedTest
    @MethodSource("loraWithoutARadius")
    void withATinyRadiusItIsNotLora(UpdateRule rule) {
        Trial trial = trial(rule, rule instanceof BiLora, 3).withRho(1e-7);
        boolean perturbs = Trial.perturbs(rule);
        assertEquals(perturbs, !firstDifference(trial, started(trial)).isEmpty());
    }

    /// Where ten steps differ from LoRA's in a bit, or nothing.
    private static String firstDifference(Trial trial, ProgramRun run) {
        ProgramRun lora = started(trial.withRule(new Lora()));
        for (int t = 1; t <= 10; t++) {
            assertTrue(run.run(trial.inputs(t)));
            assertTrue(lora.run(trial.inputs(t)));
            boolean same = bits(lora.losses().getLast()) == bits(run.losses().getLast())
                    && bits(lora.output("gradientNorm")) == bits(run.output("gradientNorm"))
                    && bits(lora.output("drift")) == bits(run.output("drift"))
                    && bits(lora.trainables()).equals(bits(run.trainables()));
            if (!same) {
                return "step " + t;
            }
        }
        return "";
    }

    /// −0 counts as +0.
    private static long bits(double value) {
        return Double.doubleToRawLongBits(value + 0.0);
    }

    private static List<Long> bits(List<SimpleMatrix> matrices) {
        List<Long> bits = new ArrayList<>();
        for (SimpleMatrix matrix : matrices) {
            for (double value : matrix.getDDRM().getData()) {
                bits.add(bits(value));
            }
        }
        return bits;
    }

    private static List<Long> bits(Trainables trainables) {
        List<SimpleMatrix> matrices = new ArrayList<>(trainables.others());
        matrices.addAll(trainables.whole());
        for (LoraPair pair : trainables.pairs()) {
            matrices.add(pair.a());
            matrices.add(pair.b());
        }
        return bits(matrices);
    }

    private static List<Long> bits(RuleState state) {
        List<SimpleMatrix> matrices = new ArrayList<>();
        List<PairMoments> moments = new ArrayList<>(state.moments().pairs());
        state.moments().whole().forEach(whole -> matrices.addAll(List.of(whole.first(), whole.second())));
        state.moments().others().forEach(other -> matrices.addAll(List.of(other.first(), other.second())));
        switch (state) {
            case RuleState.Descending _, RuleState.Noisy _ -> {}
            case RuleState.Averaging averaging -> matrices.addAll(averaging.average());
            case RuleState.Adversarial adversarial -> {
                moments.addAll(adversarial.auxiliaryMoments());
                adversarial.auxiliaries().forEach(pair -> matrices.addAll(List.of(pair.a(), pair.b())));
            }
        }
        for (PairMoments pair : moments) {
            matrices.addAll(List.of(pair.a().first(), pair.a().second(), pair.b().first(), pair.b().second()));
        }
        return bits(matrices);
    }

    // ---- balance ----

    /// ‖B‖ = ‖A‖ exactly: B counts as the larger, on both sides.
    @Test
    void equalNormsCountAsALargerB() {
        Trial trial = trial(new LoraOBar(new BarSchedule(Schedule.Shape.CONSTANT, 2)), false, 21);
        List<LoraPair> equal = new ArrayList<>();
        for (LoraPair pair : trial.trainables().pairs()) {
            SimpleMatrix a = pair.a().createLike();
            SimpleMatrix b = pair.b().createLike();
            for (int i = 0; i < 4; i++) {
                a.set(i, 0.5);
                b.set(i, -0.5);
            }
            equal.add(pair.withA(a).withB(b));
        }
        Trainables trainables = trial.trainables().withPairs(equal);
        StepInputs inputs = trial.inputs(1);
        ProgramRun run = new ProgramRun(trial);
        run.put(trainables, trial.initialState());
        assertTrue(run.run(inputs));
        StepResult expected = trial.rule().step(trainables, trial.initialState(), inputs, trial.descent(), trial.oracle());
        assertEquals(List.of(), Agreement.of(run, trainables, trial.initialState(), inputs, expected).rejected());
    }

    // ---- cost ----

    @ParameterizedTest
    @MethodSource("rules")
    void gradientEvaluationsAreCounted(UpdateRule rule) {
        Trial trial = trial(rule, true, 5);
        int each = rule instanceof LoraSam || rule instanceof FmLora ? 2 : 1;
        assertEquals(3 * each, evaluations(trial, trial.program()));
        assertEquals(each, trial.program().gradients());
    }

    /// A step that forgets its second gradient must be counted as one.
    @ParameterizedTest
    @MethodSource("rules")
    void aForgottenGradientIsMissed(UpdateRule rule) {
        Trial trial = trial(rule, true, 5);
        TrainingStep right = trial.program();
        TrainingStep once = new TrainingStep(right.clear(), right.gradient(), null, right.descend(), right.evaluate(), right.adapter(),
                right.auxiliary(), right.whole(), right.trained(), right.carried());
        assertEquals(3, evaluations(trial, once));
    }

    /// Backward passes of three steps.
    private static int evaluations(Trial trial, TrainingStep step) {
        int[] evaluations = new int[1];
        ProgramRun run = new ProgramRun(trial, step);
        run.put(trial.trainables(), trial.initialState());
        run.observe(new Observer() {
            @Override
            public void before(Operation operation, Memory memory) {
                evaluations[0] += operation instanceof CrossEntropyBackward ? 1 : 0;
            }

            @Override
            public void after(Operation operation, Memory memory) {}
        });
        for (int t = 1; t <= 3; t++) {
            assertTrue(run.run(trial.inputs(t)));
        }
        return evaluations[0];
    }

    // ---- what is not finite ----

    private static void assertSkipped(ProgramRun run, StepInputs inputs) {
        List<Long> trainables = bits(run.trainables());
        List<Long> state = bits(run.state());
        assertFalse(run.run(inputs));
        assertEquals(1, run.losses().size(), "a step ends where it fails");
        assertEquals(trainables, bits(run.trainables()));
        assertEquals(state, bits(run.state()));
    }

    @ParameterizedTest
    @MethodSource("allRules")
    void nanInTheDataChangesNothing(UpdateRule rule) {
        Trial trial = trial(rule, false, 7);
        ProgramRun run = started(trial);
        assertTrue(run.run(trial.inputs(1)));
        float right = trial.rows().x()[17];
        trial.rows().x()[17] = Float.NaN;
        assertSkipped(run, trial.inputs(2));
        trial.rows().x()[17] = right;
        Trainables trainables = run.trainables();
        RuleState state = run.state();
        StepInputs inputs = trial.inputs(2);
        assertTrue(run.run(inputs));
        StepResult expected = rule.step(trainables, state, inputs, trial.descent(), trial.oracle());
        assertEquals(List.of(), Agreement.of(run, trainables, state, inputs, expected).rejected(), "the step after a skipped one");
    }

    /// ‖Ḡ‖ is finite, but E, which has the size of ρ·A⁺ or ρ·B⁺, is not; at LoRA-SAM the gradient at the perturbed factors is not.
    @ParameterizedTest
    @MethodSource("allRules")
    void anInfinitePerturbationChangesNothing(UpdateRule rule) {
        if (!Trial.perturbs(rule) || rule instanceof BiLora) {
            return;
        }
        Trial trial = trial(rule, false, 9).withRho(Double.MAX_VALUE);
        List<LoraPair> small = new ArrayList<>();
        for (LoraPair pair : trial.trainables().pairs()) {
            small.add(pair.withA(pair.a().scale(0x1p-30)).withB(pair.b().scale(0x1p-30)));
        }
        Trainables trainables = trial.trainables().withPairs(small);
        // Half way through the run, where noise has risen.
        assertTrue(rule.step(trainables, trial.initialState(), trial.inputs(11), trial.descent(), trial.oracle()).skipped());
        ProgramRun run = new ProgramRun(trial);
        run.put(trainables, trial.initialState());
        assertSkipped(run, trial.inputs(11));
    }

    static Stream<UpdateRule> rulesWithANorm() {
        return Stream.of(LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(), FullSam.defaults());
    }

    /// Finite gradients, but ‖g‖² or ‖Ḡ‖², A⁺ times as large, overflows: ρ/∞ would be no perturbation, and the step LoRA's.
    @ParameterizedTest
    @MethodSource("rulesWithANorm")
    void aNormThatOverflowsIsNoPerturbationOfZero(UpdateRule rule) {
        // One layer's pairs of rank 1 with B = 0, so that nothing overflows to both sides.
        Trial all = Trial.draw(rule, AdamW.defaults(), NETWORK, 1, true, false, new Random(31));
        Factors target = all.targets().getFirst();
        List<LoraPair> pairs = new ArrayList<>();
        for (LoraPair pair : all.trainables().pairs().subList(0, target.a().slices())) {
            pairs.add(rule instanceof FmLora || rule instanceof EfmLora ? pair.withA(pair.a().scale(1e-9)) : pair);
        }
        List<SimpleMatrix> head = List.of(all.trainables().others().getFirst().scale(1e160), all.trainables().others().getLast());
        Trial trial = new Trial(rule, all.descent(), NETWORK, all.rows(), all.frozen(), List.of(target), List.of(),
                new Trainables(pairs, head), List.of(), List.of(), all.learningRate(), 0.1, 0);
        assertTrue(trial.oracle().at(trial.trainables()).isFinite());
        assertSkipped(started(trial), trial.inputs(1));
    }

    // ---- what is kept, what is given ----

    /// Pairs, what is trained whole, the head and what is carried are all that a stopped run needs to go on.
    @ParameterizedTest
    @MethodSource("allRules")
    void goesOnFromWhatIsKept(UpdateRule rule) {
        Trial trial = trial(rule, false, 23);
        TrainingStep step = trial.program();
        List<State> kept = new ArrayList<>(RuleStep.both(step.adapter()));
        kept.addAll(RuleStep.both(step.auxiliary()));
        kept.addAll(step.whole());
        kept.addAll(step.trained());
        kept.addAll(step.carried());
        assertEquals(kept.size(), new HashSet<>(kept).size(), "nothing twice");
        ProgramRun run = started(trial);
        assertTrue(run.run(trial.inputs(1)));
        assertTrue(run.run(trial.inputs(2)));
        ProgramRun resumed = run.from(kept);
        assertTrue(run.run(trial.inputs(3)));
        assertTrue(resumed.run(trial.inputs(3)));
        assertEquals(bits(run.trainables()), bits(resumed.trainables()));
        assertEquals(bits(run.state()), bits(resumed.state()));
    }

    @ParameterizedTest
    @MethodSource("allRules")
    void scalarsAreThoseOfTheRule(UpdateRule rule) {
        Trial trial = trial(rule, true, 5);
        for (int t : new int[] {1, 2, 13}) {
            Map<String, Double> expected = ProgramRun.scalars(trial, trial.inputs(t));
            expected.keySet().retainAll(Set.of("ema", "barAlpha", "noiseShare"));
            Map<String, Double> scalars = TrainingStep.scalars(rule, t, trial.inputs(t).progress());
            assertEquals(expected.keySet(), scalars.keySet());
            scalars.forEach((name, value) -> assertEquals(expected.get(name), value, 1e-15));
        }
    }

    // ---- evaluation ----

    /// The adapter alone: no dropout, no perturbation, no second pair.
    @ParameterizedTest
    @MethodSource("rules")
    void evaluatesTheAdapterAlone(UpdateRule rule) {
        Network network = new Network(5, 9, 11, 2, 8, 1, true, true, 0.3);
        Trial trial = Trial.draw(rule, AdamW.defaults(), network, 4, false, false, new Random(29));
        ProgramRun run = started(trial);
        assertTrue(run.run(trial.inputs(1)));
        Network still = new Network(5, 9, 11, 2, 8, 1, true, true, 0);
        double expected = new DenseNetwork(still, trial.rows(), trial.frozen(), trial.whole()).at(run.trainables()).loss();
        double[] losses = run.evaluate("losses");
        double[] logits = run.evaluate("logits");
        assertEquals(expected, Arrays.stream(losses).sum() / trial.rows().count(), Agreement.GRADIENT * (1 + expected));
        for (int i = 0; i < losses.length; i++) {
            assertEquals(Math.pow(logits[i] - trial.rows().targets()[i], 2), losses[i], 4 * 0x1p-53 * losses[i]);
        }
    }

    /// Where nothing is perturbed or dropped, a gradient's logits are those of an evaluation.
    @Test
    void gradientsGiveTheLogits() {
        Trial trial = trial(Lora.defaults(), false, 37);
        ProgramRun run = started(trial);
        double[] expected = run.evaluate("logits").clone();
        assertTrue(run.run(trial.inputs(1)));
        assertArrayEquals(expected, run.logits());
    }

    // ---- names ----

    /// The stages of each program that run once, those that only close a repeated one left out: what a listing is read by.
    @Test
    void stagesAreNamed() {
        StringBuilder names = new StringBuilder();
        for (UpdateRule rule : List.of(Lora.defaults(), LoraPlus.defaults(), LoraOBar.defaults(), LoraSam.defaults(), FmLora.defaults(),
                EfmLora.defaults(), BiLora.defaults(), FlatLora.defaults(), FullSam.defaults())) {
            names.append(rule.getClass().getSimpleName()).append('\n');
            for (Program program : trial(rule, true, 5).program().programs()) {
                List<String> once = program.stages().stream().filter(stage -> stage.repeat() == 0 && !stage.name().startsWith("after ")
                        && !stage.name().contains("backward")).map(Stage::name).toList();
                names.append("    ").append((program.name() + ": " + String.join(", ", once)).strip()).append('\n');
            }
        }
        assertEquals("""
                Lora
                    clear:
                    gradient: main, head, loss
                    descend: gradient norm, clip, descend, drift
                    evaluate: main, head
                LoraPlus
                    clear:
                    gradient: main, head, loss
                    descend: gradient norm, clip, rates, descend, drift
                    evaluate: main, head
                LoraOBar
                    clear:
                    gradient: main, head, loss
                    descend: gradient norm, clip, balance, descend, drift
                    evaluate: main, head
                LoraSam
                    clear:
                    gradient: main, head, loss
                    perturb: main, radius, perturbation norm
                    descend: gradient norm, clip, descend, drift
                    evaluate: main, head
                FmLora
                    clear:
                    gradient: main, head, loss
                    perturb: main, estimate norm, perturbation norm
                    descend: gradient norm, clip, descend, drift
                    evaluate: main, head
                EfmLora
                    clear:
                    gradient: main, head, loss
                    descend: gradient norm, clip, estimate norm, average, perturbation norm, descend, drift
                    evaluate: main, head
                BiLora
                    clear: second pair
                    gradient: main, head, loss
                    descend: gradient norm, clip, auxiliary gradient norm, auxiliary clip, ascend, clip, second pair, descend, drift
                    evaluate: main, head
                FlatLora
                    clear: deviation
                    gradient: main, head, loss
                    descend: main, perturbation norm, gradient norm, clip, descend, drift
                    evaluate: main, head
                FullSam
                    clear:
                    gradient: main, head, loss
                    perturb: main, radius, perturbation norm
                    descend: gradient norm, clip, descend, drift
                    evaluate: main, head
                """, names.toString());
    }

    // ---- micro-batches ----

    @ParameterizedTest
    @MethodSource("rules")
    void microBatchesGiveTheSameStep(UpdateRule rule) {
        Trial trial = trial(rule, false, 13).withClipNorm(0.05);
        ProgramRun run = started(trial).microBatches(5);
        Trainables trainables = trial.trainables();
        RuleState state = trial.initialState();
        for (int t = 1; t <= 3; t++) {
            StepInputs inputs = trial.inputs(t);
            StepResult expected = rule.step(trainables, state, inputs, trial.descent(), trial.oracle());
            run.put(trainables, state);
            assertTrue(run.run(inputs));
            assertEquals(List.of(), Agreement.of(run, trainables, state, inputs, expected).rejected());
            trainables = expected.next();
            state = expected.state();
        }
    }

    // ---- formulas of one step ----

    @Test
    void afterAnActiveClipTheSecondPairsHaveTheNormRho() {
        for (long seed = 0; seed < 20; seed++) {
            BiLora rule = seed % 2 == 0 ? BiLora.defaults() : new BiLora(new Sgd(0.9, 0), 1, seed % 4 == 1);
            Trial trial = trial(rule, false, seed).withRho(0.03);
            ProgramRun run = started(trial);
            for (int t = 1; t <= 3; t++) {
                assertTrue(run.run(trial.inputs(t)));
                assertTrue(run.output("c") > trial.rho() || t > 1, "the clip acts");
                double norm = secondNorm(rule, run);
                if (run.output("c") > trial.rho()) {
                    assertEquals(trial.rho(), norm, 1e-12 * trial.rho());
                } else {
                    assertEquals(run.output("c"), norm, 1e-12 * trial.rho());
                }
            }
        }
    }

    /// Factors times ρ/c in place of √(ρ/c) must not pass for it.
    @Test
    void aClipWithoutTheRootIsSeen() {
        BiLora rule = BiLora.defaults();
        Trial trial = trial(rule, false, 1).withRho(0.03);
        TrainingStep right = trial.program();
        Program descend = right.descend();
        List<Stage> stages = new ArrayList<>();
        for (Stage stage : descend.stages()) {
            stages.add(stage.with(stage.operations().stream()
                    .map(operation -> operation instanceof Scalar root && root.kind() == Scalar.Kind.SQUARE_ROOT
                            && root.a().name().startsWith("clip") ? new Scalar(Scalar.Kind.MINIMUM, root.a(), root.a(), root.y()) : operation)
                    .toList()));
        }
        assertNotEquals(descend.stages(), stages, "the root was found");
        ProgramRun run = new ProgramRun(trial, new TrainingStep(right.clear(), right.gradient(), null,
                new Program(descend.name(), descend.inputs(), descend.reads(), stages, descend.updates(), descend.outputs()),
                right.evaluate(), right.adapter(), right.auxiliary(), right.whole(), right.trained(), right.carried()));
        run.put(trial.trainables(), trial.initialState());
        assertTrue(run.run(trial.inputs(1)));
        assertTrue(run.output("c") > trial.rho(), "the clip acts");
        assertTrue(Math.abs(secondNorm(rule, run) - trial.rho()) > 1e-3 * trial.rho());
    }

    /// √(Σ ‖s2·B2·A2‖²), or without s2, from dense matrices.
    private static double secondNorm(BiLora rule, ProgramRun run) {
        double squared = 0;
        for (LoraPair pair : ((RuleState.Adversarial) run.state()).auxiliaries()) {
            squared += Math.pow((rule.scaleInNorm() ? pair.scaling() : 1) * pair.b().mult(pair.a()).normF(), 2);
        }
        return Math.sqrt(squared);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void driftAndPerturbationNormAreThoseOfDenseMatrices(UpdateRule rule) {
        Trial trial = trial(rule, false, 17);
        ProgramRun run = started(trial);
        for (int t = 1; t <= 3; t++) {
            RuleState before = run.state();
            Trainables old = run.trainables();
            assertTrue(run.run(trial.inputs(t)));
            double drift = 0;
            for (LoraPair pair : run.trainables().pairs()) {
                drift += Math.pow(pair.b().transpose().mult(pair.b()).minus(pair.a().mult(pair.a().transpose())).normF(), 2);
            }
            assertEquals(Math.sqrt(drift), run.output("drift"), 1e-12 * Math.sqrt(drift));
            if (Trial.perturbs(rule)) {
                double change = perturbation(run, rule, before, old);
                // Inner products of Gram matrices lose the digits that cancel in the products: here at most four.
                assertEquals(change, run.output("perturbationNorm"), 1e-12 * change);
            }
        }
    }

    /// ‖W̃ − W‖ over all layers, W̃ and W as dense matrices, from the states that the gradients were taken at.
    private static double perturbation(ProgramRun run, UpdateRule rule, RuleState before, Trainables old) {
        List<SimpleMatrix> epsilonA = rule instanceof LoraSam
                ? run.beside(run.trial().targets(), Factor.A, LinearForm::perturbation) : null;
        List<SimpleMatrix> epsilonB = rule instanceof LoraSam || rule instanceof FmLora
                ? run.beside(run.trial().targets(), Factor.B, LinearForm::perturbation) : null;
        double squared = 0;
        for (int j = 0; j < old.pairs().size(); j++) {
            LoraPair pair = old.pairs().get(j);
            SimpleMatrix change = switch (before) {
                case RuleState.Adversarial adversarial -> adversarial.auxiliaries().get(j).weightChange();
                case RuleState.Averaging averaging -> pair.withB(pair.b().plus(averaging.average().get(j))).weightChange()
                        .minus(pair.weightChange());
                case RuleState.Noisy _ -> throw new IllegalArgumentException("the noise is a state of its own");
                case RuleState.Descending _ -> {
                    LoraPair moved = pair.withB(pair.b().plus(epsilonB.get(j)));
                    yield (epsilonA == null ? moved : moved.withA(pair.a().plus(epsilonA.get(j)))).weightChange()
                            .minus(pair.weightChange());
                }
            };
            squared += Math.pow(change.normF(), 2);
        }
        return Math.sqrt(squared);
    }

    // ---- dropout ----

    @ParameterizedTest
    @MethodSource("rules")
    void bothPassesDropTheSame(UpdateRule rule) {
        Network network = new Network(5, 9, 11, 2, 8, 3, false, true, 0.3);
        Trial trial = Trial.draw(rule, AdamW.defaults(), network, 4, false, false, new Random(19));
        List<boolean[]> kept = new ArrayList<>();
        ProgramRun run = started(trial).microBatches(2).observe(new Observer() {
            @Override
            public void before(Operation operation, Memory memory) {}

            @Override
            public void after(Operation operation, Memory memory) {
                if (operation instanceof Dropout dropout) {
                    double[] y = memory.reals(dropout.y());
                    boolean[] mask = new boolean[y.length];
                    for (int i = 0; i < y.length; i++) {
                        mask[i] = y[i] != 0;
                    }
                    kept.add(mask);
                }
            }
        });
        Trainables trainables = trial.trainables();
        RuleState state = trial.initialState();
        List<boolean[]> first = List.of();
        for (int t = 1; t <= 2; t++) {
            trial.rows().maskKey()[0] = t;
            kept.clear();
            StepInputs inputs = trial.inputs(t);
            StepResult expected = rule.step(trainables, state, inputs, trial.descent(), trial.oracle());
            run.put(trainables, state);
            assertTrue(run.run(inputs));
            // One oracle, hence one mask in both of the reference's passes.
            assertEquals(List.of(), Agreement.of(run, trainables, state, inputs, expected).rejected());
            // A pass has 2 micro-batches of 2 layers, forward and backward.
            assertEquals(8 * trial.program().gradients(), kept.size());
            for (int i = 8; i < kept.size(); i++) {
                assertTrue(Arrays.equals(kept.get(i - 8), kept.get(i)), "mask " + i);
            }
            assertFalse(Arrays.equals(kept.get(0), kept.get(1)), "layers have masks of their own");
            assertFalse(Arrays.equals(kept.get(0), kept.get(4)), "rows have masks of their own");
            if (t == 2) {
                assertFalse(Arrays.equals(first.getFirst(), kept.getFirst()), "steps have masks of their own");
            }
            first = List.copyOf(kept);
            trainables = expected.next();
            state = expected.state();
        }
    }

    // ---- what is refused ----

    @Test
    void badPairsAreRefused() {
        Linear last = NETWORK.lastLinear();
        Factors pair = new Factors(last, Factors.PRIMARY, 2, 1);
        Factors other = new Factors(NETWORK.up(), Factors.AUXILIARY, 2, 1);
        for (double s : new double[] {0, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> new Factors(last, Factors.PRIMARY, 2, s));
        }
        assertThrows(IllegalArgumentException.class, () -> new Factors(last, Factors.PRIMARY, 9, 1));
        assertRefused(BiLora.defaults(), List.of(pair), List.of());
        assertRefused(BiLora.defaults(), List.of(pair), List.of(other));
        assertRefused(BiLora.defaults(), List.of(pair), List.of(pair));
        assertRefused(Lora.defaults(), List.of(pair), List.of(other));
        assertRefused(Lora.defaults(), List.of(pair, pair), List.of());
        assertRefused(new BiLora(new AdamW(0.8, 0.999, 1e-8, 0), 1, true), List.of(pair),
                List.of(new Factors(last, Factors.AUXILIARY, 2, 1)));
    }

    private static void assertRefused(UpdateRule rule, List<Factors> targets, List<Factors> auxiliary) {
        assertThrows(IllegalArgumentException.class, () -> TrainingStep.of(rule, AdamW.defaults(), NETWORK, targets, auxiliary));
    }
}
