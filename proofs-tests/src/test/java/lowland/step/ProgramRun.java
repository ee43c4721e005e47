package lowland.step;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Moments;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Observer;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.rule.BiLora;
import lowland.rule.Dora;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.Factor;
import lowland.rule.FlatLora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPair;
import lowland.rule.PairMoments;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.TrainableMoments;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// A training step's programs on the interpreter, driven as a trainer drives them, between states of the reference's form.
final class ProgramRun {
    private final Trial trial;
    private final TrainingStep step;
    private final Interpreter.Run session;
    private final Map<String, Double> outputs = new HashMap<>();
    private final List<Double> losses = new ArrayList<>();
    private int microBatches = 1;
    private Observer observer;

    ProgramRun(Trial trial) {
        this(trial, trial.program());
    }

    ProgramRun(Trial trial, TrainingStep step) {
        this.trial = trial;
        this.step = step;
        session = new Interpreter().open(step.programs(), Map.of());
        for (Linear linear : trial.network().linears()) {
            for (int layer = 0; layer < linear.weight().slices() && reads(linear.squaredRowNorms()); layer++) {
                SimpleMatrix weight = trial.frozen().get(linear.module(layer) + ".weight");
                set(linear.squaredRowNorms(), layer, Dora.initialMagnitude(weight).elementPower(2));
            }
        }
        for (State state : trial.network().frozen()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                set(state, layer, trial.frozen().get(state.name().replace("*", Integer.toString(layer))));
            }
        }
    }

    /// Splits the rows of every later step into so many micro-batches.
    ProgramRun microBatches(int count) {
        microBatches = count;
        return this;
    }

    /// Watches the gradient programs of every later step.
    ProgramRun observe(Observer watcher) {
        observer = watcher;
        return this;
    }

    /// A state's slice as a matrix; a vector is one row. A state that no program keeps is zero.
    SimpleMatrix get(State state, int layer) {
        boolean vector = state.shape().rank() == 1;
        boolean kept = reads(state);
        return new SimpleMatrix(vector ? 1 : state.shape().fixed(0), state.shape().fixed(vector ? 0 : 1), true,
                kept ? session.values(state, layer).clone() : new double[state.size()]);
    }

    private boolean reads(State state) {
        return step.programs().stream().anyMatch(program -> program.reads().containsKey(state));
    }

    private interface Slice {
        void at(State state, int layer, int index);
    }

    /// Every slice of what is trained whole, numbered as the reference numbers it.
    private void eachWhole(Slice slice) {
        int index = 0;
        for (State state : step.whole()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                slice.at(state, layer, index++);
            }
        }
    }

    /// What is trained whole, or with another naming its gradients.
    List<SimpleMatrix> whole(UnaryOperator<State> named) {
        List<SimpleMatrix> whole = new ArrayList<>();
        eachWhole((state, layer, _) -> whole.add(get(named.apply(state), layer)));
        return whole;
    }

    void set(State state, int layer, SimpleMatrix matrix) {
        System.arraycopy(matrix.getDDRM().getData(), 0, session.values(state, layer), 0, matrix.getNumElements());
    }

    private interface Each {
        void at(Factors pair, int layer, int index);
    }

    /// Every layer of every pair, numbered as the reference numbers its pairs.
    private static void each(List<Factors> pairs, Each each) {
        int index = 0;
        for (Factors pair : pairs) {
            for (int layer = 0; layer < pair.a().slices(); layer++) {
                each.at(pair, layer, index++);
            }
        }
    }

    /// Starts the next step from here.
    void put(Trainables trainables, RuleState state) {
        putPairs(trial.targets(), trial.descent(), trainables.pairs(), state.moments().pairs());
        eachWhole((slice, layer, index) -> {
            set(slice, layer, trainables.whole().get(index));
            putMoments(trial.descent(), slice, layer, state.moments().whole().get(index));
        });
        List<State> head = trial.network().head();
        for (int k = 0; k < head.size(); k++) {
            set(head.get(k), 0, trainables.others().get(k));
            putMoments(trial.descent(), head.get(k), 0, state.moments().others().get(k));
        }
        switch (state) {
            case RuleState.Descending _, RuleState.Noisy _ -> {}
            case RuleState.Averaging averaging -> each(trial.targets(),
                    (pair, layer, index) -> set(average(pair), layer, averaging.average().get(index)));
            case RuleState.Adversarial adversarial -> putPairs(trial.auxiliaryTargets(), ((BiLora) trial.rule()).auxiliaryDescent(),
                    adversarial.auxiliaries(), adversarial.auxiliaryMoments());
        }
    }

    private void putPairs(List<Factors> targets, Descent descent, List<LoraPair> pairs, List<PairMoments> moments) {
        each(targets, (pair, layer, index) -> {
            set(pair.a(), layer, pairs.get(index).a());
            set(pair.b(), layer, pairs.get(index).b());
            putMoments(descent, pair.a(), layer, moments.get(index).a());
            putMoments(descent, pair.b(), layer, moments.get(index).b());
        });
    }

    private void putMoments(Descent descent, State state, int layer, Moments moments) {
        if (trial.rule() instanceof BiLora biLora && biLora.role() == BiLora.Role.RANDOM && state.name().contains("auxiliary")) {
            return; // what is drawn has none
        }
        if (descent instanceof AdamW) {
            set(state.like(state.name() + ".adam_m"), layer, moments.first());
            set(state.like(state.name() + ".adam_v"), layer, moments.second());
        } else {
            set(state.like(state.name() + ".momentum"), layer, moments.first());
        }
    }

    private Moments moments(Descent descent, State state, int layer) {
        return descent instanceof AdamW
                ? new Moments(get(state.like(state.name() + ".adam_m"), layer), get(state.like(state.name() + ".adam_v"), layer))
                : new Moments(get(state.like(state.name() + ".momentum"), layer), Moments.zeroLike(get(state, layer)).second());
    }

    private State average(Factors pair) {
        return LinearForm.perturbation(((EfmLora) trial.rule()).perturbed() == Factor.B ? pair.b() : pair.a());
    }

    /// The pairs and the head as they are now.
    Trainables trainables() {
        List<SimpleMatrix> others = new ArrayList<>();
        trial.network().head().forEach(state -> others.add(get(state, 0)));
        return new Trainables(pairs(trial.targets()), whole(UnaryOperator.identity()), others);
    }

    private List<LoraPair> pairs(List<Factors> targets) {
        List<LoraPair> pairs = new ArrayList<>();
        each(targets, (pair, layer, _) -> pairs.add(
                new LoraPair(pair.linear().module(layer), pair.scaling(), get(pair.a(), layer), get(pair.b(), layer))));
        return pairs;
    }

    private List<PairMoments> pairMoments(Descent descent, List<Factors> targets) {
        List<PairMoments> moments = new ArrayList<>();
        each(targets, (pair, layer, _) -> moments.add(
                new PairMoments(moments(descent, pair.a(), layer), moments(descent, pair.b(), layer))));
        return moments;
    }

    /// What the rule remembers, as it is now.
    RuleState state() {
        List<Moments> others = new ArrayList<>();
        trial.network().head().forEach(state -> others.add(moments(trial.descent(), state, 0)));
        List<Moments> whole = new ArrayList<>();
        eachWhole((state, layer, _) -> whole.add(moments(trial.descent(), state, layer)));
        TrainableMoments moments = new TrainableMoments(pairMoments(trial.descent(), trial.targets()), whole, others);
        return switch (trial.rule()) {
            case EfmLora _ -> {
                List<SimpleMatrix> averages = new ArrayList<>();
                each(trial.targets(), (pair, layer, _) -> averages.add(get(average(pair), layer)));
                yield new RuleState.Averaging(moments, averages);
            }
            case FlatLora _ -> new RuleState.Noisy(moments,
                    trainables().pairs().stream().map(pair -> trial.frozen().get(pair.name() + ".weight")).toList());
            case BiLora biLora -> new RuleState.Adversarial(moments, pairs(trial.auxiliaryTargets()),
                    pairMoments(biLora.auxiliaryDescent(), trial.auxiliaryTargets()));
            default -> new RuleState.Descending(moments);
        };
    }

    /// The gradients (or with another naming, the perturbations) of the pairs' A and B, in the order of the pairs.
    List<SimpleMatrix> beside(List<Factors> targets, Factor factor, UnaryOperator<State> named) {
        List<SimpleMatrix> matrices = new ArrayList<>();
        each(targets, (pair, layer, _) -> matrices.add(get(named.apply(factor == Factor.A ? pair.a() : pair.b()), layer)));
        return matrices;
    }

    Trial trial() {
        return trial;
    }

    /// The scalar inputs that a trainer gives to `perturb` and `descend`.
    static Map<String, Double> scalars(Trial trial, StepInputs inputs) {
        Map<String, Double> scalars = new HashMap<>();
        scalars.put("rho", inputs.rho());
        scalars.put("learningRate", inputs.learningRate());
        scalars.put("headLearningRate", inputs.otherLearningRate());
        scalars.put("clipNorm", inputs.clipNorm() == 0 ? Double.POSITIVE_INFINITY : inputs.clipNorm());
        AdamW adamW = trial.descent() instanceof AdamW primary ? primary
                : trial.rule() instanceof BiLora biLora && biLora.auxiliaryDescent() instanceof AdamW auxiliary ? auxiliary
                : AdamW.defaults();
        scalars.put("correction1", 1 - StrictMath.pow(adamW.beta1(), inputs.t()));
        scalars.put("correction2", 1 - StrictMath.pow(adamW.beta2(), inputs.t()));
        if (trial.rule() instanceof FlatLora) {
            scalars.put("noiseShare", (1 - Math.cos(Math.PI * inputs.progress())) / 2);
        }
        if (trial.rule() instanceof LoraOBar bar) {
            scalars.put("barAlpha", bar.alpha().at(inputs.progress()));
        }
        if (trial.rule() instanceof LoraNBar bar) {
            scalars.put("barAlpha", bar.alpha().at(inputs.progress()));
        }
        if (trial.rule() instanceof EfmLora efmLora) {
            scalars.put("ema", efmLora.start() == EmaStart.FIRST && inputs.t() == 1 ? 1 : efmLora.ema());
        }
        return scalars;
    }

    boolean run(StepInputs inputs) {
        return run(scalars(trial, inputs));
    }

    /// One step. @return false if a guard ended it
    boolean run(Map<String, Double> scalars) {
        Inputs update = new Inputs();
        scalars.forEach(update::scalar);
        update.ints("noiseKey", Mask.halves(Trial.NOISE_KEY));
        losses.clear();
        outputs.clear();
        session.run("clear", update);
        gradient();
        if (step.perturb() != null) {
            if (!session.run("perturb", update)) {
                return false;
            }
            collect("perturb");
            gradient();
        }
        if (!session.run("descend", update)) {
            return false;
        }
        collect("descend");
        return true;
    }

    /// What `evaluate` gives for all rows.
    double[] evaluate(String output) {
        session.run("evaluate", trial.rows().inputs(0, trial.rows().count()));
        return session.output("evaluate", output);
    }

    /// The logits of the latest gradient.
    double[] logits() {
        return session.output("gradient", "logits");
    }

    /// Another run of the same programs, given no more of this one's states than these.
    ProgramRun from(List<State> kept) {
        ProgramRun other = new ProgramRun(trial, step);
        for (State state : kept) {
            for (int layer = 0; layer < state.slices(); layer++) {
                other.set(state, layer, get(state, layer));
            }
        }
        return other;
    }

    private void gradient() {
        double loss = 0;
        int count = trial.rows().count();
        for (int micro = 0; micro < microBatches; micro++) {
            session.run("gradient", trial.rows().inputs(micro * count / microBatches, (micro + 1) * count / microBatches), observer);
            loss += session.scalar("gradient", "loss");
        }
        losses.add(loss);
    }

    private void collect(String program) {
        (program.equals("perturb") ? step.perturb() : step.descend()).outputs().keySet()
                .forEach(name -> outputs.put(name, session.scalar(program, name)));
    }

    /// The loss of each gradient evaluation of the latest step.
    List<Double> losses() {
        return List.copyOf(losses);
    }

    /// A scalar output of `perturb` or `descend` of the latest step.
    double output(String name) {
        return outputs.get(name);
    }
}
