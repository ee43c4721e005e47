package lowland.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.TaskFile;
import lowland.cli.Method.Rule;
import lowland.cpu.Lanes;
import lowland.data.DataSet;
import lowland.data.Example;
import lowland.data.FewShot;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.model.Bottleneck;
import lowland.program.Device;
import lowland.report.RunReport;
import lowland.rule.BiLora;
import lowland.rule.Scaling;
import lowland.train.Adapters;
import lowland.train.Pretrained;
import lowland.train.Rows;
import lowland.train.Settings;
import lowland.train.Training;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/// `train`: settles every value, opens model, data and device, and only then makes the run folder and starts.
@Command(name = "train", sortOptions = false, customSynopsis = "lowland train --model M --task T --method NAME --out RUN [OPTIONS]",
    description = {
    "Trains an adapter and a head, and writes the run folder: config.json, metrics.jsonl, adapter/ (PEFT's two files and task.json; of"
        + " adapter layers Lowland's own two),"
        + " auxiliary/ (Bi-LoRA's second pairs), with --method full in their place model/ (a Hugging Face folder), and report.html."
        + " Ctrl-C ends the run after its step and saves.", ""},
    footer = {"", "Example:", "  lowland train --model minilm --task reviews.tsv --dev 0.1 --method efmlora --out runs/reviews"})
final class TrainCommand implements Callable<Integer> {
    /// @param adapter to start from, null for none
    /// @param head whether its head is taken too
    private record Given(PeftAdapter adapter, boolean head) {}

    private final Streams streams;

