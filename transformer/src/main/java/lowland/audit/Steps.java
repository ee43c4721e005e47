package lowland.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Sgd;
import lowland.model.Bert;
import lowland.program.Comparison;
import lowland.program.Device;
import lowland.program.Divergence;
import lowland.program.Inputs;
import lowland.program.Unrolling.Instruction;
import lowland.program.Interpreter;
import lowland.program.Liveness;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Constant;
import lowland.program.operation.Operation;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPair;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;
import org.ejml.simple.SimpleMatrix;

/// The rules' two writings against each other, and the device against what its programs mean, on the training steps of a tiny encoder.
///
/// A device that does nothing errs nowhere: so each claim also counts what was compared, and that what is trained has moved.
final class Steps {
    private static final double RHO = 0.05;
    /// Where in a run these steps are, for what a rule schedules.
    private static final double PROGRESS = 0.5;

    private Steps() {
    }

    static List<Claim> claims(Supplier<Device> device, Supplier<Device> watched) {
        Map<String, Started> rules = new LinkedHashMap<>();
        rules.put("lora", new Started(Lora.defaults(), (at, _) -> Lora.defaults().initialState(at)));
        rules.put("lora-plus", new Started(LoraPlus.defaults(), (at, _) -> LoraPlus.defaults().initialState(at)));
        rules.put("lora-obar", new Started(LoraOBar.defaults(), (at, _) -> LoraOBar.defaults().initialState(at)));
        rules.put("lora-nbar", new Started(LoraNBar.defaults(), (at, _) -> LoraNBar.defaults().initialState(at)));
        rules.put("flat-lora", new Started(FlatLora.defaults(), (at, start) -> FlatLora.defaults().initialState(at, start.weights())));
        rules.put("lora-sam", new Started(LoraSam.defaults(), (at, _) -> LoraSam.defaults().initialState(at)));
        rules.put("fmlora", new Started(FmLora.defaults(), (at, _) -> FmLora.defaults().initialState(at)));
        rules.put("efmlora", new Started(EfmLora.defaults(), (at, _) -> EfmLora.defaults().initialState(at)));
        BiLora biLora = new BiLora(Sgd.defaults(), 1, true);
        rules.put("bi-lora", new Started(biLora, (at, start) -> biLora.initialState(at, start.second())));
        rules.put("full-sam", new Started(FullSam.defaults(), (at, _) -> FullSam.defaults().initialState(at)));
        List<Claim> claims = new ArrayList<>();
        rules.forEach((name, rule) -> claims.add(Claim.holds("step-" + name, "the step's program, in double",
                "the training step's program does what the rule says: factors after three steps", 1,
                (literal, _) -> againstTheRule(literal, rule))));
        Map<String, UpdateRule> executed = new LinkedHashMap<>();
        rules.forEach((name, rule) -> executed.put(name, rule.rule()));
        executed.put("full", FullFineTuning.defaults());
        executed.forEach((name, rule) -> claims.add(Claim.holds("device-" + name, "the device, in float",
                "every operation of two training steps is within its derived bound, on the device's own inputs, and the steps train", 1,
                (_, _) -> operations(watched.get(), rule))));
        claims.add(Claim.holds("device-radius-zero", "the device, in float", "at ρ = 0 every rule with a radius is LoRA, bit for bit", 1,
                (_, _) -> radiusZero(device.get(), executed)));
        return claims;
    }

    /// A rule, and what it remembers at the start.
    private record Started(UpdateRule rule, BiFunction<Trainables, Start, RuleState> start) {
    }

    /// What some rules start from.
    ///
    /// @param weights W0 of each pair
    /// @param second  Bi-LoRA's second pairs
    private record Start(List<SimpleMatrix> weights, List<LoraPair> second) {
    }

    /// A tiny encoder in training on a device, its pairs with B ≠ 0.
    private record Training(UpdateRule rule, TrainingStep step, Session session) implements AutoCloseable {

