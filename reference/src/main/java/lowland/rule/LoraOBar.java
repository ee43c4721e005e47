package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.BarSchedule;
import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.BarTrace;

/// LoRA-oBAR: SAM's implicit balancing of overparameterised factors, made explicit, without a second gradient.
///
/// Source: Li, Zhang and He, "Implicit Regularization of Sharpness-Aware Minimization for Scale-Invariant Problems", arXiv 2410.14802,
/// as both papers compare with it.
///
///     (gB, gA) = ∇L(W0 + s·B·A)
///     in each layer:  if ‖B‖ ≥ ‖A‖:  B ← (1 − αη)·B,  A ← (1 + αη)·A
///                     else           B ← (1 + αη)·B,  A ← (1 − αη)·A
///     (B, A) ← descent((B, A), (gB, gA))
///
/// The gradients are those of the factors before they were balanced. η is the step's learning rate, after its schedule.
/// Edge: α = 0 is LoRA, bit for bit; B = 0 stays 0 until the descent. One gradient evaluation a step. ρ is ignored.
///
/// @param alpha α at each step
public record LoraOBar(BarSchedule alpha) implements UpdateRule {

    public static LoraOBar defaults() {
        return new LoraOBar(BarSchedule.defaults());
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

        double decay = alpha.at(inputs.progress()) * inputs.learningRate();
        List<LoraPair> balanced = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            double onB = Norm.of(pair.b()) >= Norm.of(pair.a()) ? 1 - decay : 1 + decay;
            double onA = Norm.of(pair.b()) >= Norm.of(pair.a()) ? 1 + decay : 1 - decay;
            balanced.add(pair.withB(pair.b().scale(onB)).withA(pair.a().scale(onA)));
        }
        Trainables from = trainables.withPairs(balanced);

        ClippedDescent descended = ClippedDescent.step(from, gradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new BarTrace(gradients, from, descended.gradientNorm(), descended.clipped()));
    }
}
