package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import java.util.List;
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
/// where N = ‖Ḡ‖ of the layer, or of all layers. For any gA, gB, consistent or not; N = 0 gives E = 0. E is taken through the roots
/// S_A·S_A = K_A, S_B·S_B = K_B:
///
///     E_B = (w_B·gB·S_A + (B·S_B)·(w_A·S_B·D·S_A)) · (ρ/(s²·N)·S_A)
///     E_A = (ρ/(s²·N)·S_B) · (w_A·S_B·gA + (w_B·S_B·C·S_A)·(S_A·A))
///
/// Conditioning, with κ = σ₁/σ_R of the worse factor. Gradients in float, off by u‖gB‖ with u = 2⁻²⁴, leave an error of u·κ in s·E·A
/// relative to ρ, whatever comes after. gB·K_A in float would make it u·κ²: K_A's rounding is off by u/σ_R², and gB and A are of σ₁. A root
/// is off by u/σ_R and meets one factor: every product above errs by at most about u·κ. Gram matrices in double are off by 2⁻⁵³·σ₁²,
/// which K_A makes c·2⁻⁵³·κ² in s·E·A; c is at most n + m, and was below 20 where measured: below u·κ up to κ = 2²⁹/c, beyond the cut at
/// 10⁶. So there is no form by QR: it would lose c·2⁻⁵³·κ there, and gain nothing in float.
///
/// Coefficients multiply the R×R blocks in double before they are rounded, so ρ = 0 gives exact zeros. The R×R products are recorded where
/// this is made, E where it is asked for: in a later stage, once N is known.
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
    private final Value rootA;
    private final Value rootB;
    private final Value mixed;
    private final Value squaredNorm;

    /// Records S_A, S_B, S_B·D·S_A (or S_B·C·S_A) and ‖Ḡ‖² for the factors of the open stage's layer.
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
        List<Value> inversesA = p.pseudoInverse(p.gram(a, a, 1));
        List<Value> inversesB = p.pseudoInverse(p.gram(b, b, 0));
        rootA = inversesA.get(1);
        rootB = inversesB.get(1);
        Value c = p.gram(b, gB, 0);
        Value d = p.gram(gA, a, 1);
        mixed = between(perturbed == Factor.B ? d : c);
        Value fromB = p.inner(inversesA.getFirst(), p.gram(gB, gB, 0));
        Value fromA = p.inner(inversesB.getFirst(), p.gram(gA, gA, 1));
        squaredNorm = times(1 / (scaling * scaling), p.scalar(MAXIMUM, p.constant(0), switch (estimate) {
            case B -> fromB;
            case A -> fromA;
            case MEAN -> times(0.25, p.scalar(ADD, p.scalar(ADD, fromB, fromA), times(2, p.inner(between(c), between(d)))));
        }));
    }

    /// S_B·x·S_A: ⟨K_B·C·K_A, D⟩ = ⟨S_B·C·S_A, S_B·D·S_A⟩.
    private Value between(Value x) {
        return p.smallProduct(p.smallProduct(rootB, x), rootA);
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
            case B -> {
                Value onB = p.product(b, false, p.toReal(rootB), false, null);
                Value mean = p.product(onB, false, block(mixed, weightA), false, p.product(gB, false, block(rootA, weightB), false, null));
                yield p.product(mean, false, p.toReal(p.scale(rootA, coefficient)), false, null);
            }
            case A -> {
                Value onA = p.product(p.toReal(rootA), false, a, false, null);
                Value mean = p.product(block(mixed, weightB), false, onA, false, p.product(block(rootB, weightA), false, gA, false, null));
                yield p.product(p.toReal(p.scale(rootB, coefficient)), false, mean, false, null);
            }
        };
    }

    private Value block(Value small, double weight) {
        return p.toReal(p.scale(small, p.constant(weight)));
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
