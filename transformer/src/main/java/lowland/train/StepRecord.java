package lowland.train;

import java.util.Map;

/// What happened in one optimiser step: a line of `metrics.jsonl`.
///
/// @param step from 1
/// @param epoch epochs behind this step, a fraction
/// @param loss mean over the rows of the step, at the point of the last gradient
/// @param gradientNorm before clipping
/// @param perturbationNorm ‖ΔW‖_F by which the weights were changed for the gradient
/// @param clipped whether the gradient was clipped
/// @param skipped whether something was not finite, so that nothing changed
/// @param tokens real tokens of the step
/// @param seconds wall-clock time of the step
/// @param more what the rule adds
public record StepRecord(int step, double epoch, double loss, double learningRate, double rho, double gradientNorm, double perturbationNorm,
        boolean clipped, boolean skipped, int tokens, double seconds, Map<String, Double> more) {}
