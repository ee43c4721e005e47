package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// The perturbation of one factor that stands for a perturbation of the full weight: P1 (arXiv 2508.00522v3) Eq. 12–15.
///
///     Ḡ   = ½·((1/s)·gB·(Aᵀ)⁺ + (1/s)·(Bᵀ)⁺·gA)      Eq. 12, see [Estimate]
///     E_W = ρ·Ḡ/‖Ḡ‖                                  Eq. 13
///     E_B = (1/s)·E_W·A⁺                              Eq. 14–15: s·E_B·A is nearest to E_W
///     E_A = (1/s)·B⁺·E_W                              the mirror image, where A is perturbed instead
///
/// | symbol | shape | | symbol | shape |
/// |--------|-------|-|--------|-------|
/// | Ḡ, E_W | n×m   | | A⁺     | m×R   |
/// | E_B    | n×R   | | B⁺     | R×n   |
/// | E_A    | R×m   | | ‖Ḡ‖    | of the layer, or over all layers |
///
/// Errata. Eq. 13 (like Eq. 9) prints sign(g)⊙g, which is |g| elementwise and would climb only where g > 0; the SAM perturbation is g/‖g‖.
/// Eq. 14 claims the maximal loss unchanged: s·E_B·A is the projection E_W·A⁺A, so ‖s·E_B·A‖ ≤ ρ with equality iff E_W lies in the
/// row space of A.
///
/// Edge: ‖Ḡ‖ = 0 gives E = 0; no epsilon in the denominator. B = 0 makes Eq. 11's part 0 and halves Ḡ, which Eq. 13 cancels.
///
/// @param fullGradients       Ḡ of each layer
/// @param norms               ‖Ḡ‖ that each layer was divided by; one and the same for all where the scope is global
/// @param weightPerturbations E_W of each layer
/// @param perturbations       E_B, or E_A, of each layer
public record FactorPerturbation(List<SimpleMatrix> fullGradients, List<Double> norms,
                                 List<SimpleMatrix> weightPerturbations, List<SimpleMatrix> perturbations) {

    public FactorPerturbation {
        fullGradients = List.copyOf(fullGradients);
        norms = List.copyOf(norms);
        weightPerturbations = List.copyOf(weightPerturbations);
        perturbations = List.copyOf(perturbations);
    }

    /// E of every layer, from gradients taken at these pairs.
    static FactorPerturbation of(NormScope scope, Estimate estimate, Factor perturbed, double rho,
                                 List<LoraPair> pairs, List<PairGradient> gradients) {
        List<SimpleMatrix> fullGradients = new ArrayList<>();
        for (int j = 0; j < pairs.size(); j++) {
            fullGradients.add(estimate.of(pairs.get(j), gradients.get(j)));
        }
        double globalNorm = Norm.of(fullGradients);
        List<Double> norms = new ArrayList<>();
        List<SimpleMatrix> weightPerturbations = new ArrayList<>();
        List<SimpleMatrix> perturbations = new ArrayList<>();
        for (int j = 0; j < pairs.size(); j++) {
            SimpleMatrix fullGradient = fullGradients.get(j);
            double norm = scope == NormScope.GLOBAL ? globalNorm : Norm.of(fullGradient);
            SimpleMatrix weightPerturbation = ofRadius(rho, fullGradient, norm);
            norms.add(norm);
            weightPerturbations.add(weightPerturbation);
            perturbations.add(project(weightPerturbation, perturbed, pairs.get(j)));
        }
        return new FactorPerturbation(fullGradients, norms, weightPerturbations, perturbations);
    }

    /// Eq. 13: ρ·g/‖g‖, and 0 where the norm is 0.
    static SimpleMatrix ofRadius(double rho, SimpleMatrix gradient, double norm) {
        if (norm == 0) {
            return new SimpleMatrix(gradient.getNumRows(), gradient.getNumCols());
        }
        return gradient.divide(norm).scale(rho);
    }

    /// Eq. 15: E_B = (1/s)·E_W·A⁺, or its mirror image.
    private static SimpleMatrix project(SimpleMatrix weightPerturbation, Factor perturbed, LoraPair pair) {
        return switch (perturbed) {
            case B -> weightPerturbation.mult(PseudoInverse.byHouseholder(pair.a())).divide(pair.scaling());
            case A -> PseudoInverse.byHouseholder(pair.b()).mult(weightPerturbation).divide(pair.scaling());
        };
    }

    /// The pairs with E added to the perturbed factor: B̃ = B + E_B, or Ã = A + E_A.
    static List<LoraPair> addTo(List<LoraPair> pairs, Factor perturbed, List<SimpleMatrix> perturbations) {
        List<LoraPair> moved = new ArrayList<>();
        for (int j = 0; j < pairs.size(); j++) {
            LoraPair pair = pairs.get(j);
            moved.add(switch (perturbed) {
                case B -> pair.withB(pair.b().plus(perturbations.get(j)));
                case A -> pair.withA(pair.a().plus(perturbations.get(j)));
            });
        }
        return moved;
    }

    /// Whether every norm and every perturbation is finite.
    boolean isFinite() {
        for (double norm : norms) {
            if (!Double.isFinite(norm)) {
                return false;
            }
        }
        return Double.isFinite(Norm.of(perturbations));
    }
}
