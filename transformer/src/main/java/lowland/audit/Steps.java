package lowland.audit;

import java.util.ArrayList;
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
import lowland.program.Interpreter;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.State;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.LoraSam;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.TrainingStep;
import org.ejml.simple.SimpleMatrix;

/// The rules' two writings against each other, and the device against what its programs mean, on the training steps of a tiny encoder.
final class Steps {
    private static final double RHO = 0.05;

    private Steps() {
    }

    static List<Claim> claims(Supplier<Device> device, Supplier<Device> watched) {
        Map<String, Started> rules = new LinkedHashMap<>();
        rules.put("lora", new Started(Lora.defaults(), (at, _) -> Lora.defaults().initialState(at)));
        rules.put("lora-sam", new Started(LoraSam.defaults(), (at, _) -> LoraSam.defaults().initialState(at)));
        rules.put("fmlora", new Started(FmLora.defaults(), (at, _) -> FmLora.defaults().initialState(at)));
        rules.put("efmlora", new Started(EfmLora.defaults(), (at, _) -> EfmLora.defaults().initialState(at)));
        BiLora biLora = new BiLora(Sgd.defaults(), 1, true);
        rules.put("bi-lora", new Started(biLora, biLora::initialState));
        List<Claim> claims = new ArrayList<>();
        rules.forEach((name, rule) -> claims.add(Claim.holds("step-" + name, "the step's program, in double",
                "the training step's program does what the rule says: factors after three steps", 1,
                (literal, _) -> againstTheRule(literal, rule))));
        rules.forEach((name, rule) -> claims.add(Claim.holds("device-" + name, "the device, in float",
                "every operation of two training steps is within its derived bound, on the device's own inputs", 1,
                (_, _) -> operations(watched.get(), rule.rule()))));
        claims.add(Claim.holds("device-radius-zero", "the device, in float", "at ρ = 0 every rule with a radius is LoRA, bit for bit", 1,
                (_, _) -> radiusZero(device.get(), rules)));
        return claims;
    }

    /// A rule, and what it remembers at the start; second pairs are Bi-LoRA's.
    private record Started(UpdateRule rule, BiFunction<Trainables, List<LoraPair>, RuleState> start) {
    }

    /// A tiny encoder in training on a device, its pairs with B ≠ 0.
    private record Training(Bert model, TrainingStep step, Session session) implements AutoCloseable {

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
            return new Training(model, step, session);
        }

        boolean train(int t, double rho, Observer observer) {
            Inputs inputs = TinyTransformer.inputs(t, rho);
            run("clear", inputs, observer);
            run("gradient", inputs, observer);
            if (step.perturb() != null) {
                run("perturb", inputs, observer);
                run("gradient", inputs, observer);
            }
            return run("descend", inputs, observer);
        }

        private boolean run(String program, Inputs inputs, Observer observer) {
            return observer == null ? session.run(program, inputs) : session.run(program, inputs, observer);
        }

        List<float[]> adapter() {
            List<float[]> values = new ArrayList<>();
            for (Factors pair : step.adapter()) {
                for (int layer = 0; layer < pair.a().slices(); layer++) {
                    values.add(session.read(pair.a(), layer));
                    values.add(session.read(pair.b(), layer));
                }
            }
            return values;
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
            int rank = training.step().auxiliary().isEmpty() ? TinyTransformer.RANK : 2 * TinyTransformer.RANK + 1;
            TinyTransformer oracle = new TinyTransformer(rank);
            Trainables at = new Trainables(pairs(run, training.step().adapter()), List.of());
            RuleState state = started.start().apply(at, pairs(run, training.step().auxiliary()));
            for (int t = 1; t <= 3; t++) {
                training.train(t, RHO, null);
                StepResult result = rules.step(rule, at, state, new StepInputs(t, 0.01, 0, RHO, 0), Sgd.defaults(), oracle);
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
        try (Training training = Training.open(device, rule, AdamW.defaults(), 2)) {
            for (int t = 1; t <= 2; t++) {
                if (!training.train(t, RHO, comparison)) {
                    return List.of(Measured.that("a step ended at a guard", false));
                }
            }
        }
        comparison.worst().values().forEach(element -> worst[0] = Math.max(worst[0], ratio(element)));
        return List.of(new Measured(comparison.compared() + " numbers, the largest error over its bound", worst[0], 1));
    }

    private static double ratio(Divergence.Element element) {
        return Double.isNaN(element.ratio()) ? Double.POSITIVE_INFINITY : element.ratio();
    }

    private static List<Measured> radiusZero(Device device, Map<String, Started> rules) {
        List<float[]> plain = null;
        List<Measured> measured = new ArrayList<>();
        for (Map.Entry<String, Started> rule : rules.entrySet()) {
            try (Training training = Training.open(device, rule.getValue().rule(), AdamW.defaults(), 2)) {
                for (int t = 1; t <= 3; t++) {
                    training.train(t, 0, null);
                }
                List<float[]> found = training.adapter();
                plain = plain == null ? found : plain;
                long different = 0;
                for (int i = 0; i < found.size(); i++) {
                    for (int k = 0; k < found.get(i).length; k++) {
                        different += found.get(i)[k] == plain.get(i)[k] ? 0 : 1;
                    }
                }
                measured.add(Measured.same(rule.getKey() + ": numbers of the adapter that differ after three steps", 0, different));
            }
        }
        return measured;
    }
}
