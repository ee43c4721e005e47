package lowland.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import lowland.checkpoint.BertConfig;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.model.Bert;
import lowland.model.Bottleneck;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;

/// A tiny encoder in training on a device: what the tests of whole steps drive.
public final class EquivalenceTraining implements AutoCloseable {
    public static final Map<String, Integer> CAPACITY = Map.of("tokens", 20, "sequences", 5);
    public static final int[] LENGTHS = {7, 1, 5, 3};
    public static final int CLASSES = 3;
    public static final List<UpdateRule> RULES = List.of(Lora.defaults(), LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(),
            BiLora.defaults());
    /// Those that the papers compare with.
    static final List<UpdateRule> KIN = List.of(LoraOBar.defaults(), LoraNBar.defaults(), LoraPlus.defaults(), FlatLora.defaults(),
            FullSam.defaults(), FullFineTuning.defaults());

    public final Bert model;
    public final TrainingStep step;
    public final Session session;

    /// The sizes: heads of 8 or 12 channels, nothing a multiple of 16.
    /// `decomposed`: under DoRA.
    public record Sizes(int hidden, int heads, int intermediate, int vocabulary, int rank, double scaling, boolean dropout, boolean decomposed) {
        public static final Sizes TINY = new Sizes(36, 3, 40, 50, 4, 2, false);

        public Sizes(int hidden, int heads, int intermediate, int vocabulary, int rank, double scaling, boolean dropout) {
            this(hidden, heads, intermediate, vocabulary, rank, scaling, dropout, false);
        }
    }

    public EquivalenceTraining(Device device, UpdateRule rule, Descent descent, Sizes sizes, Map<String, Integer> capacity) {
        this(device, rule, descent, sizes, capacity, Bert.Pooling.MEAN);
    }

    /// @param pooling FIRST makes it a RoBERTa
    public EquivalenceTraining(Device device, UpdateRule rule, Descent descent, Sizes sizes, Map<String, Integer> capacity,
            Bert.Pooling pooling) {
        this(device, rule, descent, sizes, capacity, pooling, Bottleneck.NONE);
    }

    /// @param layers that are trained in the place of pairs, where there are any
    public EquivalenceTraining(Device device, UpdateRule rule, Descent descent, Sizes sizes, Map<String, Integer> capacity,
            Bert.Pooling pooling, Bottleneck layers) {
        boolean roberta = pooling == Bert.Pooling.FIRST;
        BertConfig config = new BertConfig(roberta ? "roberta" : "bert", 2, sizes.hidden, sizes.heads, sizes.intermediate, sizes.vocabulary, 16, 2, 0, 1e-12,
                0.1, 0.2, 0.1);
        model = new Bert(config, roberta ? "roberta." : "", pooling, CLASSES, false, 0.1, sizes.dropout, layers);
        step = layers.size() > 0 ? TrainingStep.of(rule, descent, model, List.of(), List.of())
                : step(rule, descent, model, sizes.rank, sizes.scaling, sizes.decomposed);
        session = device.open(step.programs(), capacity);
        initialise(session, model, step);
    }

    public EquivalenceTraining(Device device, UpdateRule rule, Sizes sizes) {
        this(device, rule, AdamW.defaults(), sizes, CAPACITY);
    }

    public static TrainingStep step(UpdateRule rule, Descent descent, Bert model, int rank, double scaling, boolean decomposed) {
        List<Factors> pairs = new ArrayList<>();
        List<Factors> auxiliary = new ArrayList<>();
        List<Linear> adapted = rule instanceof FullFineTuning ? List.of() : List.of(model.query(), model.value());
        for (Linear linear : adapted) {
            pairs.add(new Factors(linear, Factors.PRIMARY, rank, scaling, decomposed));
            if (rule instanceof BiLora) {
                auxiliary.add(new Factors(linear, Factors.AUXILIARY, rank, scaling));
            }
        }
        return TrainingStep.of(rule, descent, model, pairs, auxiliary);
    }

    /// Every state by its name: the same on every device. Factors B are not zero, so that perturbations are not.
    public static void initialise(Session session, Bert model, TrainingStep step) {
        model.frozen().forEach(state -> gaussian(session, state, state.name().contains("Norm.weight") ? 1 : 0, 0.15));
        for (Linear linear : model.linears()) {
            State squares = linear.squaredRowNorms();
            for (int layer = 0; layer < squares.slices() && reads(step, squares); layer++) {
                float[] weight = session.read(linear.weight(), layer);
                float[] sums = new float[linear.out()];
                for (int i = 0; i < weight.length; i++) {
                    sums[i / linear.in()] += weight[i] * weight[i];
                }
                session.write(squares, layer, sums);
                for (Factors pair : step.adapter()) {
                    if (pair.decomposed() && pair.linear().equals(linear)) {
                        session.write(pair.magnitude(), layer, sums);
                    }
                }
            }
        }
        step.trained().forEach(state -> gaussian(session, state, 0, 0.2));
        model.inserted().forEach(state -> gaussian(session, state, state.name().endsWith("norm.weight") ? 1 : 0, 0.2));
        for (Factors pair : step.adapter()) {
            gaussian(session, pair.a(), 0, 0.2);
            gaussian(session, pair.b(), 0, 0.05);
        }
        for (Factors pair : step.auxiliary()) {
            gaussian(session, pair.a(), 0, 0.2);
            gaussian(session, pair.b(), 0, 0);
        }
    }

