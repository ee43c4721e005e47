package lowland.rule;

import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.LoraTrace;

/// LoRA: descend along the gradients of the factors.
///
/// Source: Hu et al., arXiv 2106.09685v2, Eq. 3. Departures: none.
///
///     (gB, gA) = ∇L(W0 + s·B·A)
///     (B, A) ← descent((B, A), (gB, gA))
///
/// One gradient evaluation a step. ρ is ignored.
public record Lora() implements UpdateRule {

    public static Lora defaults() {
        return new Lora();
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

        ClippedDescent descended = ClippedDescent.step(trainables, gradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new LoraTrace(gradients, descended.gradientNorm(), descended.clipped()));
    }
}
