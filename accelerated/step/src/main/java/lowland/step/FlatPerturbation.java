package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import lowland.program.Recording;
import lowland.program.Value;
import lowland.rule.Estimate;
import lowland.rule.Factor;

/// The perturbation of FMLoRA and EFMLoRA (arXiv 2508.00522v3 Eq. 10–15) without a matrix of the weight's size.
///
/// With K_A = (AAᵀ)⁺, K_B = (BᵀB)⁺, C = Bᵀ·gB, D = gA·Aᵀ (all R×R) and the weights w_B, w_A of the two estimates (½ and ½ for Eq. 12,
/// 1 and 0 for Eq. 10, 0 and 1 for Eq. 11):
///
///     s²·‖Ḡ‖² = w_B²·⟨K_A, gBᵀgB⟩ + w_A²·⟨K_B, gA·gAᵀ⟩ + 2·w_A·w_B·⟨K_B·C·K_A, D⟩
///     E_B = ρ/(s²·N) · (w_B·gB·K_A + w_A·B·(K_B·D·K_A))
///     E_A = ρ/(s²·N) · (w_A·K_B·gA + w_B·(K_B·C·K_A)·A)           if A is perturbed
///
/// where N = ‖Ḡ‖ of the layer, or of all layers. For any gA, gB, consistent or not; N = 0 gives E = 0. Coefficients multiply the R×R
/// blocks in double before they are rounded, so ρ = 0 gives exact zeros.
///
/// The R×R products are recorded where this is made, E where it is asked for: in a later stage, once N is known.
final class FlatPerturbation {
    private final Recording p;
    private final Factor perturbed;
    private final double scaling;
    private final double weightA;
    private final double weightB;
    private final Value a;
    private final Value b;
    private final Value gA;
    private final Value gB;
    private final Value inverseA;
    private final Value inverseB;
    private final Value mixed;
    private final Value squaredNorm;

    /// Records K_A, K_B, K_B·D·K_A (or K_B·C·K_A) and ‖Ḡ‖² for the factors of the open stage's layer.
    FlatPerturbation(Recording p, Estimate estimate, Factor perturbed, double scaling, Value a, Value b, Value gA, Value gB) {
        this.p = p;
        this.perturbed = perturbed;
        this.scaling = scaling;
        this.weightA = estimate == Estimate.MEAN ? 0.5 : estimate == Estimate.A ? 1 : 0;
        this.weightB = estimate == Estimate.MEAN ? 0.5 : estimate == Estimate.B ? 1 : 0;
        this.a = a;
        this.b = b;
        this.gA = gA;
        this.gB = gB;
        inverseA = p.pseudoInverse(p.gram(a, a, 1));
        inverseB = p.pseudoInverse(p.gram(b, b, 0));
        Value c = p.gram(b, gB, 0);
        Value d = p.gram(gA, a, 1);
        mixed = between(perturbed == Factor.B ? d : c);
        Value fromB = p.inner(inverseA, p.gram(gB, gB, 0));
        Value fromA = p.inner(inverseB, p.gram(gA, gA, 1));
        squaredNorm = times(1 / (scaling * scaling), p.scalar(MAXIMUM, p.constant(0), switch (estimate) {
            case B -> fromB;
            case A -> fromA;
            case MEAN -> times(0.25, p.scalar(ADD, p.scalar(ADD, fromB, fromA), times(2, p.inner(between(c), d))));
        }));
    }

    /// K_B·x·K_A.
    private Value between(Value x) {
        return p.smallProduct(p.smallProduct(inverseB, x), inverseA);
    }

    private Value times(double constant, Value value) {
        return p.scalar(MULTIPLY, p.constant(constant), value);
    }

    /// ‖Ḡ‖² of this layer.
    Value squaredNorm() {
        return squaredNorm;
    }

    /// E_B or E_A, for a given N.
    Value of(Value rho, Value norm) {
        Value coefficient = times(1 / (scaling * scaling), p.scalar(DIVIDE_OR_ZERO, rho, norm));
        return switch (perturbed) {
            case B -> p.product(b, false, block(mixed, coefficient, weightA), false,
                    p.product(gB, false, block(inverseA, coefficient, weightB), false, null));
            case A -> p.product(block(mixed, coefficient, weightB), false, a, false,
                    p.product(block(inverseB, coefficient, weightA), false, gA, false, null));
        };
    }

    private Value block(Value small, Value coefficient, double weight) {
        return p.toReal(p.scale(small, times(weight, coefficient)));
    }

    /// ‖s·e·A‖² (or ‖s·B·e‖²): by how much e changes the weight.
    static Value squaredChange(Recording p, Factor perturbed, double scaling, Value e, Value a, Value b) {
        Value inner = switch (perturbed) {
            case B -> p.inner(p.gram(e, e, 0), p.gram(a, a, 1));
            case A -> p.inner(p.gram(b, b, 0), p.gram(e, e, 1));
        };
        return p.scalar(MULTIPLY, p.constant(scaling * scaling), p.scalar(MAXIMUM, p.constant(0), inner));
    }
}