    private static boolean reads(TrainingStep step, State state) {
        return step.programs().stream().anyMatch(program -> program.reads().containsKey(state));
    }

    /// Normal numbers, a function of the state's name.
    public static void gaussian(Session session, State state, double mean, double deviation) {
        long key = CounterRandom.tensorKey(7, state.name());
        for (int layer = 0; layer < state.slices(); layer++) {
            float[] values = new float[state.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + deviation * CounterRandom.gaussian(CounterRandom.child(CounterRandom.child(key, layer), i)));
            }
            session.write(state, layer, values);
        }
    }

    /// The inputs of all programs for one step: a batch of sequences of these lengths, its content drawn from `seed`.
    public static Inputs inputs(int[] lengths, int vocabulary, long seed, int t, double rho) {
        int tokens = java.util.Arrays.stream(lengths).sum();
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        int[] positions = new int[tokens];
        int[] sequences = new int[tokens];
        int[] starts = new int[lengths.length + 1];
        int[] labels = new int[lengths.length];
        int[] rows = new int[lengths.length + 1];
        for (int n = 0, i = 0; n < lengths.length; n++) {
            starts[n] = i;
            rows[n] = n;
            labels[n] = draw(seed, 1000 + n, CLASSES);
            for (int place = 0; place < lengths[n]; place++, i++) {
                ids[i] = draw(seed, 100L * n + place, vocabulary);
                types[i] = place % 2;
                positions[i] = place;
                sequences[i] = n;
            }
        }
        starts[lengths.length] = tokens;
        rows[lengths.length] = lengths.length;
        return new Inputs().extent("tokens", tokens).extent("sequences", lengths.length)
                .ints("ids", ids).ints("types", types).ints("positions", positions).ints("starts", starts).ints("labels", labels)
                .ints("firsts", starts).ints("rowStarts", rows)
                .ints("sequences", sequences).ints("places", positions).ints("rows", rows).ints("rowPlaces", new int[lengths.length])
                .ints("maskKey", Mask.halves(seed, t, 0)).scalar("lossWeight", 1.0 / lengths.length)
                .scalar("rho", rho).scalar("learningRate", 0.01).scalar("headLearningRate", 0.02).scalar("clipNorm", 1)
                .scalar("correction1", 1 - Math.pow(0.9, t)).scalar("correction2", 1 - Math.pow(0.999, t)).scalar("ema", 0.9)
                .scalar("barAlpha", 0.25)
                .scalar("noiseShare", 0.5).ints("noiseKey", Mask.halves(seed + t));
    }

    private static int draw(long seed, long index, int below) {
        return (int) Long.remainderUnsigned(CounterRandom.child(CounterRandom.mix(seed), index), below);
    }

    /// Step t of training; false if a guard ended it.
    public boolean train(int t, double rho, Observer observer) {
        Inputs inputs = inputs(LENGTHS, model.config().vocabulary(), t, t, rho);
        session.run("clear", inputs, observer);
        session.run("gradient", inputs, observer);
        if (step.perturb() != null) {
            session.run("perturb", inputs, observer);
            session.run("gradient", inputs, observer);
        }
        return session.run("descend", inputs, observer);
    }

    public boolean train(int t, double rho) {
        Inputs inputs = inputs(LENGTHS, model.config().vocabulary(), t, t, rho);
        session.run("clear", inputs);
        session.run("gradient", inputs);
        if (step.perturb() != null) {
            session.run("perturb", inputs);
            session.run("gradient", inputs);
        }
        return session.run("descend", inputs);
    }

    public double loss() {
        return session.scalar("gradient", "loss");
    }

    public float[] logits() {
        float[] logits = new float[LENGTHS.length * CLASSES];
        session.copy("gradient", "logits", logits);
        return logits;
    }

    /// The pairs that are the result, and the head.
    public List<State> results() {
        List<State> states = new ArrayList<>();
        for (Factors pair : step.adapter()) {
            states.add(pair.a());
            states.add(pair.b());
        }
        states.addAll(step.trained());
        return states;
    }

    /// All that a step changes.
    public List<State> changing() {
        List<State> states = results();
        for (Factors pair : step.auxiliary()) {
            states.add(pair.a());
            states.add(pair.b());
        }
        states.addAll(step.carried());
        return states;
    }

    /// The values of states, slice by slice.
    public List<float[]> values(List<State> states) {
        List<float[]> values = new ArrayList<>();
        for (State state : states) {
            for (int layer = 0; layer < state.slices(); layer++) {
                values.add(session.read(state, layer));
            }
        }
        return values;
    }

    @Override
    public void close() {
        session.close();
    }
}
