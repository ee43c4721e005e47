package lowland.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import lowland.data.Example;
import lowland.metric.Metrics;
import lowland.program.Device;
import lowland.program.Session;

/// The demonstration: several methods fine-tune one model on one task, side by side, and are measured alike.
///
/// With each seed the methods advance round-robin, a step each, after an untimed warm-up of all on models that are thrown away. So
/// none pays for the compilation of code that others use too, and a busy moment of the machine meets all of them; who begins a
/// round changes from round to round. All start from the head of the frozen features, which is the baseline, see [FrozenFeatures].
public final class Demo {
    private final Pretrained pretrained;
    private final DemoTask task;
    private final DemoPlan plan;
    private final Device device;
    private final DemoProgress progress;
    private final Rows train;
    private final Rows devSample;
    private final Rows sharpnessSample;
    private final Rows landscapeSample;
    private FrozenFeatures frozen;
    private Directions directions;

    private Demo(Pretrained pretrained, DemoTask task, DemoPlan plan, Device device, DemoProgress progress) {
        this.pretrained = pretrained;
        this.task = task;
        this.plan = plan;
        this.device = device;
        this.progress = progress;
        train = DemoTask.sample(task.train(), plan.trainRows(), "training");
        devSample = DemoTask.sample(task.dev(), plan.devRows(), "dev curve");
        sharpnessSample = DemoTask.sample(train, plan.sharpnessRows(), "sharpness");
        landscapeSample = DemoTask.sample(sharpnessSample, plan.landscapeRows(), "landscape");
    }

    /// The work of a run, in the units that [DemoProgress] is told.
    public static long work(DemoTask task, DemoPlan plan) {
        return plan.work(task);
    }

