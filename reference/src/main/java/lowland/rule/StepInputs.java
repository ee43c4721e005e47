package lowland.rule;

/// What changes from step to step.
///
/// @param t                 Adam's step, 1 at the first; shared by all matrices; a skipped step does not count (the caller's job)
/// @param learningRate      η of the pairs
/// @param otherLearningRate η of the others (head)
/// @param rho               ρ ≥ 0, the perturbation's radius; a rule without one ignores it
/// @param clipNorm          the largest norm of the gradient that goes into the descent; 0 is off
/// @param progress          the share of the run's steps that lie behind, in [0, 1]; for what a rule schedules itself
/// @param noiseKey          of the step's random numbers, for a rule that draws any
public record StepInputs(int t, double learningRate, double otherLearningRate, double rho, double clipNorm, double progress,
                         long noiseKey) {

    public StepInputs {
        if (t < 1) {
            throw new IllegalArgumentException("steps count from 1, t is " + t);
        }
        requireNotNegative("learning rate", learningRate);
        requireNotNegative("learning rate of the others", otherLearningRate);
        requireNotNegative("rho", rho);
        requireNotNegative("clip norm", clipNorm);
        if (!(progress >= 0 && progress <= 1)) {
            throw new IllegalArgumentException("progress must be a share of the run in [0, 1], is " + progress);
        }
    }

    /// At the start of a run.
    public StepInputs(int t, double learningRate, double otherLearningRate, double rho, double clipNorm) {
        this(t, learningRate, otherLearningRate, rho, clipNorm, 0, 0);
    }

    /// The same at another place in the run, with other random numbers.
    public StepInputs at(double share, long key) {
        return new StepInputs(t, learningRate, otherLearningRate, rho, clipNorm, share, key);
    }

    private static void requireNotNegative(String what, double value) {
        if (!(value >= 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException(what + " must be finite and not negative, is " + value);
        }
    }
}
