package lowland.rule;

import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.LoraTrace;

/// Full fine-tuning: every weight descends along its own gradient. What the papers' tables call "Full FT".
///
///     G = ∇L(W)
///     W ← descent(W, G)
///
/// There are no pairs; the weights are [Trainables#whole]. One gradient evaluation a step. ρ is ignored.
public record FullFineTuning() implements UpdateRule {

    public static FullFineTuning defaults() {
        return new FullFineTuning();
    }

    /// @throws IllegalArgumentException if there are pairs: they would be trained beside the weights that they adapt
    public Descending initialState(Trainables trainables) {
        if (!trainables.pairs().isEmpty()) {
            throw new IllegalArgumentException("full fine-tuning trains weights whole, and no pair; got " + trainables.pairs().size());
        }
        return new Descending(TrainableMoments.zeroLike(trainables));
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        TrainableMoments moments = state.as(Descending.class).moments();

        Gradients gradients = oracle.at(trainables);
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at W", gradients.loss());
        }

        ClippedDescent descended = ClippedDescent.step(trainables, gradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new LoraTrace(gradients, descended.gradientNorm(), descended.clipped()));
    }
}