    public static DemoResult run(Pretrained pretrained, DemoTask task, DemoPlan plan, Device device, DemoProgress progress) {
        long began = System.nanoTime();
        Demo demo = new Demo(pretrained, task, plan, device, progress);
        List<DemoResult.Baseline> baselines = List.of(demo.majority(), demo.frozenFeatures());
        demo.withTrainings(plan.seeds().getFirst(), demo::warmUp);
        List<List<DemoResult.Run>> runs = new ArrayList<>();
        List<Session.Planned> planned = new ArrayList<>();
        List<Landscape> landscapes = new ArrayList<>();
        plan.methods().forEach(_ -> runs.add(new ArrayList<>()));
        for (int seed = 0; seed < plan.seeds().size(); seed++) {
            int number = seed;
            demo.withTrainings(plan.seeds().get(number), trainings -> demo.seed(number, trainings, runs, planned, landscapes));
        }
        List<DemoResult.Method> methods = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            methods.add(new DemoResult.Method(plan.methods().get(i), List.copyOf(runs.get(i)), planned.get(i), landscapes.get(i)));
        }
        return new DemoResult(plan, task.data().name(), demo.train.size(), task.dev().size(), task.test().size(), baselines, methods,
                (System.nanoTime() - began) * 1e-9);
    }

    private DemoResult.Baseline majority() {
        int[] counts = task.data().counts(train.examples());
        int most = 0;
        for (int label = 1; label < counts.length; label++) {
            most = counts[label] > counts[most] ? label : most;
        }
        int[] predicted = new int[task.test().size()];
        java.util.Arrays.fill(predicted, most);
        int[] actual = task.test().examples().stream().mapToInt(Example::label).toArray();
        return new DemoResult.Baseline("majority", Metrics.hits(predicted, actual), Metrics.macroF1(predicted, actual),
                "always \"" + task.data().labels().get(most) + "\", the most frequent in training");
    }

    /// The head of [#frozen] is fitted here.
    private DemoResult.Baseline frozenFeatures() {
        float[][] features = FrozenFeatures.of(pretrained, train, device);
        progress.advance(train.size(), "frozen features", plan.title());
        frozen = FrozenFeatures.fit(features, train, task.classes());
        DemoResult.Baseline baseline = frozen.baseline(FrozenFeatures.of(pretrained, task.test(), device), task.test());
        progress.advance(task.test().size(), "frozen features", plan.title());
        return baseline;
    }

    /// Opens a training for each method and closes all of them after their use, whatever happens.
    private void withTrainings(long seed, Consumer<List<Training>> use) {
        int mostTokens = Math.max(task.dev().mostTokens(1), task.test().mostTokens(1));
        List<Training> trainings = new ArrayList<>();
        try {
            for (DemoMethod method : plan.methods()) {
                Training training = new Training(pretrained.with(method.layers()), plan.settings(method, seed), train, task.classes(), false,
                        mostTokens, device);
                trainings.add(training);
                frozen.start(training);
            }
            use.accept(trainings);
        } finally {
            trainings.forEach(Training::close);
        }
    }

    private void warmUp(List<Training> trainings) {
        for (int round = 0; round < plan.warmUp(); round++) {
            for (int i = 0; i < trainings.size(); i++) {
                DemoMethod method = plan.methods().get(i);
                for (int step = 0; step < method.steps(); step++) {
                    trainings.get(i).step();
                }
                progress.advance(2L * method.steps() * method.gradients() * plan.batchSize(), "warm-up, not timed", plan.title());
            }
        }
    }

    private void seed(int number, List<Training> trainings, List<List<DemoResult.Run>> runs, List<Session.Planned> planned, List<Landscape> landscapes) {
        long seed = plan.seeds().get(number);
        String place = ", seed " + (number + 1) + "/" + plan.seeds().size() + ", " + plan.title();
        List<List<StepRecord>> records = new ArrayList<>();
        List<List<DemoResult.Point>> points = new ArrayList<>();
        for (int i = 0; i < trainings.size(); i++) {
            records.add(new ArrayList<>());
            points.add(new ArrayList<>());
        }
        for (int round = 1; round <= plan.steps(); round++) {
            for (int turn = 0; turn < trainings.size(); turn++) {
                int i = (round + turn) % trainings.size();
                advance(plan.methods().get(i), trainings.get(i), records.get(i), plan.methods().get(i).title() + place);
                if (round % plan.devEvery() == 0 || round == plan.steps()) {
                    points.get(i).add(point(trainings.get(i), plan.methods().get(i).title() + place));
                }
            }
        }
        if (directions == null) {
            directions = new Directions(trainings.getFirst().session(), trainings.getFirst().model().linears(),
                    Math.max(2, plan.directions()), plan.share());
        }
        for (int i = 0; i < trainings.size(); i++) {
            DemoMethod method = plan.methods().get(i);
            Training training = trainings.get(i);
            if (number == 0) {
                progress.trained(method, training);
                planned.add(training.session().planned());
            }
            runs.get(i).add(measure(seed, training, records.get(i), points.get(i), method.title() + place));
            if (number == 0) {
                landscapes.add(Landscape.of(training, landscapeSample, directions, plan.side(), plan.reach(),
                        () -> progress.advance(landscapeSample.size(), "landscape", method.title() + place)));
            }
        }
    }

    private void advance(DemoMethod method, Training training, List<StepRecord> records, String place) {
        for (int step = 0; step < method.steps(); step++) {
            StepRecord record = training.step();
            records.add(record);
            progress.advance(2L * method.gradients() * plan.batchSize(), String.format(Locale.ROOT, "step %d/%d  loss %.3f  %,.0f tokens/s",
                    record.step(), plan.steps() * method.steps(), record.loss(), record.tokens() / record.seconds()), place);
        }
    }

    private DemoResult.Point point(Training training, String place) {
        Evaluation evaluation = training.evaluate(devSample);
        progress.advance(devSample.size(), "dev", place);
        return new DemoResult.Point(training.taken(), evaluation.loss(), evaluation.score(null));
    }

    private DemoResult.Run measure(long seed, Training training, List<StepRecord> records, List<DemoResult.Point> points, String place) {
        Evaluation test = training.evaluate(task.test());
        progress.advance(test.rows().size(), "test", place);
        double sharpness = Sharpness.of(training, sharpnessSample, directions);
        progress.advance((2L * directions.count() + 1) * sharpnessSample.size(), "sharpness", place);
        return new DemoResult.Run(seed, List.copyOf(records), training.gradients(), List.copyOf(points), test.hits(),
                test.metrics().get("macroF1"), test.loss(), sharpness);
    }
}
