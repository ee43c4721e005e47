package lowland.rule;

/// What changes from step to step.
///
/// @param t                 Adam's step, 1 at the first; shared by all matrices; a skipped step does not count (the caller's job)
/// @param learningRate      η of the pairs
/// @param otherLearningRate η of the others (head)
/// @param rho               ρ ≥ 0, the perturbation's radius; a rule without one ignores it
/// @param clipNorm          the largest norm of the gradient that goes into the descent; 0 is off
public record StepInputs(int t, double learningRate, double otherLearningRate, double rho, double clipNorm) {

    public StepInputs {
        if (t < 1) {
            throw new IllegalArgumentException("steps count from 1, t is " + t);
        }
        requireNotNegative("learning rate", learningRate);
        requireNotNegative("learning rate of the others", otherLearningRate);
        requireNotNegative("rho", rho);
        requireNotNegative("clip norm", clipNorm);
    }

    private static void requireNotNegative(String what, double value) {
        if (!(value >= 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException(what + " must be finite and not negative, is " + value);
        }
    }
}
