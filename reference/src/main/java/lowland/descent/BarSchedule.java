package lowland.descent;

/// The strength α of LoRA-oBAR's and LoRA-nBAR's balancing over the run, whose share p in [0, 1] is over:
///
///     CONSTANT  α
///     LINEAR    α·(1 − p)
///     COSINE    α·½(1 + cos(πp))
///
/// @param shape how α changes
/// @param alpha α ≥ 0 at the start
public record BarSchedule(Schedule.Shape shape, double alpha) {

    /// What P2 (arXiv 2508.19564v1) H.4 takes.
    public static final double DEFAULT_ALPHA = 0.25;

    public BarSchedule {
        if (!(alpha >= 0 && Double.isFinite(alpha))) {
            throw new IllegalArgumentException("BAR's alpha must be finite and not negative, is " + alpha);
        }
    }

    /// Linear: our choice among those that BAR's paper (arXiv 2410.14802) names.
    public static BarSchedule defaults() {
        return new BarSchedule(Schedule.Shape.LINEAR, DEFAULT_ALPHA);
    }

    /// α when this share of the run is over.
    public double at(double progress) {
        return switch (shape) {
            case CONSTANT -> alpha;
            case LINEAR -> alpha * (1 - progress);
            case COSINE -> alpha * (0.5 * (1 + StrictMath.cos(Math.PI * progress)));
        };
    }
}
