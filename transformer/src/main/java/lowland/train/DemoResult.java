package lowland.train;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
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

        /// Whether the noise of the seeds or that of the test rows explains it.
        public boolean withinNoise() {
            return DemoResult.withinNoise(new Metrics.Paired(seeds.pairs(), mean(), standardError(), p));
        }
    }

    /// A method against LoRA.
    public Difference toBase(Method method) {
        List<Method> others = methods.stream().filter(other -> other != base()).toList();
        List<Difference> alone = others.stream().map(this::alone).toList();
        int at = others.indexOf(method);
        return at < 0 ? alone(method) : new Difference(alone.get(at).seeds(), alone.get(at).rows(),
                Metrics.holm(alone.stream().mapToDouble(Difference::p).toArray())[at]);
    }

    /// As if no other method were compared.
    private Difference alone(Method method) {
        // In whole rows: seeds that agree to the row then have one and the same difference, not one that rounding parted.
        Metrics.Paired counted = Metrics.paired(method.right(), base().right());
        int n = base().hits().length;
        Metrics.Paired seeds = new Metrics.Paired(counted.pairs(), counted.mean() / n, counted.standardError() / n, counted.p());
        Metrics.Paired rows = Metrics.paired(method.hits(), base().hits());
        return new Difference(seeds, rows, Math.max(seeds.p(), rows.p()));
    }

    /// The methods from the lowest mean sharpness to the highest; those that are equal in the table's order.
    public List<Method> bySharpness() {
        return methods.stream().sorted(Comparator.comparingDouble(Method::sharpness)).toList();
    }

    /// The method of the lowest sharpness, if the next one's is higher beyond the noise of the seeds.
    public Optional<Method> flattest() {
        List<Method> sorted = bySharpness();
        return sorted.size() < 2 || withinNoise(Metrics.paired(sorted.get(1).sharpnesses(), sorted.get(0).sharpnesses()))
                ? Optional.empty() : Optional.of(sorted.get(0));
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
