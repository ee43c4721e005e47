package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Descent;
import lowland.rule.RuleState.Averaging;
import lowland.rule.Trace.EfmLoraTrace;
import org.ejml.simple.SimpleMatrix;

/// EFMLoRA: FMLoRA at the price of one gradient, by a moving average of past perturbations.
///
/// Source: P1 (FMLoRA/EFMLoRA, arXiv 2508.00522v3; its v1 calls them Flat-LoRA and EFlat-LoRA) Eq. 10–15, 18 and Fig. 2.
///
///     1.  B̃ = B_{t−1} + Ê_{t−1};   (gB, gA) = ∇L(W0 + s·B̃·A_{t−1})
///     2.  Ḡ = ½·((1/s)·gB·(A_{t−1}ᵀ)⁺ + (1/s)·(B̃ᵀ)⁺·gA)      Eq. 12
///         E_W = ρ·Ḡ/‖Ḡ‖                                      Eq. 13
///         E_t = (1/s)·E_W·A_{t−1}⁺                            Eq. 15
///     3.  (B_t, A_t) ← descent((B_{t−1}, A_{t−1}), (gB, gA))  from B_{t−1}, not from B̃
///     4.  Ê_t = (1−β)·Ê_{t−1} + β·E_t                         Eq. 18
///
/// Shapes, the three equations and their errata (Eq. 9–14): [FactorPerturbation], [Estimate].
///
/// Departures and errata. Step 2 takes the factors of the point where the gradients were taken, B̃ and A_{t−1}: Fig. 2's order says so,
/// and with B_{t−1} Eq. 11 would not be a projection. Where Fig. 2 prints (1/s)·Ê_t·A⁺ the shapes do not fit; Eq. 15 is meant. Ê₀ is open,
/// hence [EmaStart]. Ê is not transported when A changes, so ‖s·Ê·A‖ is not bounded by ρ. The bound of Theorem 2 does not tend to 0.
/// With A perturbed, A and B change places and E_t = (1/s)·B_{t−1}⁺·E_W.
///
/// Evaluate, save and merge with B, never with B̃. A skipped step leaves Ê as it is.
/// Edge: ‖Ḡ‖ = 0 gives E_t = 0; Ê then only decays. One gradient evaluation a step.
///
/// @param scope     over what ‖Ḡ‖ is taken: GLOBAL or LAYER
/// @param estimate  of the full gradient
/// @param perturbed the factor that carries the perturbation
/// @param ema       β in (0, 1], the weight of the new term; 1 is FMLoRA's perturbation, one step late
/// @param start     what Ê₁ is
public record EfmLora(NormScope scope, Estimate estimate, Factor perturbed, double ema, EmaStart start) implements UpdateRule {

    /// Not given in P1 for this rule's main tables; a value that its Table 5 tries.
    public static final double DEFAULT_RHO = 0.05;

    public EfmLora {
        if (scope == NormScope.FACTOR) {
            throw new IllegalArgumentException("EFMLoRA's norm is of the full weight: its scope is global or layer, not factor");
        }
        if (!(ema > 0 && ema <= 1)) {
            throw new IllegalArgumentException("EFMLoRA's ema, the weight of the new term, must be in (0, 1], is " + ema);
        }
    }

    /// Per layer, Eq. 12, B perturbed, β = 0.9 from zero.
    public static EfmLora defaults() {
        return new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, 0.9, EmaStart.ZERO);
    }

    public Averaging initialState(Trainables trainables) {
        trainables.requireDistinctNames();
        List<SimpleMatrix> average = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            SimpleMatrix factor = perturbed == Factor.B ? pair.b() : pair.a();
            average.add(new SimpleMatrix(factor.getNumRows(), factor.getNumCols()));
        }
        return new Averaging(TrainableMoments.zeroLike(trainables), average);
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        Averaging before = state.as(Averaging.class);

        Trainables moved = trainables.withPairs(FactorPerturbation.addTo(trainables.pairs(), perturbed, before.average()));
        Gradients gradients = oracle.at(moved);
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at the perturbed factors", gradients.loss());
        }

        FactorPerturbation perturbation = FactorPerturbation.of(
                scope, estimate, perturbed, inputs.rho(), moved.pairs(), gradients.pairs());
        if (!perturbation.isFinite()) {
            return StepResult.skip(trainables, state, "norm of the perturbation", gradients.loss());
        }

        ClippedDescent descended =
                ClippedDescent.step(trainables, gradients, before.moments(), inputs.learningRate(), inputs, descent);

        boolean first = start == EmaStart.FIRST && inputs.t() == 1;
        List<SimpleMatrix> average = new ArrayList<>();
        for (int j = 0; j < perturbation.perturbations().size(); j++) {
            SimpleMatrix e = perturbation.perturbations().get(j);
            average.add(first ? e : before.average().get(j).scale(1 - ema).plus(e.scale(ema)));
        }

        return StepResult.of(descended.next(), new Averaging(descended.moments(), average),
                new EfmLoraTrace(moved, gradients, perturbation, descended.gradientNorm(), descended.clipped(), List.copyOf(average)));
    }
}
