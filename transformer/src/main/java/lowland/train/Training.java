package lowland.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.Failure;
import lowland.data.Example;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import lowland.rule.BiLora;
import lowland.rule.FullFineTuning;
import lowland.rule.Initialization;
import lowland.rule.LoraGa;
import lowland.rule.Pissa;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;

/// A training run on a device: it advances by one optimiser step at a time, and answers on rows whenever asked.
///
/// The gradient is taken once a micro-batch (a rule with two gradients: twice, on the same rows and masks), then the rule's update
/// runs. A step whose loss, gradient or perturbation is not finite changes nothing: Adam's t stays, data and schedule go on.
public final class Training implements AutoCloseable {
    /// Skipped steps in a row after which training stops.
    public static final int MOST_SKIPPED = 5;
    /// The most values of a weight that are in memory a second time while it is loaded.
    private static final int MOST_LOADED = 1 << 22;

    private final Settings settings;
    private final Rows train;
    private final Bert model;
    private final TrainingStep step;
    private final Session session;
    private final Batch batch;
    private final Order order;
    private final Inputs update = new Inputs();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Device device;
    private final Map<String, Integer> capacity;
    private final ResidualStarts starts = new ResidualStarts();
    private int taken;
    private int gradients;
    private int adamT;
    private int skippedInARow;
    private String trouble;
    private int skipped;

