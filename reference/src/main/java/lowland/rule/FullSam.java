package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.FullSamTrace;
import org.ejml.simple.SimpleMatrix;

/// Full-space SAM: the perturbation that FMLoRA, EFMLoRA and Bi-LoRA approximate, as the yardstick.
///
/// Source: SAM (Foret et al., arXiv 2010.01412v3, Eq. 2 with p = 2) over the full weights, as P1 (arXiv 2508.00522v3) Eq. 8 defines what
/// it wants; the descent is LoRA's, on the factors.
///
///     1.  G = ∂L/∂W at W0 + s·B·A
///     2.  ε = ρ·G/‖G‖
///     3.  (gB, gA) = ∇L(W0 + s·B·A + ε)      same batch
///     4.  (B, A) ← descent((B, A), (gB, gA))
///
/// | symbol | shape  |
/// |--------|--------|
/// | G, ε   | out×in |
///
/// G is asked for as the gradient of a further pair, I·X at X = 0 with s = 1: ∂L/∂X = G, and I·ε perturbs W by ε. It costs a matrix of W's
/// size for each layer, which is what the low-rank rules avoid.
///
/// Edge: ‖G‖ = 0 gives ε = 0. Two gradient evaluations a step, on the same batch and masks.
///
/// @param scope over what ‖G‖ is taken: GLOBAL or LAYER
public record FullSam(NormScope scope) implements UpdateRule {

    /// As for the rules that it is the yardstick of; not given in the papers.
    public static final double DEFAULT_RHO = 0.05;

    public FullSam {
        if (scope == NormScope.FACTOR) {
            throw new IllegalArgumentException("full-space SAM's norm is of the full weight: its scope is global or layer, not factor");
        }
    }

    /// Over all layers, as SAM's own.
    public static FullSam defaults() {
        return new FullSam(NormScope.GLOBAL);
    }

    public Descending initialState(Trainables trainables) {
        trainables.requireDistinctNames();
        return new Descending(TrainableMoments.zeroLike(trainables));
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        TrainableMoments moments = state.as(Descending.class).moments();
        int layers = trainables.pairs().size();

        List<SimpleMatrix> zero = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            zero.add(new SimpleMatrix(pair.b().getNumRows(), pair.a().getNumCols()));
        }
        Gradients gradients = oracle.at(FullWeight.addTo(trainables, zero));
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at W0 + s B A", gradients.loss());
        }
        List<SimpleMatrix> fullGradients = new ArrayList<>();
        for (PairGradient identity : gradients.pairs().subList(layers, 2 * layers)) {
            fullGradients.add(identity.dA());
        }

        double global = Norm.of(fullGradients);
        List<SimpleMatrix> perturbations = new ArrayList<>();
        for (SimpleMatrix g : fullGradients) {
            perturbations.add(FactorPerturbation.ofRadius(inputs.rho(), g, scope == NormScope.GLOBAL ? global : Norm.of(g)));
        }
        Gradients perturbed = oracle.at(FullWeight.addTo(trainables, perturbations));
        if (!perturbed.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at the perturbed weights", perturbed.loss());
        }
        Gradients perturbedGradients = perturbed.ofFirst(layers);

        ClippedDescent descended =
                ClippedDescent.step(trainables, perturbedGradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new FullSamTrace(gradients.ofFirst(layers), fullGradients, perturbations, perturbedGradients, descended.gradientNorm(),
                        descended.clipped()));
    }
}
