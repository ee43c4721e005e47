package lowland.train;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import lowland.metric.Metrics;
import lowland.program.Session;

/// What was measured on one task.
///
/// @param seconds of everything, tokenizing excepted
public record DemoResult(DemoPlan plan, String task, int trainRows, int devRows, int testRows, List<Baseline> baselines,
        List<Method> methods, double seconds) {

    /// An answer without any adapter.
    ///
    /// @param hits for each test row, 1 if the answer was right, else 0
    /// @param how  it was made
    public record Baseline(String title, double[] hits, double macroF1, String how) {
        public double accuracy() {
            return Metrics.mean(hits);
        }
    }

    /// A point of the dev curve.
    public record Point(int step, double loss, double accuracy) {}

    /// One method with one seed.
    ///
    /// @param gradients evaluations of the gradient, counted while it trained
    /// @param dev       loss and accuracy on the dev sample
    /// @param hits      for each test row, 1 if the answer was right, else 0
    /// @param sharpness see [Sharpness]
    public record Run(long seed, List<StepRecord> steps, int gradients, List<Point> dev, double[] hits, double macroF1, double testLoss,
            double sharpness) {
        public double accuracy() {
            return Metrics.mean(hits);
        }

        /// ‖ΔW‖_F of the perturbation, the mean over the steps.
        public double perturbation() {
            return Metrics.mean(steps.stream().mapToDouble(StepRecord::perturbationNorm).toArray());
        }
    }

    /// One method, all seeds.
    ///
    /// @param landscape of the first seed
    public record Method(DemoMethod method, List<Run> runs, Session.Planned planned, Landscape landscape) {
        public double[] accuracies() {
            return runs.stream().mapToDouble(Run::accuracy).toArray();
        }

        public double accuracy() {
            return Metrics.mean(accuracies());
        }

        public double accuracyError() {
            return Metrics.standardError(accuracies());
        }

        /// For each seed, the number of right answers.
        private double[] right() {
            return runs.stream().mapToDouble(run -> Arrays.stream(run.hits()).sum()).toArray();
        }

        /// For each test row, the share of the seeds whose answer was right.
        private double[] hits() {
            double[] hits = new double[runs.getFirst().hits().length];
            for (int row = 0; row < hits.length; row++) {
                int at = row;
                hits[row] = Metrics.mean(runs.stream().mapToDouble(run -> run.hits()[at]).toArray());
            }
            return hits;
        }

        public double macroF1() {
            return Metrics.mean(runs.stream().mapToDouble(Run::macroF1).toArray());
        }

        private double[] sharpnesses() {
            return runs.stream().mapToDouble(Run::sharpness).toArray();
        }

        public double sharpness() {
            return Metrics.mean(sharpnesses());
        }

        public double sharpnessError() {
            return Metrics.standardError(sharpnesses());
        }

        public double perturbation() {
            return Metrics.mean(runs.stream().mapToDouble(Run::perturbation).toArray());
        }

        /// Gradient evaluations of a step: those counted, over the steps.
        public double gradientsPerStep() {
            return runs.stream().mapToInt(Run::gradients).sum() / (double) runs.stream().mapToInt(run -> run.steps().size()).sum();
        }

        /// Steps of all seeds that changed nothing, because something was not finite.
        public long skipped() {
            return runs.stream().flatMap(run -> run.steps().stream()).filter(StepRecord::skipped).count();
        }

        /// Median time of a step, all seeds, in seconds.
        public double stepSeconds() {
            return quantile(0.5);
        }

        /// A quantile of the time of a step, between neighbours in proportion.
        public double quantile(double share) {
            double[] seconds = runs.stream().flatMap(run -> run.steps().stream()).mapToDouble(StepRecord::seconds).sorted().toArray();
            double place = share * (seconds.length - 1);
            int below = (int) place;
            int above = Math.min(below + 1, seconds.length - 1);
            return seconds[below] + (place - below) * (seconds[above] - seconds[below]);
        }
    }

    /// The method that the others are compared with.
    public Method base() {
        return methods.stream().filter(method -> method.method().name().equals(DemoMethod.BASE)).findFirst().orElseThrow();
    }

    /// A method's accuracy less LoRA's, compared twice. Either comparison alone is fooled: two seeds may agree to a row by chance, and a
    /// few rows more come out of the draw of the test rows, whichever the seeds.
    ///
    /// @param seeds seed by seed; what the seeds' draw explains
    /// @param rows  test row by test row, each the mean over the seeds; what the rows' draw explains
    /// @param p     the larger of both, after Holm for as many methods as are compared with LoRA; NaN where one of the two is
    public record Difference(Metrics.Paired seeds, Metrics.Paired rows, double p) {
        public double mean() {
            return seeds.mean();
        }

        /// The larger of the two; NaN with one seed.
        public double standardError() {
            return Math.max(seeds.standardError(), rows.standardError());
        }

        /// Whether noise explains it, that of the seeds or that of the test rows, given how many methods are compared.
        public boolean withinNoise() {
            return DemoResult.withinNoise(new Metrics.Paired(seeds.pairs(), mean(), standardError(), p));
        }
    }

    /// Each method against LoRA, in the table's order; LoRA itself does not count as a comparison.
    public List<Difference> differences() {
        List<Metrics.Paired> seeds = methods.stream().map(this::seedBySeed).toList();
        List<Metrics.Paired> rows = methods.stream().map(method -> Metrics.paired(method.hits(), base().hits())).toList();
        int[] others = IntStream.range(0, methods.size()).filter(i -> methods.get(i) != base()).toArray();
        double[] larger = IntStream.of(others).mapToDouble(i -> Math.max(seeds.get(i).p(), rows.get(i).p())).toArray();
        double[] p = new double[methods.size()];
        Arrays.fill(p, 1);
        double[] adjusted = Metrics.holm(larger);
        for (int k = 0; k < others.length; k++) {
            p[others[k]] = adjusted[k];
        }
        return IntStream.range(0, p.length).mapToObj(i -> new Difference(seeds.get(i), rows.get(i), p[i])).toList();
    }

    /// How many methods are compared with LoRA.
    public int comparisons() {
        return methods.size() - 1;
    }

    /// Counted in whole rows: seeds that agree to the row then have one and the same difference, not one that rounding parted.
    private Metrics.Paired seedBySeed(Method method) {
        Metrics.Paired counted = Metrics.paired(method.right(), base().right());
        int n = base().hits().length;
        return new Metrics.Paired(counted.pairs(), counted.mean() / n, counted.standardError() / n, counted.p());
    }

    /// The methods from the lowest mean sharpness to the highest; those that are equal in the table's order.
    public List<Method> bySharpness() {
        return methods.stream().sorted(Comparator.comparingDouble(Method::sharpness)).toList();
    }

    /// The method of the lowest sharpness, if the next one's is higher beyond the noise of the seeds: p times the number of methods, each
    /// of which could have been the lowest, is at most 0.05.
    public Optional<Method> flattest() {
        List<Method> sorted = bySharpness();
        if (sorted.size() < 2) {
            return Optional.empty();
        }
        Metrics.Paired next = Metrics.paired(sorted.get(1).sharpnesses(), sorted.get(0).sharpnesses());
        double p = Math.min(1, sorted.size() * next.p());
        return withinNoise(new Metrics.Paired(next.pairs(), next.mean(), next.standardError(), p)) ? Optional.empty() : Optional.of(sorted.get(0));
    }

    /// The head on frozen features, which every method starts from.
    public Baseline frozen() {
        return baselines.getLast();
    }

    /// A method's accuracy less that of the frozen features, test row by test row.
    public Metrics.Paired toFrozen(Method method) {
        return Metrics.paired(method.hits(), frozen().hits());
    }

    /// Whether a difference cannot be told from noise: p above 0.05, or smaller than two standard errors, or not known.
    public static boolean withinNoise(Metrics.Paired difference) {
        return !(difference.p() <= 0.05 && Math.abs(difference.mean()) >= 2 * difference.standardError());
    }

    /// A method's time a step over LoRA's.
    public double ratio(Method method) {
        return method.stepSeconds() / base().stepSeconds();
    }

    /// The seeds, for a sentence.
    public String seeds() {
        return String.join(", ", Arrays.stream(plan.seeds().toArray()).map(Object::toString).toList());
    }
}
