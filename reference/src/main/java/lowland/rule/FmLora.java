package lowland.rule;

import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.FmLoraTrace;

/// FMLoRA: sharpness-aware minimisation over the full weight, carried by a perturbation of one factor.
///
/// Source: P1 (FMLoRA/EFMLoRA, arXiv 2508.00522v3; its v1 calls them Flat-LoRA and EFlat-LoRA) Eq. 10–15 and its algorithm.
///
///     1.  (gB, gA) = ∇L(W0 + s·B·A)
///     2.  Ḡ = ½·((1/s)·gB·(Aᵀ)⁺ + (1/s)·(Bᵀ)⁺·gA)       Eq. 12
///         E_W = ρ·Ḡ/‖Ḡ‖                                 Eq. 13
///         E_B = (1/s)·E_W·A⁺                             Eq. 15
///     3.  (gB, gA) = ∇L(W0 + s·(B + E_B)·A)             same batch
///     4.  (B, A) ← descent((B, A), (gB, gA))            from the old B, not from B + E_B
///
/// Shapes, the three equations and their errata (Eq. 9–14): [FactorPerturbation], [Estimate].
///
/// Departures. The norm's scope is open in P1; its Eq. 13 is per matrix, hence LAYER by default. With A perturbed (P1 names it as
/// an alternative), step 2 ends with E_A = (1/s)·B⁺·E_W, and step 3 is at A + E_A.
///
/// Variant, this project's: with the estimate B (Eq. 10 alone) and B perturbed E_B is the first-order exact perturbation, see [Estimate];
/// the mean's keeps at least 2√2/3 of its direction, and less of its norm.
///
/// Edge: ‖Ḡ‖ = 0 gives E = 0; at B = 0, E_A = 0.
/// Two gradient evaluations a step, on the same batch and masks; the second gives the others' gradient too.
///
/// @param scope     over what ‖Ḡ‖ is taken: GLOBAL or LAYER
/// @param estimate  of the full gradient
/// @param perturbed the factor that carries the perturbation
public record FmLora(NormScope scope, Estimate estimate, Factor perturbed) implements UpdateRule {

    /// Not given in P1 for this rule; a value that its Table 5 tries.
    public static final double DEFAULT_RHO = 0.05;

    public FmLora {
        if (scope == NormScope.FACTOR) {
            throw new IllegalArgumentException("FMLoRA's norm is of the full weight: its scope is global or layer, not factor");
        }
    }

    /// Per layer, Eq. 12, B perturbed.
    public static FmLora defaults() {
        return new FmLora(NormScope.LAYER, Estimate.MEAN, Factor.B);
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

        FactorPerturbation perturbation = FactorPerturbation.of(
                scope, estimate, perturbed, inputs.rho(), trainables.pairs(), gradients.pairs());
        if (!perturbation.isFinite()) {
            return StepResult.skip(trainables, state, "norm of the perturbation", gradients.loss());
        }
        Trainables moved = trainables.withPairs(
                FactorPerturbation.addTo(trainables.pairs(), perturbed, perturbation.perturbations()));

        Gradients perturbedGradients = oracle.at(moved);
        if (!perturbedGradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at the perturbed factors", perturbedGradients.loss());
        }

        ClippedDescent descended =
                ClippedDescent.step(trainables, perturbedGradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new FmLoraTrace(gradients, perturbation, moved, perturbedGradients, descended.gradientNorm(), descended.clipped()));
    }
}