    @Spec
    private CommandSpec spec;

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "minilm (all-MiniLM-L6-v2, embedded), or a Hugging Face folder of a BERT or RoBERTa.", "No default."})
    private String model;

    @Option(names = "--task", required = true, paramLabel = "T", description = {Tables.TASK, "No default."})
    private String task;

    @ArgGroup(validate = false, heading = "%nTables:%n")
    private TaskOptions tables = new TaskOptions();

    @Option(names = "--method", required = true, paramLabel = "NAME", description = {
        "A rule: lora (Hu et al., arXiv 2106.09685v2), lora-plus (arXiv 2402.12354v1), lora-obar, lora-nbar (arXiv 2410.14802), flat-lora"
            + " (arXiv 2409.14396v2), lora-sam, bi-lora (arXiv 2508.19564v1), fmlora, efmlora (arXiv 2508.00522v3), full-sam (SAM over"
            + " whole weights, descent on the factors), full (every weight is trained; no factors).",
        "A form: dora (arXiv 2402.09353v6), pissa (arXiv 2404.02948v4), lora-ga (arXiv 2407.05000v1; from the mean gradient of the first 8"
            + " batches; its code takes --scaling rank-stabilized).", "Or a rule with a form: bi-lora+dora.",
        "Or adapter layers in the factors' place: adapter-pfeiffer (arXiv 2005.00247v3), adapter-houlsby (arXiv 1902.00751v2), adapter-lin"
            + " (arXiv 2004.03829).",
        "No default."})
    private String method;

    @Option(names = "--out", required = true, paramLabel = "RUN", description = {
        "The run folder; it must be new or empty.", "No default."})
    private Path out;

    @ArgGroup(validate = false, heading = "%nFactors:%n")
    private FactorOptions factors = new FactorOptions();

    @ArgGroup(validate = false, heading = "%nSharpness:%n")
    private SharpnessOptions sharpness = new SharpnessOptions();

    @ArgGroup(validate = false, heading = "%nDescent:%n")
    private DescentOptions descent = new DescentOptions();

    @ArgGroup(validate = false, heading = "%nData:%n")
    private DataOptions data = new DataOptions();

    @ArgGroup(validate = false, heading = "%nModel:%n")
    private ModelOptions modelOptions = new ModelOptions();

    @ArgGroup(validate = false, heading = "%nStart:%n")
    private StartOptions start = new StartOptions();

    @ArgGroup(validate = false, heading = "%nRun:%n")
    private DeviceOptions device = new DeviceOptions();

    @ArgGroup(validate = false, heading = "%nOutput:%n")
    private TrainingOutput output = new TrainingOutput();

    @ArgGroup(validate = false)
    private Later later = new Later();

    @Mixin
    private Common common;

    TrainCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        later.check();
        Method chosen = Method.of(method);
        checkOptions(chosen);
        Device executor = device.device();
        RunFolder.check(out);
        FewShot prompted = Tables.fewShot(task);
        if (prompted != null && modelOptions.pooling != null) {
            throw Failure.usage("--pooling " + modelOptions.pooling + " beside --task " + task + ": a prompt's gap is read; leave it out");
        }
        // Under a prompt no pooling acts; the mean asks nothing of the checkpoint.
        try (Pretrained opened = Pretrained.open(model, start.weights, prompted == null ? modelOptions.pooling : "mean")) {
            Pretrained pretrained = (prompted == null ? opened : opened.prompted(prompted.prompt()))
                    .with(chosen.rule().layers(factors.adapterSize(chosen.rule())));
            sayRandom(pretrained);
            checkFit(chosen, pretrained);
            return train(chosen, executor, task().under(pretrained.labels()), pretrained);
        }
    }

    private Tables.Task task() {
        Tables.Task all = tables.tables().task(task, this::say);
        if (data.rows == null) {
            return all;
        }
        say("at most " + data.rows + " rows of each split are taken");
        return all.atMost(data.rows);
    }

    private void sayRandom(Pretrained pretrained) {
        if (pretrained.init() != null) {
            say("note: the weights are random, of the size of " + pretrained.init() + "; what the model answers means nothing");
        }
    }

    /// What options and model tell to be impossible, before data are read. The sizes of factors that are given come with them.
    private void checkFit(Method chosen, Pretrained pretrained) {
        requireLength(pretrained);
        if (chosen.rule() == Rule.FULL && Tables.fewShot(task) != null) {
            throw Failure.usage("--method full does not fit --task " + task + ": its head is the rows of the label words, no checkpoint's;"
                    + " choose a method with an adapter");
        }
        int size = factors.adapterSize(chosen.rule());
        if (size > pretrained.config().hidden()) {
            throw Failure.usage("--adapter-size " + size + " is larger than the model's " + pretrained.config().hidden()
                    + " channels: an adapter layer is narrower");
        }
        if (start.adapter == null && start.auxiliary == null && chosen.rule().trainsFactors()) {
            Training.requireFit(pretrained, pairs(chosen), sharpness.rule(chosen.rule(), descent));
        }
    }

    private void requireLength(Pretrained pretrained) {
        int longest = pretrained.config().longest();
        if (data.maxLength > longest && !said(spec.commandLine().getParseResult(), "--max-length")) {
            throw Failure.usage("--preset " + output.preset + " cuts to --max-length " + data.maxLength + ", the model takes " + longest
                    + ": give --max-length " + longest + " or less");
        }
        pretrained.tokenizer().requireLength(data.maxLength);
    }

    private void checkOptions(Method chosen) {
        factors.check();
        descent.check();
        data.check();
        if (data.steps != null) {
            descent.schedule(data.steps);
        }
        modelOptions.check();
        sharpness.check(chosen.rule(), descent.learningRate);
        start.check(chosen);
        ParseResult given = spec.commandLine().getParseResult();
        for (MethodOption option : MethodOption.ALL) {
            // A constant rho is among the options under which no run has any randomness, whatever its method.
            boolean constant = option.name().equals("--rho-schedule") && sharpness.schedule == RhoSchedule.Shape.CONSTANT;
            if (said(given, option.name()) && !constant && !option.rules().contains(chosen.rule())) {
                throw Failure.usage(option.without(chosen.name()) + ": leave it out");
            }
        }
        if (given.hasMatchedOption("--rho-final") && sharpness.schedule != RhoSchedule.Shape.COSINE) {
            throw Failure.usage("--rho-final has no effect with --rho-schedule " + Choice.name(sharpness.schedule)
                    + "; it is for cosine: leave it out");
        }
        Set<DescentOptions.Optimizer> optimizers = EnumSet.of(descent.optimizer);
        if (chosen.rule() == Rule.BI_LORA) {
            optimizers.add(sharpness.auxiliaryOptimizer());
        }
        requireOptimizer(DescentOptions.Optimizer.SGD, optimizers, given, "--momentum");
        requireOptimizer(DescentOptions.Optimizer.ADAMW, optimizers, given, "--beta1", "--beta2", "--adam-epsilon");
    }

    private static void requireOptimizer(DescentOptions.Optimizer needed, Set<DescentOptions.Optimizer> there, ParseResult given,
            String... options) {
        for (String option : options) {
            if (given.hasMatchedOption(option) && !there.contains(needed)) {
                throw Failure.usage(option + " has no effect without --optimizer " + Choice.name(needed) + ": leave it out");
            }
        }
    }

    /// Whether the command line gives an option, other than through its preset.
    private boolean said(ParseResult given, String option) {
        return given.hasMatchedOption(option) && !Preset.brings(output.preset, option, given.matchedOption(option).originalStringValues());
    }

    private int train(Method chosen, Device executor, Tables.Task chosenTask, Pretrained pretrained) {
        DataSet set = chosenTask.data();
        if (set.regression() && modelOptions.labelSmoothing > 0) {
            throw Failure.usage("--label-smoothing has no effect on a regression, as " + task + " is: leave it out");
        }
        int classes = set.regression() ? 1 : set.labels().size();
        TaskFile taskFile = new TaskFile(set.labels(), chosenTask.columns().text(), chosenTask.columns().label(),
                ModelOptions.pooling(pretrained), data.maxLength, set.regression(), Tables.fewShot(task) == null ? null : task)
                .on(pretrained.fingerprint());
        Given given = given(taskFile, pretrained);
        PeftAdapter second = start.auxiliary == null ? null : Adapters.readAuxiliary(start.auxiliary, pretrained, classes);
        if (second != null && Files.exists(start.auxiliary.resolve(TaskFile.NAME))) {
            pretrained.fingerprint().require(TaskFile.read(start.auxiliary), start.auxiliary, model);
        }
        adopt(given.adapter, second, chosen);
        Settings settings = settings(chosen, set.train().size());
        if (second != null && !(settings.rule() instanceof BiLora)) {
            throw Failure.usage("--init-auxiliary beside --auxiliary-rank 0: there is no second pair; leave one out");
        }
        Rows train = rows(set.name(), set.train(), pretrained);
        Rows dev = rows(chosenTask.devSource(), set.dev(), pretrained);
        Rows test = rows(chosenTask.testSource(), set.test(), pretrained);
        describe(set);
        if (settings.steps() == 1 && settings.optimisation().schedule().factor(0) == 0) {
            say("note: the only step is one of the warm-up, at the rate 0: nothing is trained; give --warmup 0, or more steps");
        }
        boolean ownHead = !given.head && hasOwnHead(set, pretrained);
        int most = Math.max(dev.mostTokens(1), test.mostTokens(1));
        try (Training training = new Training(pretrained, settings, train, classes, set.regression(), most, executor)) {
            if (given.adapter != null) {
                Adapters.loadFactors(training, given.adapter, start.adapter);
            }
            if (given.head) {
                Adapters.loadHead(training, given.adapter);
            } else if (ownHead) {
                Adapters.loadHead(training, pretrained);
            }
            if (second != null) {
                Adapters.loadAuxiliary(training, second, start.auxiliary);
            }
            return run(pretrained, settings, training, dev, test, taskFile, executor, chosenTask);
        }
    }

    /// Whether the head starts as the checkpoint's own: it has to answer with this task's labels, or with as many class numbers.
    private boolean hasOwnHead(DataSet set, Pretrained pretrained) {
        if (pretrained.outputs() == 0) {
            return false;
        }
        int classes = set.regression() ? 1 : set.labels().size();
        boolean numbers = set.labels().stream().allMatch(label -> label.matches("\\d+"));
        boolean own = pretrained.outputs() == classes && (set.regression() || numbers || set.labels().equals(pretrained.labels()));
        String labels = String.join(", ", pretrained.labels());
        say(own ? "the head starts as the checkpoint's own" + (set.regression() ? "" : ", whose labels are " + labels)
                : "the head starts anew: the checkpoint's own has " + pretrained.outputs() + " outputs (" + labels + ")");
        return own;
    }

    private int run(Pretrained pretrained, Settings settings, Training training, Rows dev, Rows test, TaskFile taskFile, Device executor,
            Tables.Task chosenTask) {
        int every = data.evaluateEvery == null ? settings.batching().stepsPerEpoch(chosenTask.data().train().size()) : data.evaluateEvery;
        boolean jsonl = output.log == TrainingOutput.Log.JSONL;
        try (RunFolder folder = RunFolder.open(out, config(settings, chosenTask, executor, pretrained));
                Interruption interruption = new Interruption()) {
            Run.Outcome outcome;
            try (Progress progress = Progress.of(streams.err(), jsonl, streams.terminal(), Terminal.columns(), settings.steps(),
                    System::nanoTime)) {
                outcome = new Run(training, pretrained, taskFile, chosenTask.metric(), folder, progress, interruption, every)
                        .toTheEnd(dev, test);
            } catch (Failure e) {
                reportOf(folder, e);
                throw e;
            }
            if (output.profile) {
                profile(training);
            }
            if (jsonl) {
                streams.out().println(JsonLine.text(outcome.json(folder.result(training))));
            } else {
                outcome.print(streams.out(), folder.result(training));
            }
            streams.out().flush();
            RunReport.write(folder.folder());
            return outcome.interrupted() ? 130 : 0;
        }
    }

    /// The report of a run that failed; why it failed is said whether or not there can be a report.
    private static void reportOf(RunFolder folder, Failure failure) {
        try {
            RunReport.write(folder.folder());
        } catch (Failure e) {
            failure.addSuppressed(e);
        }
    }

    /// What an adapter to start from says holds, unless the command line says the same again or otherwise, which is refused.
    private void adopt(PeftAdapter given, PeftAdapter second, Method chosen) {
        if (given != null) {
            if (Adapters.form(given) != chosen.form()) {
                throw Failure.of(start.adapter + (given.config().dora() ? " has DoRA's magnitudes" : " has no magnitudes") + ", but --method is "
                        + chosen.name() + "; choose " + (given.config().dora() ? "one with dora" : "one without"));
            }
            agree("--rank", factors.rank, given.config().rank(), start.adapter);
            agree("--alpha", factors.alpha, given.config().alpha(), start.adapter);
            agree("--scaling", factors.scaling, Adapters.scaling(given), start.adapter);
            factors.rank = given.config().rank();
            factors.alpha = given.config().alpha();
            factors.scaling = Adapters.scaling(given);
            factors.targets = factors.targets == null ? Adapters.targets(given) : factors.targets;
        }
        if (second != null) {
            agree("--auxiliary-rank", sharpness.auxiliaryRank, second.config().rank(), start.auxiliary);
            agree("--auxiliary-alpha", sharpness.auxiliaryAlpha, second.config().alpha(), start.auxiliary);
            if (Adapters.scaling(second) != factors.scaling()) {
                throw Failure.of(start.auxiliary + " has the scaling " + Choice.name(Adapters.scaling(second)) + ", the first pairs "
                        + Choice.name(factors.scaling()) + "; both need the same");
            }
            sharpness.auxiliaryRank = second.config().rank();
            sharpness.auxiliaryAlpha = second.config().alpha();
        }
    }

    /// An adapter to start from. Its head means nothing under other labels, or in another order: it would start by answering with the
    /// wrong ones, so that only the factors are taken then.
    private Given given(TaskFile wanted, Pretrained pretrained) {
        if (start.adapter == null) {
            return new Given(null, false);
        }
        if (!Files.exists(start.adapter.resolve(TaskFile.NAME))) {
            int outputs = Adapters.outputs(start.adapter, pretrained);
            boolean same = outputs == wanted.outputs();
            say("note: " + start.adapter + " has no " + TaskFile.NAME + "; " + (same ? "its head is taken to be this task's, "
                    : "its head has " + outputs + " outputs, the head starts anew for ") + answers(wanted));
            return new Given(Adapters.read(start.adapter, pretrained, outputs), same);
        }
        TaskFile found = TaskFile.read(start.adapter);
        if (!found.pooling().equals(wanted.pooling())) {
            throw Failure.of("--init-adapter " + start.adapter.resolve(TaskFile.NAME) + ": pooling " + found.pooling()
                    + ", but this task has " + wanted.pooling() + "; take an adapter under the same pooling, or start without one");
        }
        boolean same = found.labels().equals(wanted.labels()) && Objects.equals(found.prompt(), wanted.prompt());
        if (!same) {
            say("only the factors of " + start.adapter + " are taken, the head starts anew: there it has " + answers(found) + ", here "
                    + answers(wanted));
        }
        PeftAdapter adapter = Adapters.read(start.adapter, pretrained, found.outputs());
        pretrained.fingerprint().require(found, start.adapter, model);
        return new Given(adapter, same);
    }

    private static String answers(TaskFile task) {
        return task.regression() ? "a regression" : "the labels in the order " + task.labels();
    }

    private static void agree(String option, Object said, Object found, Path folder) {
        if (said != null && !said.equals(found)) {
            throw Failure.of(option + " is " + (said instanceof Scaling s ? Choice.name(s) : said) + ", but " + folder + " was made with "
                    + (found instanceof Scaling s ? Choice.name(s) : found) + "; leave " + option + " out");
        }
    }

    private Settings settings(Method chosen, int rows) {
        int steps = data.steps(rows);
        return new Settings(sharpness.rule(chosen.rule(), descent), sharpness.rhoSchedule(chosen.rule(), steps), pairs(chosen),
                new Settings.Optimisation(descent.descent(), descent.learningRate, modelOptions.headLearningRate(descent.learningRate),
                        descent.schedule(steps), descent.clipNorm),
                new Settings.Batching(data.batchSize, data.accumulate, data.order == DataOptions.Order.SHUFFLED, data.maxTokens),
                new Settings.Regularisation(modelOptions.dropout == null ? Double.NaN : modelOptions.dropout, factors.dropout,
                        modelOptions.labelSmoothing), data.seed);
    }

    private Settings.Pairs pairs(Method chosen) {
        if (!chosen.rule().trainsFactors()) {
            return Settings.Pairs.NONE;
        }
        return new Settings.Pairs(factors.targets(), factors.scaling(), new Settings.Size(factors.rank(), factors.alpha()),
                new Settings.Size(sharpness.auxiliaryRank(chosen.rule()), sharpness.auxiliaryAlpha(chosen.rule(), factors)), chosen.form());
    }

    private Rows rows(String source, List<Example> examples, Pretrained pretrained) {
        FewShot prompted = Tables.fewShot(task);
        Rows rows = prompted == null ? Rows.of(source, examples, pretrained.tokenizer(), data.maxLength)
                : Rows.of(source, examples, prompted.prompt(), pretrained.tokenizer(), data.maxLength);
        if (rows.truncated() > 0) {
            say(source + ": " + rows.truncated() + " of " + rows.size() + " rows were cut to " + data.maxLength + " tokens");
        }
        return rows;
    }

    /// What there is to learn, and what no model would have to.
    private void describe(DataSet set) {
        say(set.name() + ": " + set.train().size() + " training, " + set.dev().size() + " dev, " + set.test().size() + " test rows");
        if (set.regression()) {
            double least = Double.POSITIVE_INFINITY;
            double most = Double.NEGATIVE_INFINITY;
            for (Example example : set.train()) {
                least = Math.min(least, example.target());
                most = Math.max(most, example.target());
            }
            say("a regression; scores from " + least + " to " + most);
            StringBuilder baseline = new StringBuilder(String.format(Locale.ROOT, "mean baseline, %.5g: mean squared error", set.mean()));
            for (Map.Entry<String, List<Example>> split : splits(set).entrySet()) {
                baseline.append(String.format(Locale.ROOT, "%s %.5g", split.getKey(), set.meanBaseline(split.getValue())));
            }
            say(baseline.append("; a constant has no correlation").toString());
            return;
        }
        List<String> counts = new ArrayList<>();
        int[] count = set.counts(set.train());
        for (int k = 0; k < count.length; k++) {
            counts.add(set.labels().get(k) + " " + count[k]);
        }
        say("labels: " + String.join(", ", counts));
        StringBuilder baseline = new StringBuilder("majority baseline:");
        for (Map.Entry<String, List<Example>> split : splits(set).entrySet()) {
            baseline.append(String.format(Locale.ROOT, "%s %.3f", split.getKey(), set.majorityBaseline(split.getValue())));
        }
        say(baseline.toString());
    }

    /// The splits that have rows, under words to enumerate them.
    private static Map<String, List<Example>> splits(DataSet set) {
        Map<String, List<Example>> splits = new LinkedHashMap<>();
        splits.put(" train", set.train());
        if (!set.dev().isEmpty()) {
            splits.put(", dev", set.dev());
        }
        if (!set.test().isEmpty()) {
            splits.put(", test", set.test());
        }
        return splits;
    }

    private void profile(Training training) {
        StringBuilder line = new StringBuilder("seconds:");
        training.seconds().forEach((program, seconds) -> line.append(String.format(Locale.ROOT, " %s %.2f", program, seconds)));
        say(line.toString());
        say("memory planned: " + (training.session().planned().total() >> 20) + " MiB");
    }

    private void say(String line) {
        streams.err().println(output.log == TrainingOutput.Log.JSONL ? JsonLine.text(JsonLine.object().put("message", line)) : line);
    }

    /// Every value of the run as it acts, defaults too, under the options' names (`--rows` is `atMostRows`; `rows` are those that train); null
    /// where the method has no such thing. `metric` chooses the evaluation that is kept; null is the first of each.
    private ObjectNode config(Settings settings, Tables.Task chosenTask, Device executor, Pretrained pretrained) {
        ObjectNode config = JsonFile.object();
        config.put("model", model).put("task", task).put("method", method);
        ArrayNode text = config.putArray("text");
        chosenTask.columns().text().forEach(text::add);
        config.put("label", chosenTask.columns().label()).put("metric", chosenTask.metric());
        Tables named = tables.tables();
        config.put("data", named.data() == null ? null : named.data().toString());
        config.put("dev", named.dev()).put("test", named.test() == null ? null : named.test().toString());
        boolean fewShot = Tables.fewShot(task) != null;
        config.put("k", fewShot ? named.shots() : null).put("dataSeed", fewShot ? named.drawn() : null);
        Settings.Pairs pairs = settings.pairs();
        Method chosen = Method.of(method);
        boolean adapts = chosen.rule().trainsFactors();
        config.put("rank", adapts ? pairs.primary().rank() : null).put("alpha", adapts ? pairs.primary().alpha() : null);
        config.put("scaling", adapts ? Choice.name(pairs.scaling()) : null).put("form", adapts ? Choice.name(pairs.form()) : null);
        if (adapts) {
            ArrayNode targets = config.putArray("targets");
            pairs.targets().forEach(targets::add);
        } else {
            config.putNull("targets");
        }
        Bottleneck layers = pretrained.bottleneck();
        config.put("adapterSize", layers.size() == 0 ? null : layers.size());
        config.put("loraDropout", adapts ? settings.regularisation().adapterDropout() : null);
        config.put("rho", sharpness.rho(chosen.rule()));
        config.put("normScope", sharpness.scope(chosen.rule()) == null ? null : Choice.name(sharpness.scope(chosen.rule())));
        config.put("rhoSchedule", Choice.name(settings.rho().shape())).put("rhoFinal", settings.rho().rhoFinal());
        SharpnessConfig.put(config, settings.rule());
        boolean second = settings.rule() instanceof BiLora;
        config.put("auxiliaryRank", second ? pairs.auxiliary().rank() : null);
        config.put("auxiliaryAlpha", second ? pairs.auxiliary().alpha() : null);
        config.put("auxiliaryLearningRate", second ? sharpness.auxiliaryLearningRate(descent.learningRate) : null);
        config.put("auxiliaryOptimizer", second ? Choice.name(sharpness.auxiliaryOptimizer()) : null);
        config.put("optimizer", Choice.name(descent.optimizer)).put("learningRate", descent.learningRate);
        config.put("weightDecay", descent.weightDecay).put("beta1", descent.beta1).put("beta2", descent.beta2);
        config.put("adamEpsilon", descent.adamEpsilon).put("momentum", descent.momentum);
        Schedule schedule = settings.optimisation().schedule();
        config.put("schedule", Choice.name(schedule.shape())).put("warmupSteps", schedule.warmupSteps());
        config.put("clipNorm", descent.clipNorm);
        int epochSteps = settings.batching().stepsPerEpoch(chosenTask.data().train().size());
        config.put("batchSize", data.batchSize).put("accumulate", data.accumulate);
        config.put("epochs", (double) settings.steps() / epochSteps).put("steps", settings.steps());
        config.put("atMostRows", data.rows);
        config.put("order", Choice.name(data.order)).put("maxLength", data.maxLength).put("maxTokens", data.maxTokens);
        config.put("evaluateEvery", data.evaluateEvery == null ? epochSteps : data.evaluateEvery).put("seed", settings.seed());
        boolean own = Double.isNaN(settings.regularisation().dropout());
        config.put("dropout", own ? pretrained.config().dropout() : settings.regularisation().dropout());
        config.put("attentionDropout", own ? pretrained.config().attentionDropout() : settings.regularisation().dropout());
        config.put("labelSmoothing", settings.regularisation().smoothing()).put("pooling", ModelOptions.pooling(pretrained));
        config.put("headLearningRate", settings.optimisation().headLearningRate());
        config.put("init", start.weights).put("preset", output.preset);
        config.put("initAdapter", start.adapter == null ? null : start.adapter.toString());
        config.put("initAuxiliary", start.auxiliary == null ? null : start.auxiliary.toString());
        config.put("device", executor.name()).put("threads", device.threads()).put("vectorBits", Float.SIZE * Lanes.count());
        config.put("rows", chosenTask.data().train().size());
        ObjectNode versions = config.putObject("versions");
        versions.put("lowland", Versions.lowland()).put("java", Versions.java()).put("system", Versions.system());
        return config;
    }
}
