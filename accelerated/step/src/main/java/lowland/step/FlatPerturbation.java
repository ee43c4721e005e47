package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import lowland.program.Recording;
import lowland.program.Value;
import lowland.program.operation.Scalar;
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
record FlatPerturbation(Recording p, Estimate estimate, double scaling, Value a, Value b, Value gA, Value gB) {
    private double weightB() {
        return estimate == Estimate.MEAN ? 0.5 : estimate == Estimate.B ? 1 : 0;
    }

    private double weightA() {
        return estimate == Estimate.MEAN ? 0.5 : estimate == Estimate.A ? 1 : 0;
    }

    private Value inverseA() {
        return p.pseudoInverse(p.gram(a, a, 1));
    }

    private Value inverseB() {
        return p.pseudoInverse(p.gram(b, b, 0));
    }

    private static Value times(Recording p, double constant, Value value) {
        return p.scalar(MULTIPLY, p.constant(constant), value);
    }

    /// ‖Ḡ‖² of this layer.
    Value squaredNorm() {
        Value inverseA = inverseA();
        Value inverseB = inverseB();
        Value fromB = p.inner(inverseA, p.gram(gB, gB, 0));
        Value fromA = p.inner(inverseB, p.gram(gA, gA, 1));
        Value cross = p.inner(p.smallProduct(p.smallProduct(inverseB, p.gram(b, gB, 0)), inverseA), p.gram(gA, a, 1));
        Value sum = p.scalar(ADD, p.scalar(ADD, times(p, weightB() * weightB(), fromB), times(p, weightA() * weightA(), fromA)),
                times(p, 2 * weightA() * weightB(), cross));
        return times(p, 1 / (scaling * scaling), p.scalar(MAXIMUM, p.constant(0), sum));
    }

    /// E_B or E_A, for a given N.
    Value of(Factor perturbed, Value rho, Value norm) {
        Value coefficient = times(p, 1 / (scaling * scaling), p.scalar(DIVIDE_OR_ZERO, rho, norm));
        Value inverseA = inverseA();
        Value inverseB = inverseB();
        return switch (perturbed) {
            case B -> {
                Value mixed = p.smallProduct(p.smallProduct(inverseB, p.gram(gA, a, 1)), inverseA);
                Value own = p.product(gB, false, block(inverseA, coefficient, weightB()), false, null);
                yield p.product(b, false, block(mixed, coefficient, weightA()), false, own);
            }
            case A -> {
                Value mixed = p.smallProduct(p.smallProduct(inverseB, p.gram(b, gB, 0)), inverseA);
                Value own = p.product(block(inverseB, coefficient, weightA()), false, gA, false, null);
                yield p.product(block(mixed, coefficient, weightB()), false, a, false, own);
            }
        };
    }

    private Value block(Value small, Value coefficient, double weight) {
        return p.toReal(p.scale(small, times(p, weight, coefficient)));
    }

    /// ‖s·E·A‖² (or ‖s·B·E‖²): what the weight is really changed by.
    static Value squaredChange(Recording p, Factor perturbed, double scaling, Value e, Value a, Value b) {
        Value inner = switch (perturbed) {
            case B -> p.inner(p.gram(e, e, 0), p.gram(a, a, 1));
            case A -> p.inner(p.gram(b, b, 0), p.gram(e, e, 1));
        };
        return times(p, scaling * scaling, p.scalar(Scalar.Kind.MAXIMUM, p.constant(0), inner));
    }
}
