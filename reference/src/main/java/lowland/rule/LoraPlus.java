package lowland.rule;

import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.LoraTrace;

/// LoRA+: LoRA whose B learns faster than its A.
///
/// Source: Hayou, Ghosh and Yu, "LoRA+", arXiv 2402.12354v1. Departures: none in the rule; its code gives embeddings a rate of their own,
/// which are not adapted here.
///
///     (gB, gA) = ∇L(W0 + s·B·A)
///     A ← descent(A, gA) at η,  B ← descent(B, gB) at λ·η
///
/// Edge: λ = 1 is LoRA, bit for bit. One gradient evaluation a step. ρ is ignored.
///
/// @param ratio λ = η_B/η_A ≥ 0
public record LoraPlus(double ratio) implements UpdateRule {

    /// What LoRA-GA's configurations take; the paper recommends about as much.
    public static final double DEFAULT_RATIO = 16;

    public LoraPlus {
        if (!(ratio >= 0 && Double.isFinite(ratio))) {
            throw new IllegalArgumentException("LoRA+'s ratio of B's learning rate to A's must be finite and not negative, is " + ratio);
        }
    }

    public static LoraPlus defaults() {
        return new LoraPlus(DEFAULT_RATIO);
    }

    public Descending initialState(Trainables trainables) {
        trainables.requireDistinctNames();
        return new Descending(TrainableMoments.zeroLike(trainables));
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        TrainableMoments moments = state.as(Descending.class).moments();

        Gradients gradients = oracle.at(trainables);
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at (B, A)", gradients.loss());
        }

        ClippedDescent descended = ClippedDescent.step(
                trainables, gradients, moments, inputs.learningRate(), ratio * inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new LoraTrace(gradients, descended.gradientNorm(), descended.clipped()));
    }
}
