package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.checkpoint.BertConfig;
import lowland.descent.Descent;
import lowland.descent.Sgd;
import lowland.model.Bert;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import lowland.rule.BiLora;
import lowland.rule.FullFineTuning;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.Initialization;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;
import org.ejml.simple.SimpleMatrix;

/// An encoder of one layer with a fixed batch, as a program: a gradient oracle by the interpreter in double precision, and the model
/// and batch that whole training steps are checked on.
final class TinyTransformer implements GradientOracle {
    static final Map<String, Integer> CAPACITY = Map.of("tokens", 12, "sequences", 3);
    private static final int[] LENGTHS = {5, 1, 4};
    private static final int CLASSES = 3;
    private static final int VOCABULARY = 20;
    private static final int CHANNELS = 12;
    static final int RANK = 2;
    private static final double SCALING = 2;

    private final TrainingStep step;
    private final Interpreter.Run session;

    TinyTransformer() {
        Bert model = model(1);
        step = TrainingStep.of(Lora.defaults(), Sgd.defaults(), model, factors(model, Factors.PRIMARY, CHANNELS), List.of());
        session = new Interpreter().open(step.programs(), CAPACITY);
        for (State state : frozen(model)) {
            for (int layer = 0; layer < state.slices(); layer++) {
                float[] values = drawn(state, layer);
                session.write(state, layer, values);
            }
        }
    }

    static Bert model(int layers) {
        BertConfig config = new BertConfig("bert", layers, CHANNELS, 3, 14, VOCABULARY, 8, 2, 0, 1e-12, 0, 0, 0);
        return new Bert(config, "", Bert.Pooling.MEAN, CLASSES, false, 0, false);
    }

    /// Adapters of rank 2 on query and value, for Bi-LoRA second ones too; none in full fine-tuning.
    static TrainingStep step(UpdateRule rule, Descent descent, Bert model) {
        return TrainingStep.of(rule, descent, model, rule instanceof FullFineTuning ? List.of() : factors(model, Factors.PRIMARY, RANK),
                rule instanceof BiLora ? factors(model, Factors.AUXILIARY, RANK + 1) : List.of());
    }

    private static List<Factors> factors(Bert model, String name, int rank) {
        return List.of(new Factors(model.query(), name, rank, SCALING), new Factors(model.value(), name, rank, SCALING));
    }

    /// Everything that is not a pair: weights and head.
    static List<State> frozen(Bert model) {
        List<State> states = new ArrayList<>(model.frozen());
        states.addAll(model.head());
        return states;
    }

    /// What a state starts from, by its name; layer norms around 1.
    static float[] drawn(State state, int layer) {
        long key = CounterRandom.child(CounterRandom.tensorKey(7, state.name()), layer);
        float[] values = new float[state.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) ((state.name().contains("Norm.weight") ? 1 : 0) + 0.3 * CounterRandom.gaussian(CounterRandom.child(key,
                    i)));
        }
        return values;
    }

    /// Of step t's random numbers.
    static long noiseKey(int t) {
        return CounterRandom.noiseKey(7, t);
    }

    /// The batch, and every scalar of a step but what its rule makes itself.
    static Inputs inputs(int t, double rho) {
        int tokens = 0;
        for (int length : LENGTHS) {
            tokens += length;
        }
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        int[] positions = new int[tokens];
        int[] sequences = new int[tokens];
        int[] starts = new int[LENGTHS.length + 1];
        int[] labels = new int[LENGTHS.length];
        int[] rows = new int[LENGTHS.length];
        for (int n = 0, i = 0; n < LENGTHS.length; n++) {
            starts[n] = i;
            rows[n] = n;
            labels[n] = n % CLASSES;
            for (int place = 0; place < LENGTHS[n]; place++, i++) {
                ids[i] = (7 * i + 3 * n) % VOCABULARY;
                types[i] = place % 2;
                positions[i] = place;
                sequences[i] = n;
            }
        }
        starts[LENGTHS.length] = tokens;
        return new Inputs().extent("tokens", tokens).extent("sequences", LENGTHS.length)
                .ints("ids", ids).ints("types", types).ints("positions", positions).ints("starts", starts).ints("labels", labels)
                .ints("sequences", sequences).ints("places", positions).ints("rows", rows).ints("rowPlaces", new int[LENGTHS.length])
                .ints("maskKey", Mask.halves(1, t, 0)).scalar("lossWeight", 1.0 / LENGTHS.length)
                .scalar("rho", rho).scalar("learningRate", 0.01).scalar("headLearningRate", 0).scalar("clipNorm", Double.POSITIVE_INFINITY)
                .scalar("correction1", 1 - Math.pow(0.9, t)).scalar("correction2", 1 - Math.pow(0.999, t))
                .ints("noiseKey", Mask.halves(noiseKey(t)));
    }

    /// Pairs as training starts with them.
    Trainables fresh(int rank) {
        List<LoraPair> pairs = new ArrayList<>();
        for (Factors factors : step.adapter()) {
            Linear linear = factors.linear();
            pairs.add(new LoraPair(linear.module(0), SCALING,
                    Initialization.kaimingUniform(0, linear.module(0) + ".lora_A.weight", rank, linear.in()),
                    new SimpleMatrix(linear.out(), rank)));
        }
        return new Trainables(pairs, List.of());
    }

    /// Pairs with all factors drawn.
    Trainables pairs(Random random) {
        List<LoraPair> pairs = new ArrayList<>();
        for (Factors factors : step.adapter()) {
            Linear linear = factors.linear();
            pairs.add(new LoraPair(linear.module(0), SCALING, Layer.normal(RANK, linear.in(), random).scale(0.3),
                    Layer.normal(linear.out(), RANK, random).scale(0.3)));
        }
        return new Trainables(pairs, List.of());
    }

    /// All pairs of a layer together are one of full rank, B = I and s·A = Σ s_i·B_i·A_i, whose gradient in A is s·G. Each pair's own is
    /// made of G.
    @Override
    public Gradients at(Trainables trainables) {
        for (Factors factors : step.adapter()) {
            SimpleMatrix change = new SimpleMatrix(factors.linear().out(), factors.linear().in());
            for (LoraPair pair : trainables.pairs()) {
                if (pair.name().equals(factors.linear().module(0))) {
                    change = change.plus(pair.weightChange());
                }
            }
            set(factors.a(), change.divide(SCALING));
            set(factors.b(), SimpleMatrix.identity(CHANNELS));
        }
        Inputs inputs = inputs(1, 0);
        session.run("clear", inputs);
        session.run("gradient", inputs);
        List<PairGradient> gradients = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            for (Factors factors : step.adapter()) {
                if (pair.name().equals(factors.linear().module(0))) {
                    SimpleMatrix g = get(factors.dA()).divide(SCALING);
                    gradients.add(new PairGradient(pair.b().transpose().mult(g).scale(pair.scaling()),
                            g.mult(pair.a().transpose()).scale(pair.scaling())));
                }
            }
        }
        return new Gradients(session.scalar("gradient", "loss"), gradients, List.of());
    }

    private void set(State state, SimpleMatrix matrix) {
        double[] values = session.values(state, 0);
        for (int i = 0; i < values.length; i++) {
            values[i] = matrix.get(i);
        }
    }

    private SimpleMatrix get(State state) {
        return new SimpleMatrix(state.shape().fixed(0), state.shape().fixed(1), true, session.values(state, 0).clone());
    }
}