    /// @param train rows to train on; none for a model that only answers, which then compiles no gradient
    /// @param mostTokens tokens of the longest row that will ever be asked about
    /// @throws Failure if an adapter cannot be made as the settings say
    public Training(Pretrained pretrained, Settings settings, Rows train, int classes, boolean regression, int mostTokens, Device device) {
        this.settings = settings;
        this.train = train;
        Settings.Pairs pairs = settings.pairs();
        Settings.Batching batching = settings.batching();
        Settings.Regularisation regularisation = settings.regularisation();
        boolean dropout = Double.isNaN(regularisation.dropout()) || regularisation.dropout() > 0;
        model = pretrained.bert(regularisation.dropout(), classes, regression, regularisation.smoothing(), dropout);
        step = TrainingStep.of(settings.rule(), settings.optimisation().descent(), model,
                trainsEveryWeight() ? List.of() : factors(model, pairs, Factors.PRIMARY),
                settings.rule() instanceof BiLora ? factors(model, pairs, Factors.AUXILIARY) : List.of(),
                regularisation.adapterDropout());
        int rows = train.size() == 0 ? batching.rows() : Math.min(batching.rows(), train.size());
        int tokens = Math.max(mostTokens, Math.max(train.mostTokens(1), Math.min(train.mostTokens(rows),
                batching.maxTokens() == 0 ? Integer.MAX_VALUE : batching.maxTokens())));
        // Evaluation takes as many rows at a time as there is room for tokens; none has fewer than a start, a word and an end.
        int sequences = Math.max(rows, tokens / 3);
        batch = new Batch(tokens, sequences, pretrained.config());
        order = new Order(Math.max(1, train.size()), batching.shuffled(), settings.seed());
        List<Program> programs = train.size() == 0 ? List.of(step.evaluate()) : step.programs();
        Set<State> frozen = trainsEveryWeight() ? Set.of() : Set.copyOf(model.frozen());
        this.device = device;
        capacity = Map.of("tokens", tokens, "sequences", sequences);
        session = device.open(programs, frozen, capacity);
        try {
            load(pretrained);
            initialise();
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /// @throws Failure (exit code 2) if a model has no such modules, or a rank is larger than one of them
    public static void requireFit(Pretrained pretrained, Settings.Pairs pairs, UpdateRule rule) {
        Bert model = pretrained.bert(1);
        factors(model, pairs, Factors.PRIMARY);
        if (rule instanceof BiLora) {
            factors(model, pairs, Factors.AUXILIARY);
        }
    }

    /// PiSSA and LoRA-GA: before the first step, from the weights and the head as they then are.
    private void start() {
        switch (settings.pairs().form()) {
            case LORA, DORA -> { }
            case PISSA -> starts.write(this, (place, weight) -> Pissa.of(place.module(), place.pair().scaling(), place.pair().rank(), weight));
            case LORA_GA -> {
                List<int[]> rows = new ArrayList<>();
                int batches = Math.min(LoraGa.BATCHES, settings.batching().stepsPerEpoch(train.size()));
                for (int at = 0; at < batches; at++) {
                    rows.addAll(microBatches(at));
                }
                FullGradients gradients = FullGradients.of(model, step.adapter(), train, rows, batch, device, capacity, session);
                starts.write(this, (place, weight) -> LoraGa.of(place.module(), place.pair().scaling(),
                        place.pair().rank(), weight, gradients.byModule().get(place.module())));
            }
        }
    }

    private static List<Factors> factors(Bert model, Settings.Pairs pairs, String name) {
        Settings.Size size = name.equals(Factors.PRIMARY) ? pairs.primary() : pairs.auxiliary();
        int rank = size.rank();
        List<Factors> factors = new ArrayList<>();
        for (Linear linear : model.linears()) {
            String last = linear.module().substring(linear.module().lastIndexOf('.') + 1);
            boolean targeted = pairs.targets().stream().anyMatch(target -> target.equals("all-linear") || target.equals(last)
                    || linear.module().endsWith("." + target));
            if (targeted) {
                int most = Math.min(linear.in(), linear.out());
                if (pairs.form().residual() && name.equals(Factors.PRIMARY) && 2 * rank > most) {
                    throw Failure.usage("--rank " + rank + " is larger than " + linear.module().replace("*", "0") + " (" + linear.out()
                            + " x " + linear.in() + ") allows, whose adapter is saved with twice the rank: choose 1 to " + most / 2);
                }
                if (rank > most) {
                    throw Failure.usage((name.equals(Factors.PRIMARY) ? "--rank " : "--auxiliary-rank ") + rank + " is larger than "
                            + linear.module().replace("*", "0") + " (" + linear.out() + " x " + linear.in() + ") allows: choose 1 to "
                            + most);
                }
                boolean decomposed = pairs.form() == AdapterForm.DORA && name.equals(Factors.PRIMARY);
                factors.add(new Factors(linear, name, rank, pairs.scaling().of(size.alpha(), rank), decomposed));
            }
        }
        for (String target : pairs.targets()) {
            boolean known = target.equals("all-linear")
                    || model.linears().stream().anyMatch(linear -> linear.module().endsWith("." + target));
            if (!known) {
                throw Failure.usage("--targets " + target + " names no module of the model; there are " + String.join(", ",
                        model.linears().stream().map(Linear::moduleInLayer).toList())
                        + ", and all-linear");
            }
        }
        return factors;
    }

    private void load(Pretrained pretrained) {
        load(pretrained, session, model.frozen(), MOST_LOADED);
        for (Linear linear : model.linears()) {
            for (int layer = 0; layer < linear.weight().slices() && readsSquares(linear); layer++) {
                session.write(linear.squaredRowNorms(), layer, squaredRowNorms(session.read(linear.weight(), layer), linear));
            }
        }
    }

    /// @param most values that are read at once
    static void load(Pretrained pretrained, Session session, List<State> states, int most) {
        float[] part = new float[Math.min(most, states.stream().mapToInt(State::size).max().orElseThrow())];
        for (State state : states) {
            for (int layer = 0; layer < state.slices(); layer++) {
                String name = state.name().replace("*", Integer.toString(layer));
                int count;
                for (int from = 0; from < state.size(); from += count) {
                    count = Math.min(part.length, state.size() - from);
                    pretrained.read(name, state.shape().fixed(), from, part, count);
                    session.write(state, layer, from, part, count);
                }
            }
        }
    }

    private boolean readsSquares(Linear linear) {
        return step.programs().stream().anyMatch(program -> program.reads().containsKey(linear.squaredRowNorms()));
    }

    /// Sets a linear layer's own weight, and with it what depends on it.
    ///
    /// @param weight [out, in], row after row
    void writeWeight(Linear linear, int layer, float[] weight) {
        session.write(linear.weight(), layer, weight);
        if (readsSquares(linear)) {
            session.write(linear.squaredRowNorms(), layer, squaredRowNorms(weight, linear));
        }
    }

    private static float[] squaredRowNorms(float[] weight, Linear linear) {
        float[] squares = new float[linear.out()];
        for (int i = 0; i < squares.length; i++) {
            double sum = 0;
            for (int j = 0; j < linear.in(); j++) {
                double w = weight[i * linear.in() + j];
                sum += w * w;
            }
            squares[i] = (float) sum;
        }
        return squares;
    }

    /// Factors by [Initialization], the matrices of head and adapter layers normal with deviation 0.02 (Hugging Face's), biases zero, a
    /// norm's weights one; but a regression starts at the mean of its targets, which gradient descent alone would take long to reach.
    private void initialise() {
        for (Factors pair : step.adapter()) {
            initialise(pair, "");
        }
        for (Factors pair : step.auxiliary()) {
            initialise(pair, ".auxiliary");
        }
        for (Factors pair : step.adapter()) {
            for (int layer = 0; layer < pair.a().slices() && pair.decomposed(); layer++) {
                float[] magnitudes = session.read(pair.linear().squaredRowNorms(), layer);
                for (int i = 0; i < magnitudes.length; i++) {
                    magnitudes[i] = (float) Math.sqrt(magnitudes[i]);
                }
                session.write(pair.magnitude(), layer, magnitudes);
            }
        }
        for (State state : model.head()) {
            session.write(state, 0, initial(state, state.name()));
        }
        for (State state : model.inserted()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                session.write(state, layer, initial(state, state.name().replace("*", Integer.toString(layer))));
            }
        }
        if (model.regression() && train.size() > 0) {
            double mean = train.examples().stream().mapToDouble(Example::target).average().orElseThrow();
            session.write(model.head().getLast(), 0, new float[] {(float) mean});
        }
    }

    private float[] initial(State state, String tensor) {
        float[] values = new float[state.size()];
        long key = CounterRandom.tensorKey(settings.seed(), tensor);
        for (int i = 0; i < values.length && state.shape().rank() == 2; i++) {
            values[i] = (float) (0.02 * CounterRandom.gaussian(CounterRandom.child(key, i)));
        }
        if (tensor.endsWith(".norm.weight")) {
            Arrays.fill(values, 1);
        }
        return values;
    }

    private void initialise(Factors pair, String suffix) {
        Linear linear = pair.linear();
        for (int layer = 0; layer < linear.layers(); layer++) {
            String tensor = linear.module(layer) + suffix + ".lora_A.weight";
            session.write(pair.a(), layer, ResidualStarts.floats(
                    Initialization.kaimingUniform(settings.seed(), tensor, pair.rank(), linear.in())));
        }
    }

    /// Where pairs started that did not start at zero; empty for the others.
    ResidualStarts starts() {
        return starts;
    }

    public Settings settings() {
        return settings;
    }

    /// The programs and states of a step.
    public TrainingStep program() {
        return step;
    }

    public Bert model() {
        return model;
    }

    public Session session() {
        return session;
    }

    /// Optimiser steps so far, skipped ones too.
    public int taken() {
        return taken;
    }

    /// How often the gradient at all rows of a step was taken so far: the rule's passes, counted.
    public int gradients() {
        return gradients;
    }

    /// Steps skipped so far.
    public int skipped() {
        return skipped;
    }

    /// Wall-clock seconds that each program took so far, by its name.
    public Map<String, Double> seconds() {
        return Collections.unmodifiableMap(seconds);
    }

    private boolean run(String program, Inputs inputs) {
        long began = System.nanoTime();
        boolean finite = session.run(program, inputs);
        seconds.merge(program, (System.nanoTime() - began) * 1e-9, Double::sum);
        return finite;
    }

    /// Whether every weight is trained, so that the result is a whole model.
    public boolean trainsEveryWeight() {
        return settings.rule() instanceof FullFineTuning;
    }

    public boolean finished() {
        return taken >= settings.steps();
    }

    /// What was not finite in the latest step, or null: `the gradient norm is Infinity`.
    public String trouble() {
        return trouble;
    }

    /// Whether training may go on; asked by every step, and by whoever writes down a step before it ends.
    ///
    /// @throws Failure if five steps in a row were not finite, or two at the run's end, or a factor is no longer finite
    public void check() {
        if (skippedInARow >= MOST_SKIPPED) {
            throw Failure.of("step " + taken + ": " + trouble + ", and " + MOST_SKIPPED
                    + " steps in a row were not finite; lower --learning-rate or --rho");
        }
        if (skippedInARow > 1 && finished()) {
            throw Failure.of("step " + taken + ": " + trouble + ", and the run ends on " + skippedInARow
                    + " steps in a row that were not finite; lower --learning-rate or --rho");
        }
        if (trouble != null && skippedInARow == 0) {
            throw Failure.of("step " + taken + ": " + trouble + "; lower --learning-rate");
        }
    }

    /// Advances by one optimiser step.
    ///
    /// @throws Failure as [#check] does
    public StepRecord step() {
        check();
        if (taken == 0) {
            start();
        }
        long began = System.nanoTime();
        double rho = settings.rho().at(taken);
        double factor = settings.optimisation().schedule().factor(taken);
        List<int[]> microBatches = microBatches(taken);
        int rows = microBatches.stream().mapToInt(micro -> micro.length).sum();
        int tokens = 0;
        for (int[] micro : microBatches) {
            for (int row : micro) {
                tokens += train.tokens(row);
            }
        }
        update.scalar("rho", rho).ints("noiseKey", Mask.halves(CounterRandom.noiseKey(settings.seed(), taken)));
        TrainingStep.scalars(settings.rule(), adamT + 1, (double) taken / settings.steps()).forEach(update::scalar);
        run("clear", update);
        double loss = gradient(microBatches, rows);
        boolean finite = Double.isFinite(loss);
        double perturbationNorm = 0;
        trouble = finite ? null : "the loss is " + loss;
        if (finite && step.perturb() != null) {
            finite = run("perturb", update);
            if (finite) {
                perturbationNorm = session.scalar("perturb", "perturbationNorm");
                loss = gradient(microBatches, rows);
                finite = Double.isFinite(loss);
            }
            trouble = finite ? null : Double.isFinite(loss) ? "the perturbation is not finite" : "the loss is " + loss;
        }
        Map<String, Double> more = new LinkedHashMap<>();
        double gradientNorm = Double.NaN;
        boolean clipped = false;
        if (finite) {
            finite = descend(factor);
            gradientNorm = session.scalar("descend", "gradientNorm");
            trouble = finite ? null : Double.isFinite(gradientNorm) ? "the perturbation or its norm is not finite"
                    : "the gradient norm is " + gradientNorm;
        }
        if (finite) {
            clipped = session.scalar("descend", "clip") < 1;
            Map<String, lowland.program.Value> outputs = step.descend().outputs();
            if (outputs.containsKey("perturbationNorm")) {
                perturbationNorm = session.scalar("descend", "perturbationNorm");
            }
            for (String name : outputs.keySet()) {
                if (!name.equals("gradientNorm") && !name.equals("clip") && !name.equals("perturbationNorm")) {
                    more.put(name, session.scalar("descend", name));
                }
            }
            adamT++;
            skippedInARow = 0;
        } else {
            skipped++;
            skippedInARow++;
        }
        taken++;
        Settings.Batching batching = settings.batching();
        int epochSteps = batching.stepsPerEpoch(train.size());
        double epoch = (taken - 1) / epochSteps + Math.min(1, ((taken - 1) % epochSteps + 1.0) * batching.rowsPerStep() / train.size());
        if (finite && !Double.isFinite(more.getOrDefault("drift", 0.0))) {
            trouble = "a factor is no longer finite (loss " + loss + ")";
        }
        return new StepRecord(taken, epoch, loss, settings.optimisation().learningRate() * factor, rho, gradientNorm, perturbationNorm,
                clipped, !finite, tokens, (System.nanoTime() - began) * 1e-9, more);
    }

    /// The rows of an optimiser step, cut into micro-batches of at most the capacity. An epoch's last rows make a short step.
    private List<int[]> microBatches(int taken) {
        Settings.Batching batching = settings.batching();
        int epochSteps = batching.stepsPerEpoch(train.size());
        long epoch = taken / epochSteps;
        int from = taken % epochSteps * batching.rowsPerStep();
        int to = Math.min(train.size(), from + batching.rowsPerStep());
        List<int[]> micros = new ArrayList<>();
        int[] current = new int[to - from];
        int count = 0;
        batch.clear();
        for (int place = from; place < to; place++) {
            int row = order.row(epoch * train.size() + place);
            boolean full = count == batching.rows()
                    || batching.maxTokens() > 0 && count > 0 && batch.tokens() + train.tokens(row) > batching.maxTokens();
            if (full || !batch.fits(train, row)) {
                micros.add(Arrays.copyOf(current, count));
                count = 0;
                batch.clear();
            }
            batch.add(train, row);
            current[count++] = row;
        }
        micros.add(Arrays.copyOf(current, count));
        return micros;
    }

    /// Adds up the gradients of the micro-batches; the loss is the mean over all rows.
    private double gradient(List<int[]> microBatches, int rows) {
        double loss = 0;
        gradients++;
        for (int micro = 0; micro < microBatches.size(); micro++) {
            batch.clear();
            for (int row : microBatches.get(micro)) {
                batch.add(train, row);
            }
            Inputs inputs = batch.inputs().scalar("lossWeight", 1.0 / rows)
                    .ints("maskKey", Mask.halves(settings.seed(), taken, micro));
            run("gradient", inputs);
            loss += session.scalar("gradient", "loss");
        }
        return loss;
    }

    private boolean descend(double factor) {
        int t = adamT + 1;
        Settings.Optimisation optimisation = settings.optimisation();
        update.scalar("learningRate", optimisation.learningRate() * factor)
                .scalar("headLearningRate", optimisation.headLearningRate() * factor)
                .scalar("clipNorm", optimisation.clipNorm() == 0 ? Double.POSITIVE_INFINITY : optimisation.clipNorm());
        AdamW adamW = adamW();
        update.scalar("correction1", 1 - StrictMath.pow(adamW.beta1(), t)).scalar("correction2", 1 - StrictMath.pow(adamW.beta2(), t));
        return run("descend", update);
    }

    /// The AdamW whose moments are corrected: that of the factors, else of Bi-LoRA's second pairs, else any.
    private AdamW adamW() {
        if (settings.optimisation().descent() instanceof AdamW adamW) {
            return adamW;
        }
        return settings.rule() instanceof BiLora bi && bi.auxiliaryDescent() instanceof AdamW adamW ? adamW : AdamW.defaults();
    }

    /// Answers on rows: the adapter alone, no dropout, no perturbation, no second pair.
    public Evaluation evaluate(Rows rows) {
        float[][] logits = new float[rows.size()][];
        double[] loss = new double[1];
        int from = 0;
        while (from < rows.size()) {
            batch.clear();
            int to = from;
            while (to < rows.size() && batch.fits(rows, to)) {
                batch.add(rows, to++);
            }
            if (to == from) {
                throw new IllegalArgumentException("row " + from + " has more tokens than the capacity");
            }
            run("evaluate", batch.inputs());
            collect(from, to, logits, loss);
            from = to;
        }
        return new Evaluation(rows, loss[0] / Math.max(1, rows.size()), logits, model.regression());
    }

    private void collect(int from, int to, float[][] logits, double[] loss) {
        float[] packed = new float[(to - from) * model.classes()];
        float[] losses = new float[to - from];
        session.copy("evaluate", "logits", packed);
        session.copy("evaluate", "losses", losses);
        for (int row = from; row < to; row++) {
            logits[row] = Arrays.copyOfRange(packed, (row - from) * model.classes(), (row - from + 1) * model.classes());
            loss[0] += losses[row - from];
        }
    }

    /// The adapter and the head as they are now.
    public Snapshot snapshot() {
        List<State> states = new ArrayList<>(model.head());
        states.addAll(step.whole());
        for (Factors pair : step.adapter()) {
            states.add(pair.a());
            states.add(pair.b());
        }
        return Snapshot.of(session, states);
    }

    /// Puts an earlier adapter and head back.
    public void restore(Snapshot snapshot) {
        snapshot.restore(session);
    }

    @Override
    public void close() {
        session.close();
    }
}
