package lowland.descent;

/// The learning rate's factor at each optimiser step, as Hugging Face's `get_*_schedule(_with_warmup)`.
///
/// Step k = 0, 1, …, K−1, with w steps of warm-up:
///
///     k < w      k/w
///     CONSTANT   1
///     LINEAR     (K−k)/(K−w)
///     COSINE     ½(1 + cos(π(k−w)/(K−w)))
///
/// So with warm-up the first step's rate is 0, and the last step's is not. From k = K on LINEAR and COSINE stay at 0.
/// The schedule advances with skipped steps too.
///
/// @param shape       what follows the warm-up
/// @param steps       K ≥ 1
/// @param warmupSteps w in [0, K]
public record Schedule(Shape shape, int steps, int warmupSteps) {

    /// What follows the warm-up.
    public enum Shape { CONSTANT, LINEAR, COSINE }

    public Schedule {
        if (steps < 1) {
            throw new IllegalArgumentException("a schedule needs at least 1 step, has " + steps);
        }
        if (warmupSteps < 0 || warmupSteps > steps) {
            throw new IllegalArgumentException("warm-up must take 0 to " + steps + " steps (the whole run), takes " + warmupSteps);
        }
    }

    /// Warm-up as a share of the steps: w = ⌈warmup·K⌉.
    public static Schedule withWarmupShare(Shape shape, int steps, double warmup) {
        if (!(warmup >= 0 && warmup <= 1)) {
            throw new IllegalArgumentException("warm-up must be a share of the steps in [0, 1], is " + warmup);
        }
        return new Schedule(shape, steps, (int) Math.ceil(warmup * steps));
    }

    /// The factor on the learning rate at step k.
    public double factor(int k) {
        if (k < 0) {
            throw new IllegalArgumentException("steps count from 0, asked for " + k);
        }
        if (k < warmupSteps) {
            return (double) k / warmupSteps;
        }
        return switch (shape) {
            case CONSTANT -> 1;
            case LINEAR -> k >= steps ? 0 : (double) (steps - k) / (steps - warmupSteps);
            case COSINE -> k >= steps ? 0 : 0.5 * (1 + StrictMath.cos(Math.PI * ((double) (k - warmupSteps) / (steps - warmupSteps))));
        };
    }
}
