package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import lowland.descent.AdamW;
import lowland.descent.BarSchedule;
import lowland.descent.Descent;
import lowland.descent.Schedule;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Stage;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Add;
import lowland.program.operation.Constant;
import lowland.program.operation.Operation;
import lowland.program.operation.Relu;
import lowland.program.operation.Scalar;
import lowland.program.operation.Scale;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Wrong training steps that [Agreement] must reject, in the very way in which `RuleEquivalenceProperties` accepts the right ones.
///
/// | what is wrong                                    | rejected by            |
/// |--------------------------------------------------|------------------------|
/// | perturbation dropped                             | perturbation           |
/// | descent for ascent in the perturbation           | perturbation           |
/// | ascent for descent in the final update           | A                      |
/// | sign(g)⊙g for g                                  | perturbation           |
/// | a number added to the norm                       | perturbation           |
/// | descent from the perturbed factors               | B                      |
/// | s missing in the perturbation                    | perturbation           |
/// | A perturbed in place of B                        | perturbationNorm       |
/// | the norms of A and B changed over                | perturbation           |
/// | A's gradient taken for B's in the estimate       | perturbation           |
/// | one norm a layer in place of one over all        | perturbation           |
/// | only B perturbed                                 | perturbation of A      |
/// | first pass' gradients left in the second's       | gradient               |
/// | Ê made from B in place of B̃                      | perturbation (Ê)       |
/// | β and 1 − β changed over                         | perturbation (Ê)       |
/// | second pair descends                             | A2                     |
/// | second pair ascends after the first's step       | A2, B2                 |
/// | clip of B2 alone                                 | A2, B2                 |
/// | second pair's rate ratio missing                 | A2                     |
/// | s missing in c                                   | c                      |
/// | clip to ρ missing                                | A2                     |
/// | one clip a layer in place of one over all        | A2                     |
/// | second pair not drawn anew                       | A2                     |
/// | one norm over all in place of one a layer        | perturbation of W      |
/// | Flat-LoRA's noise dropped, or not rising         | perturbation of W      |
/// | oBAR and nBAR changed over                       | A                      |
/// | α dropped, or not scheduled                      | A                      |
/// | B's own rate of LoRA+ missing                    | B                      |
/// | Adam's bias not corrected                        | A                      |
/// | weight decay missing                             | A                      |
/// | clip of the gradient norm missing                | clip                   |
/// | head stepped at the pairs' rate                  | head                   |
final class MutantTest {
    private static final Descent ADAM_W = new AdamW(0.9, 0.999, 1e-8, 0.1);
    private static final LoraSam LORA_SAM = new LoraSam(NormScope.GLOBAL);
    private static final FmLora FM_LORA = new FmLora(NormScope.LAYER, Estimate.MEAN, Factor.B);
    private static final EfmLora EFM_LORA = new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, 0.7, EmaStart.ZERO);
    private static final LoraOBar O_BAR = new LoraOBar(new BarSchedule(Schedule.Shape.LINEAR, 2));
    private static final LoraNBar N_BAR = new LoraNBar(new BarSchedule(Schedule.Shape.LINEAR, 2));
    private static final BiLora BI_LORA = new BiLora(AdamW.defaults(), 0.5, true);

    /// @param check a quantity that shows it
    /// @param programs what becomes of the right training step
    /// @param scalars what becomes of the right inputs of `perturb` and `descend`
    private record Mutant(String name, UpdateRule rule, String check, Wrong programs, UnaryOperator<Map<String, Double>> scalars) {
        @Override
        public String toString() {
            return rule.getClass().getSimpleName() + ": " + name;
        }
    }

    private interface Wrong {
        TrainingStep of(Trial trial);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                scalar("perturbation dropped", LORA_SAM, "perturbation of B", "rho", _ -> 0.0),
                scalar("perturbation dropped", FM_LORA, "perturbation of B", "rho", _ -> 0.0),
                scalar("perturbation dropped", EFM_LORA, "perturbation of B", "rho", _ -> 0.0),
                scalar("descent for ascent in the perturbation", LORA_SAM, "perturbation of B", "rho", rho -> -rho),
                scalar("descent for ascent in the perturbation", FM_LORA, "perturbation of B", "rho", rho -> -rho),
                scalar("descent for ascent in the perturbation", EFM_LORA, "perturbation of B", "rho", rho -> -rho),
                scalar("ascent for descent in the final update", new Lora(), "A", "learningRate", rate -> -rate),
                scalar("ascent for descent in the final update", LORA_SAM, "B", "learningRate", rate -> -rate),
                scalar("ascent for descent in the final update", FM_LORA, "A", "learningRate", rate -> -rate),
                scalar("ascent for descent in the final update", EFM_LORA, "B", "learningRate", rate -> -rate),
                scalar("ascent for descent in the final update", BI_LORA, "A", "learningRate", rate -> -rate),
                program("sign(g)⊙g for g", LORA_SAM, "perturbation of A", MutantTest::absolute),
                program("10⁻³ added to the norm", LORA_SAM, "perturbation of A", MutantTest::lengthened),
                program("10⁻³ added to the norm", FM_LORA, "perturbation of B", MutantTest::lengthened),
                program("10⁻³ added to the norm", EFM_LORA, "perturbation of B", MutantTest::lengthened),
                program("descent from the perturbed factors", LORA_SAM, "B", MutantTest::notRestored),
                new Mutant("second pair ascends after the first's step", BI_LORA, "A2", MutantTest::afterTheFirst, UnaryOperator.identity()),
                new Mutant("second pair ascends after the first's step", BI_LORA, "B2", MutantTest::afterTheFirst, UnaryOperator.identity()),
                program("clip of B2 alone", BI_LORA, "A2", MutantTest::clipOfB),
                program("clip of B2 alone", BI_LORA, "B2", MutantTest::clipOfB),
                operation("s missing in the perturbation", FM_LORA, "perturbation of B", MutantTest::withoutScaling),
                operation("s missing in the perturbation", EFM_LORA, "perturbation of B", MutantTest::withoutScaling),
                rule("A perturbed in place of B", FM_LORA, "perturbationNorm", new FmLora(NormScope.LAYER, Estimate.MEAN, Factor.A)),
                program("the norms of A and B changed over", new LoraSam(NormScope.FACTOR), "perturbation of A", MutantTest::changedOver),
                rule("A's gradient taken for B's in the estimate", new FmLora(NormScope.LAYER, Estimate.B, Factor.B), "perturbation of B",
                        new FmLora(NormScope.LAYER, Estimate.A, Factor.B)),
                rule("one norm a layer in place of one over all", LORA_SAM, "perturbation of A", new LoraSam(NormScope.LAYER)),
                rule("one norm a layer in place of one over all", new FmLora(NormScope.GLOBAL, Estimate.MEAN, Factor.B),
                        "perturbation of B", FM_LORA),
                rule("one norm a layer in place of one over all",
                        new EfmLora(NormScope.GLOBAL, Estimate.MEAN, Factor.B, 0.7, EmaStart.ZERO), "perturbation of B", EFM_LORA),
                program("only B perturbed", LORA_SAM, "perturbation of A",
                        program -> withoutUpdates(program, "lora_A.weight.perturbation")),
                program("first pass' gradients left in the second's", LORA_SAM, "gradient of B",
                        program -> withoutUpdates(program, ".gradient")),
                program("Ê made from B in place of B̃", EFM_LORA, "perturbation of B", MutantTest::unperturbed),
                scalar("β and 1 − β changed over", EFM_LORA, "perturbation of B", "ema", ema -> 1 - ema),
                program("second pair descends", BI_LORA, "A2", MutantTest::descending),
                rule("second pair's rate ratio missing", BI_LORA, "A2", BiLora.defaults()),
                rule("s missing in c", BI_LORA, "c", new BiLora(AdamW.defaults(), 0.5, false)),
                scalar("clip to rho missing", BI_LORA, "A2", "rho", _ -> Double.POSITIVE_INFINITY),
                rule("one clip a layer in place of one over all", BI_LORA, "A2",
                        new BiLora(AdamW.defaults(), 0.5, true, BiLora.Role.ASCEND, BiLora.Clip.LAYER)),
                rule("a second pair that is not drawn anew",
                        new BiLora(AdamW.defaults(), 0.5, true, BiLora.Role.RANDOM, BiLora.Clip.GLOBAL), "A2", BI_LORA),
                rule("one norm over all in place of one a layer", new FullSam(NormScope.LAYER), "perturbation of W", FullSam.defaults()),
                scalar("noise dropped", FlatLora.defaults(), "perturbation of W", "noiseShare", _ -> 0.0),
                scalar("noise that does not rise", FlatLora.defaults(), "perturbation of W", "noiseShare", _ -> 1.0),
                rule("the larger factor grows", O_BAR, "A", N_BAR),
                rule("the factor with the larger gradient shrinks", N_BAR, "A", O_BAR),
                scalar("alpha dropped", O_BAR, "A", "barAlpha", _ -> 0.0),
                scalar("alpha not scheduled", N_BAR, "A", "barAlpha", _ -> N_BAR.alpha().alpha()),
                rule("B's own rate missing", new LoraPlus(4), "B", new Lora()),
                new Mutant("Adam's bias not corrected", new Lora(), "A", Trial::program, scalars -> {
                    scalars.put("correction1", 1.0);
                    scalars.put("correction2", 1.0);
                    return scalars;
                }),
                new Mutant("weight decay missing", new Lora(), "A",
                        trial -> TrainingStep.of(trial.rule(), AdamW.defaults(), trial.network(), trial.targets(), List.of()),
                        UnaryOperator.identity()),
                scalar("clip of the gradient norm missing", new Lora(), "clip", "clipNorm", _ -> Double.POSITIVE_INFINITY),
                scalar("head stepped at the pairs' rate", new Lora(), "head", "headLearningRate", rate -> rate / 2));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isRejected(Mutant mutant) {
        Trial trial = trial(mutant.rule());
        assertEquals(Set.of(), rejected(trial, trial.program(), UnaryOperator.identity()), "the right program");
        Set<String> rejected = rejected(trial, mutant.programs().of(trial), mutant.scalars());
        assertTrue(rejected.contains(mutant.check()), () -> "not rejected by '" + mutant.check() + "' but by " + rejected);
    }

    /// Scalings 2 and −1.5 and the like, B and B2 ≠ 0, clips that act.
    private static Trial trial(UpdateRule rule) {
        Network network = new Network(5, 9, 11, 2, 8, 3, false, true, 0);
        Trial trial = Trial.draw(rule, ADAM_W, network, 3, false, false, new Random(11));
        return trial.withClipNorm(0.05).withRho(0.1);
    }

    /// The checks that reject any of four steps, each from the reference's state.
    private static Set<String> rejected(Trial trial, TrainingStep step, UnaryOperator<Map<String, Double>> scalars) {
        ProgramRun run = new ProgramRun(trial, step);
        Trainables trainables = trial.trainables();
        RuleState state = trial.initialState();
        Set<String> rejected = new LinkedHashSet<>();
        for (int t = 1; t <= 4; t++) {
            StepInputs inputs = trial.inputs(t);
            StepResult expected = trial.rule().step(trainables, state, inputs, trial.descent(), trial.oracle());
            run.put(trainables, state);
            assertTrue(run.run(scalars.apply(ProgramRun.scalars(trial, inputs))));
            rejected.addAll(Agreement.of(run, trainables, state, inputs, expected).rejected());
            trainables = expected.next();
            state = expected.state();
        }
        return rejected;
    }

    // ---- ways of being wrong ----

    private static Mutant scalar(String name, UpdateRule rule, String check, String scalar, UnaryOperator<Double> change) {
        return new Mutant(name, rule, check, Trial::program, scalars -> {
            scalars.computeIfPresent(scalar, (_, value) -> change.apply(value));
            return scalars;
        });
    }

    private static Mutant rule(String name, UpdateRule rule, String check, UpdateRule wrong) {
        return new Mutant(name, rule, check, trial -> trial.withRule(wrong).program(), UnaryOperator.identity());
    }

    private static Mutant program(String name, UpdateRule rule, String check, UnaryOperator<Program> change) {
        return new Mutant(name, rule, check, trial -> {
            TrainingStep right = trial.program();
            return new TrainingStep(right.clear(), right.gradient(), right.perturb() == null ? null : change.apply(right.perturb()),
                    right.perturb() == null ? change.apply(right.descend()) : right.descend(), right.evaluate(), right.adapter(),
                    right.auxiliary(), right.whole(), right.trained(), right.carried());
        }, UnaryOperator.identity());
    }

    private static Mutant operation(String name, UpdateRule rule, String check, UnaryOperator<Operation> change) {
        return program(name, rule, check, program -> mapped(program, "", change));
    }

    /// Every operation of the stages of this name replaced.
    private static Program mapped(Program program, String stageName, UnaryOperator<Operation> change) {
        return staged(program, stage -> !stage.name().startsWith(stageName) ? stage
                : stage.with(stage.operations().stream().map(change).toList()));
    }

    private static Program staged(Program program, UnaryOperator<Stage> change) {
        return new Program(program.name(), program.inputs(), program.reads(), program.stages().stream().map(change).toList(),
                program.updates(), program.outputs());
    }

    private static Program withoutUpdates(Program program, String suffix) {
        Map<State, Value> updates = new LinkedHashMap<>(program.updates());
        updates.keySet().removeIf(state -> state.name().endsWith(suffix));
        return new Program(program.name(), program.inputs(), program.reads(), program.stages(), updates, program.outputs());
    }

    /// 1/s² becomes 1.
    private static Operation withoutScaling(Operation operation) {
        if (operation instanceof Constant(double value, Value y)) {
            for (double s : Trial.SCALINGS) {
                if (s != 1 && value == 1 / (s * s)) {
                    return new Constant(1, y);
                }
            }
        }
        return operation;
    }

    /// The coefficients of ε_A and ε_B, the two scales of a stage.
    private static Program changedOver(Program program) {
        return staged(program, stage -> {
            List<Operation> operations = new ArrayList<>(stage.operations());
            Map<Integer, Scale> scales = new HashMap<>();
            List<Integer> places = new ArrayList<>();
            for (int i = 0; i < operations.size(); i++) {
                if (operations.get(i) instanceof Scale scale) {
                    scales.put(i, scale);
                    places.add(i);
                }
            }
            if (places.size() == 2) {
                Scale a = scales.get(places.get(0));
                Scale b = scales.get(places.get(1));
                operations.remove((int) places.get(1));
                operations.remove((int) places.get(0));
                int afterBoth = places.get(1) - 1;
                operations.add(afterBoth, new Scale(b.x(), a.factor(), b.y()));
                operations.add(afterBoth, new Scale(a.x(), b.factor(), a.y()));
            }
            return stage.with(operations);
        });
    }

    /// A value beside those of a program.
    private static Value further(int id, String name, Value like) {
        return new Value(1_000_000 + id, name, like.type(), like.shape(), like.repeat());
    }

    private static Program expanded(Program program, String stageName, Function<Operation, List<Operation>> change) {
        return staged(program, stage -> !stage.name().startsWith(stageName) ? stage
                : stage.with(stage.operations().stream().flatMap(operation -> change.apply(operation).stream()).toList()));
    }

    /// Of a perturbation that is c·g the g becomes |g| = max(g, 0) + max(−g, 0).
    private static Program absolute(Program program) {
        return expanded(program, "perturb ", operation -> {
            if (!(operation instanceof Scale scale)) {
                return List.of(operation);
            }
            Value g = scale.x();
            int id = 10 * scale.y().id();
            Value minusOne = new Value(1_000_000 + id, "minusOne", scale.factor().type(), lowland.program.Shape.SCALAR, g.repeat());
            Value negative = further(id + 1, "negative", g);
            Value above = further(id + 2, "above", g);
            Value below = further(id + 3, "below", g);
            Value size = further(id + 4, "size", g);
            return List.of(new Constant(-1, minusOne), new Scale(g, minusOne, negative), new Relu(g, above), new Relu(negative, below),
                    new Add(above, below, size), new Scale(size, scale.factor(), scale.y()));
        });
    }

    /// ρ/N becomes ρ/(N + 10⁻³).
    private static Program lengthened(Program program) {
        return expanded(program, "", operation -> {
            if (!(operation instanceof Scalar(Scalar.Kind kind, Value rho, Value norm, Value y)) || kind != Scalar.Kind.DIVIDE_OR_ZERO) {
                return List.of(operation);
            }
            Value more = further(10 * y.id(), "more", y);
            Value longer = further(10 * y.id() + 1, "longer", y);
            return List.of(new Constant(1e-3, more), new Scalar(Scalar.Kind.ADD, norm, more, longer), new Scalar(kind, rho, longer, y));
        });
    }

    /// B + ε_B, which the norm of the change makes, becomes B itself: the gradient is taken there, and the descent starts there.
    private static Program notRestored(Program program) {
        Map<State, Value> updates = new LinkedHashMap<>(program.updates());
        for (Stage stage : program.stages()) {
            for (Operation operation : stage.operations()) {
                if (operation instanceof Add(Value b, Value epsilon, Value moved) && b.name().endsWith("lora_B.weight")) {
                    program.reads().forEach((state, value) -> {
                        if (value.equals(b)) {
                            updates.put(state, moved);
                        }
                    });
                    updates.values().removeIf(epsilon::equals);
                }
            }
        }
        return new Program(program.name(), program.inputs(), program.reads(), program.stages(), updates, program.outputs());
    }

    /// The first pair and the head step first; then the gradient is taken anew, and the second pair steps.
    private static TrainingStep afterTheFirst(Trial trial) {
        TrainingStep right = trial.program();
        Set<State> second = new HashSet<>();
        for (State state : right.descend().updates().keySet()) {
            if (right.auxiliary().stream().anyMatch(pair -> state.name().startsWith(pair.a().name()) || state.name().startsWith(pair.b().name()))) {
                second.add(state);
            }
        }
        Recording p = new Recording("perturb");
        new BiLoraStep((BiLora) trial.rule(), right.adapter(), right.auxiliary()).descend(p, new Descending(trial.descent(), List.of()),
                right.trained());
        Zeros.record(p, List.copyOf(right.clear().updates().keySet()).stream().filter(state -> state.name().endsWith(".gradient")).toList());
        Program first = p.finish();
        return new TrainingStep(right.clear(), right.gradient(), withUpdates(first, state -> !second.contains(state)),
                withUpdates(right.descend(), second::contains), right.evaluate(), right.adapter(), right.auxiliary(), right.whole(),
                right.trained(), right.carried());
    }

    private static Program withUpdates(Program program, Predicate<State> kept) {
        Map<State, Value> updates = new LinkedHashMap<>(program.updates());
        updates.keySet().removeIf(kept.negate());
        return new Program(program.name(), program.inputs(), program.reads(), program.stages(), updates, program.outputs());
    }

    /// √(ρ/c) on A2 and B2 becomes 1 on A2 and its square on B2.
    private static Program clipOfB(Program program) {
        return staged(program, stage -> {
            if (!stage.name().startsWith("clip ")) {
                return stage;
            }
            List<Operation> operations = new ArrayList<>();
            boolean ofB = false;
            for (Operation operation : stage.operations()) {
                if (operation instanceof Scale scale) {
                    Value factor = new Value(1_000_000 + 10 * scale.y().id(), "factor", scale.factor().type(), scale.factor().shape(),
                            scale.y().repeat());
                    operations.add(ofB ? new Scalar(Scalar.Kind.MULTIPLY, scale.factor(), scale.factor(), factor) : new Constant(1, factor));
                    operations.add(new Scale(scale.x(), factor, scale.y()));
                    ofB = true;
                } else {
                    operations.add(operation);
                }
            }
            return stage.with(operations);
        });
    }

    /// B + Ê becomes B.
    private static Program unperturbed(Program program) {
        return staged(program, stage -> {
            List<Operation> operations = new ArrayList<>();
            for (Operation operation : stage.operations()) {
                if (operation instanceof Add add && add.b().name().endsWith(".perturbation")) {
                    Value one = new Value(1_000_000 + add.y().id(), "one", lowland.program.ElementType.DOUBLE, lowland.program.Shape.SCALAR,
                            add.y().repeat());
                    operations.add(new Constant(1, one));
                    operations.add(new Scale(add.a(), one, add.y()));
                } else {
                    operations.add(operation);
                }
            }
            return stage.with(operations);
        });
    }

    /// The −1 of the ascent becomes 1.
    private static Program descending(Program program) {
        return mapped(program, "ascend", operation -> operation instanceof Constant(double value, Value y) && value == -1
                ? new Constant(1, y) : operation);
    }
}
