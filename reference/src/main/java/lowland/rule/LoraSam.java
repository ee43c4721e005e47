package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Descent;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.LoraSamTrace;
import org.ejml.simple.SimpleMatrix;

/// LoRA-SAM: sharpness-aware minimisation over the factors.
///
/// Source: P2 (Bi-LoRA, arXiv 2508.19564v1) Eq. 3–4; P1 (FMLoRA/EFMLoRA, arXiv 2508.00522v3) Eq. 7–8.
///
///     min max L(W0 + s·(B + ε_B)·(A + ε_A))    over ‖(ε_B, ε_A)‖ ≤ ρ         P2 Eq. 3
///     ε_B = ρ·gB/F    ε_A = ρ·gA/F                                           P2 Eq. 4
///     F   = √(Σ_layers ‖gB‖² + ‖gA‖²)                                        scope GLOBAL, SAM's own
///     F   = √(‖gB‖² + ‖gA‖²) of the layer                                    scope LAYER, as P2 prints F
///     ε_B = ρ·gB/‖gB‖, ε_A = ρ·gA/‖gA‖                                       scope FACTOR, P1 Eq. 7
///
/// | symbol   | shape | unit        |
/// |----------|-------|-------------|
/// | ε_B, gB  | n×R   | weight, loss/weight |
/// | ε_A, gA  | R×m   | weight, loss/weight |
/// | ρ        | scalar, of the factors: s cancels in ε_B and ε_A | weight |
///
/// Departures and errata. The cross term ε_B·ε_A stays, P2 Eq. 6 drops it in analysis only. P1 Eq. 9 prints sign(g)⊙g for g.
/// P1 Eq. 8 leaves the scope open; over N layers LAYER is a perturbation √N times as large as GLOBAL at one ρ.
///
/// Edge: F = 0 gives ε = 0, so at B = 0, where gA = 0, FACTOR perturbs B alone.
/// Two gradient evaluations a step, on the same batch and masks; the second gives the others' gradient too.
///
/// @param scope over what F is taken
public record LoraSam(NormScope scope) implements UpdateRule {

    /// P2's value on GLUE.
    public static final double DEFAULT_RHO = 0.01;

    /// One norm over all layers.
    public static LoraSam defaults() {
        return new LoraSam(NormScope.GLOBAL);
    }

    public Descending initialState(Trainables trainables) {
        trainables.requireDistinctNames();
        return new Descending(TrainableMoments.zeroLike(trainables));
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        TrainableMoments moments = state.as(Descending.class).moments();
        double rho = inputs.rho();

        Gradients gradients = oracle.at(trainables);
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at (B, A)", gradients.loss());
        }

        List<SimpleMatrix> factorGradients = new ArrayList<>();
        for (PairGradient g : gradients.pairs()) {
            factorGradients.add(g.dB());
            factorGradients.add(g.dA());
        }
        double globalNorm = Norm.of(factorGradients);

        List<Double> normsB = new ArrayList<>();
        List<Double> normsA = new ArrayList<>();
        List<SimpleMatrix> perturbationsB = new ArrayList<>();
        List<SimpleMatrix> perturbationsA = new ArrayList<>();
        List<LoraPair> perturbedPairs = new ArrayList<>();
        for (int j = 0; j < gradients.pairs().size(); j++) {
            LoraPair pair = trainables.pairs().get(j);
            PairGradient g = gradients.pairs().get(j);
            double normB = switch (scope) {
                case GLOBAL -> globalNorm;
                case LAYER -> Norm.of(List.of(g.dB(), g.dA()));
                case FACTOR -> Norm.of(g.dB());
            };
            double normA = scope == NormScope.FACTOR ? Norm.of(g.dA()) : normB;
            SimpleMatrix perturbationB = FactorPerturbation.ofRadius(rho, g.dB(), normB);
            SimpleMatrix perturbationA = FactorPerturbation.ofRadius(rho, g.dA(), normA);
            normsB.add(normB);
            normsA.add(normA);
            perturbationsB.add(perturbationB);
            perturbationsA.add(perturbationA);
            perturbedPairs.add(pair.withB(pair.b().plus(perturbationB)).withA(pair.a().plus(perturbationA)));
        }
        Trainables perturbed = trainables.withPairs(perturbedPairs);

        Gradients perturbedGradients = oracle.at(perturbed);
        if (!perturbedGradients.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at (B + eB, A + eA)", perturbedGradients.loss());
        }

        ClippedDescent descended =
                ClippedDescent.step(trainables, perturbedGradients, moments, inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Descending(descended.moments()),
                new LoraSamTrace(gradients, List.copyOf(normsB), List.copyOf(normsA), List.copyOf(perturbationsB),
                        List.copyOf(perturbationsA), perturbed, perturbedGradients, descended.gradientNorm(), descended.clipped()));
    }
}
