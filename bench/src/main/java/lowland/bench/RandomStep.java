package lowland.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import lowland.checkpoint.BertConfig;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import lowland.rule.BiLora;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;

/// A training step of a MiniLM-shaped encoder with random weights.
record RandomStep(String name, TrainingStep step, Session session) {
    private static final int RANK = 8;
    private static final int CLASSES = 15;

    void run(Inputs inputs, Observer observer) {
        session.run("clear", inputs, observer);
        session.run("gradient", inputs, observer);
        if (step.perturb() != null) {
            session.run("perturb", inputs, observer);
            session.run("gradient", inputs, observer);
        }
        session.run("descend", inputs, observer);
    }

    /// Opens it with room for so many sequences and tokens.
    ///
    /// @param targets query,value or all-linear
    static RandomStep open(UpdateRule rule, Device device, int sequences, int tokens, boolean dropout, String targets) {
        BertConfig config = new BertConfig("bert", 6, 384, 12, 1536, 30_522, 512, 2, 0, 1e-12, 0.1, 0.1, 0.1);
        Bert model = new Bert(config, "", Bert.Pooling.MEAN, CLASSES, false, 0, dropout);
        List<Factors> pairs = new ArrayList<>();
        List<Factors> auxiliary = new ArrayList<>();
        for (Linear linear : targets(model, targets)) {
            pairs.add(new Factors(linear, Factors.PRIMARY, RANK, 2));
            if (rule instanceof BiLora) {
                auxiliary.add(new Factors(linear, Factors.AUXILIARY, RANK, 2));
            }
        }
        TrainingStep step = TrainingStep.of(rule, AdamW.defaults(), model, pairs, auxiliary);
        Session session = device.open(step.programs(), Map.of("tokens", tokens, "sequences", sequences));
        model.frozen().forEach(state -> random(session, state, state.name().contains("Norm.weight") ? 1 : 0));
        step.trained().forEach(state -> random(session, state, 0));
        for (Factors pair : pairs) {
            random(session, pair.a(), 0);
            random(session, pair.b(), 0);
        }
        for (Factors pair : auxiliary) {
            random(session, pair.a(), 0);
        }
        return new RandomStep(rule.getClass().getSimpleName(), step, session);
    }

    private static List<Linear> targets(Bert model, String targets) {
        return switch (targets) {
            case "query,value" -> List.of(model.query(), model.value());
            case "all-linear" -> model.linears();
            default -> throw new IllegalArgumentException("targets are query,value or all-linear, not " + targets);
        };
    }

    private static void random(Session session, State state, double mean) {
        long key = CounterRandom.tensorKey(1, state.name());
        for (int layer = 0; layer < state.slices(); layer++) {
            float[] values = new float[state.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + 0.1 * (CounterRandom.uniform(CounterRandom.child(key + layer, i)) - 0.5));
            }
            session.write(state, layer, values);
        }
    }

    /// Sequences of so many tokens, of 6 to 30 if that is 0.
    static Inputs inputs(int count, int length) {
        int[] starts = new int[count + 1];
        for (int n = 0; n < count; n++) {
            starts[n + 1] = starts[n] + (length > 0 ? length : 6 + (int) Long.remainderUnsigned(CounterRandom.mix(n), 25));
        }
        int tokens = starts[count];
        int[] ids = new int[tokens];
        int[] places = new int[tokens];
        int[] sequences = new int[tokens];
        int[] labels = new int[count];
        int[] rows = new int[count];
        for (int n = 0; n < count; n++) {
            rows[n] = n;
            labels[n] = n % CLASSES;
            for (int i = starts[n]; i < starts[n + 1]; i++) {
                ids[i] = (int) Long.remainderUnsigned(CounterRandom.mix(i), 30_522);
                places[i] = i - starts[n];
                sequences[i] = n;
            }
        }
        return new Inputs().extent("tokens", tokens).extent("sequences", count).ints("ids", ids).ints("types", new int[tokens])
                .ints("positions", places).ints("places", places).ints("sequences", sequences).ints("starts", starts).ints("labels", labels)
                .ints("rows", rows).ints("rowPlaces", new int[count]).ints("maskKey", Mask.halves(1, 1, 0))
                .scalar("lossWeight", 1.0 / count).scalar("rho", 0.05).scalar("learningRate", 1e-5).scalar("headLearningRate", 1e-5)
                .scalar("clipNorm", 1).scalar("correction1", 0.1).scalar("correction2", 0.001).scalar("ema", 0.9);
    }
}