        static Training open(Device device, UpdateRule rule, Descent descent, int layers) {
            Bert model = TinyTransformer.model(layers);
            TrainingStep step = TinyTransformer.step(rule, descent, model);
            Session session = device.open(step.programs(), TinyTransformer.CAPACITY);
            List<State> states = new ArrayList<>(TinyTransformer.frozen(model));
            for (List<Factors> pairs : List.of(step.adapter(), step.auxiliary())) {
                for (Factors pair : pairs) {
                    states.add(pair.a());
                    states.add(pair.b());
                }
            }
            for (State state : states) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    session.write(state, layer, TinyTransformer.drawn(state, layer));
                }
            }
            for (Factors pair : step.adapter()) {
                State squares = pair.linear().squaredRowNorms();
                if (step.programs().stream().anyMatch(program -> program.reads().containsKey(squares))) {
                    for (int layer = 0; layer < squares.slices(); layer++) {
                        session.write(squares, layer, squaredRowNorms(pair.linear(), layer));
                    }
                }
            }
            return new Training(rule, step, session);
        }

        private static float[] squaredRowNorms(Linear linear, int layer) {
            float[] weight = TinyTransformer.drawn(linear.weight(), layer);
            float[] squares = new float[linear.out()];
            for (int row = 0; row < squares.length; row++) {
                double sum = 0;
                for (int k = row * linear.in(); k < (row + 1) * linear.in(); k++) {
                    sum += (double) weight[k] * weight[k];
                }
                squares[row] = (float) sum;
            }
            return squares;
        }

        /// The programs of one step, in their order.
        List<Program> programs() {
            return step.perturb() == null ? List.of(step.clear(), step.gradient(), step.descend())
                    : List.of(step.clear(), step.gradient(), step.perturb(), step.gradient(), step.descend());
        }

        /// @return false if a guard ended a program
        boolean train(int t, double rho, Observer observer) {
            Inputs inputs = TinyTransformer.inputs(t, rho);
            TrainingStep.scalars(rule, t, PROGRESS).forEach(inputs::scalar);
            boolean passed = true;
            for (Program program : programs()) {
                passed &= observer == null ? session.run(program.name(), inputs) : session.run(program.name(), inputs, observer);
            }
            return passed;
        }

        /// What the operations of a step make, in numbers, but for those that nothing needs, and for constants, which a device need not make.
        long made() {
            Map<String, Integer> sizes = TinyTransformer.inputs(1, RHO).extents();
            long made = 0;
            for (Program program : programs()) {
                for (Instruction instruction : new Liveness(program, TinyTransformer.CAPACITY).instructions()) {
                    if (instruction.operation() instanceof Constant) {
                        continue;
                    }
                    for (Value output : instruction.operation().outputs()) {
                        made += output.shape().size(sizes);
                    }
                }
            }
            return made;
        }

        /// The matrices that are the result: factors, or every weight. Biases are left out: a key's has no gradient.
        private List<State> trained() {
            List<State> states = new ArrayList<>();
            for (Factors pair : step.adapter()) {
                states.add(pair.a());
                states.add(pair.b());
            }
            step.whole().stream().filter(state -> state.shape().rank() == 2).forEach(states::add);
            return states;
        }

        /// They, layer by layer.
        List<float[]> values() {
            List<float[]> values = new ArrayList<>();
            for (State state : trained()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    values.add(session.read(state, layer));
                }
            }
            return values;
        }

        /// How many of them are as they began.
        long unmoved() {
            long unmoved = 0;
            for (State state : trained()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    unmoved += Arrays.equals(session.read(state, layer), TinyTransformer.drawn(state, layer)) ? 1 : 0;
                }
            }
            return unmoved;
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private static List<Measured> againstTheRule(Rules rules, Started started) {
        UpdateRule rule = started.rule();
        try (Training training = Training.open(new Interpreter(), rule, Sgd.defaults(), 1)) {
            Interpreter.Run run = (Interpreter.Run) training.session();
            TinyTransformer oracle = new TinyTransformer();
            Trainables at = new Trainables(pairs(run, training.step().adapter()), List.of());
            List<SimpleMatrix> weights = training.step().adapter().stream().map(pair -> matrix(run, pair.linear().weight())).toList();
            RuleState state = started.start().apply(at, new Start(weights, pairs(run, training.step().auxiliary())));
            for (int t = 1; t <= 3; t++) {
                if (!training.train(t, RHO, null)) {
                    return List.of(Measured.that("no step ended at a guard", false));
                }
                StepInputs inputs = new StepInputs(t, 0.01, 0, RHO, 0).at(PROGRESS, TinyTransformer.noiseKey(t));
                StepResult result = rules.step(rule, at, state, inputs, Sgd.defaults(), oracle);
                at = result.next();
                state = result.state();
            }
            SimpleMatrix expected = Stacked.factors(at);
            SimpleMatrix found = Stacked.factors(new Trainables(pairs(run, training.step().adapter()), List.of()));
            return List.of(Measured.equal("A, B after three steps", expected, found, 1e-10, expected.normF()));
        }
    }

    private static List<LoraPair> pairs(Interpreter.Run run, List<Factors> all) {
        List<LoraPair> pairs = new ArrayList<>();
        for (Factors factors : all) {
            pairs.add(new LoraPair(factors.linear().module(0), factors.scaling(), matrix(run, factors.a()), matrix(run, factors.b())));
        }
        return pairs;
    }

    private static SimpleMatrix matrix(Interpreter.Run run, State state) {
        return new SimpleMatrix(state.shape().fixed(0), state.shape().fixed(1), true, run.values(state, 0).clone());
    }

    private static List<Measured> operations(Device device, UpdateRule rule) {
        double[] worst = new double[1];
        Comparison comparison = new Comparison(element -> worst[0] = Math.max(worst[0], ratio(element)));
        long[] compared = new long[1];
        Observer counting = new Observer() {
            @Override
            public void before(Operation operation, Memory memory) {
                comparison.before(operation, memory);
            }

            @Override
            public void after(Operation operation, Memory memory) {
                long before = comparison.compared();
                comparison.after(operation, memory);
                compared[0] += operation instanceof Constant ? 0 : comparison.compared() - before;
            }
        };
        try (Training training = Training.open(device, rule, AdamW.defaults(), 2)) {
            for (int t = 1; t <= 2; t++) {
                if (!training.train(t, RHO, counting)) {
                    return List.of(Measured.that("no step ended at a guard", false));
                }
            }
            comparison.worst().values().forEach(element -> worst[0] = Math.max(worst[0], ratio(element)));
            return List.of(
                    new Measured(compared[0] + " numbers, the largest error over its bound", worst[0], 1),
                    Measured.same("numbers made by operations and not compared", 0, 2 * training.made() - compared[0]),
                    Measured.same("trained matrices that did not move", 0, training.unmoved()));
        }
    }

    private static double ratio(Divergence.Element element) {
        return Double.isNaN(element.ratio()) ? Double.POSITIVE_INFINITY : element.ratio();
    }

    private static List<Measured> radiusZero(Device device, Map<String, UpdateRule> rules) {
        List<Measured> measured = new ArrayList<>();
        List<float[]> plain = withoutRadius("lora", device, Lora.defaults(), measured);
        rules.forEach((name, rule) -> {
            boolean radius = switch (rule) {
                case LoraSam _, FmLora _, EfmLora _, BiLora _, FlatLora _, FullSam _ -> true;
                case Lora _, LoraPlus _, LoraOBar _, LoraNBar _, FullFineTuning _ -> false;
            };
            if (radius) {
                List<float[]> found = withoutRadius(name, device, rule, measured);
                long different = 0;
                for (int i = 0; i < found.size(); i++) {
                    for (int k = 0; k < found.get(i).length; k++) {
                        different += found.get(i)[k] == plain.get(i)[k] ? 0 : 1;
                    }
                }
                measured.add(Measured.same(name + ": numbers of the adapter that differ after three steps", 0, different));
            }
        });
        return measured;
    }

    /// The adapter after three steps at ρ = 0.
    private static List<float[]> withoutRadius(String name, Device device, UpdateRule rule, List<Measured> measured) {
        try (Training training = Training.open(device, rule, AdamW.defaults(), 2)) {
            for (int t = 1; t <= 3; t++) {
                measured.add(Measured.that(name + ": no step ended at a guard", training.train(t, 0, null)));
            }
            measured.add(Measured.same(name + ": factors that did not move", 0, training.unmoved()));
            return training.values();
        }
    }
}
