package lowland.step;

import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Mask;

/// How a model's linear layers compute: a model records `linear(x, w.query())` and knows no adapter.
///
/// A layer without factors is plain: y = x·Wᵀ + bias. With factors it adds each pair's own product, in the order of the list:
///
///     y = x·Wᵀ + bias,  then  y += (s·(x·Ãᵀ))·B̃ᵀ,  Ã = A + ε_A,  B̃ = B + ε_B where a perturbation is kept
///
/// so W is never formed, and with ε = 0 the result is that of the plain pair, bit for bit. A perturbation of W itself is a product of its
/// own too, y += x·εᵀ. With magnitudes m (DoRA, arXiv 2402.09353v6 Eq. 5) the first pair is inside the direction, all others outside:
///
///     y = (m/n) ⊙ (x·Wᵀ + (s·(x·Ãᵀ))·B̃ᵀ) + bias,  n_i = ‖(W + s·B̃·Ã)_i‖, a constant to the derivative
///
/// With dropout the pairs see mask ⊙ x
/// (Hu et al.'s code and PEFT's `lora_dropout`; all pairs of a layer one mask), W itself sees x.
///
/// @param factors the pairs of each adapted layer
/// @param perturbed factors or weights to which a perturbation state is added, see [#perturbation]
/// @param dropout of the pairs' input, from 0 to below 1; above 0 a layer's input has to be of tokens, and the program takes the inputs
///     `sequences`, `places` and `maskKey`
public record LinearForm(Map<Linear, List<Factors>> factors, List<State> perturbed, double dropout) {
    public LinearForm {
        factors = Map.copyOf(factors);
        perturbed = List.copyOf(perturbed);
    }

    public LinearForm(Map<Linear, List<Factors>> factors, List<State> perturbed) {
        this(factors, perturbed, 0);
    }

    /// The same with dropout of the pairs' input.
    public LinearForm withDropout(double probability) {
        return new LinearForm(factors, perturbed, probability);
    }

    /// No adapter at all.
    public static final LinearForm PLAIN = new LinearForm(Map.of(), List.of());

    /// The state that is added to a perturbed factor: ε_A, ε_B, or Ê.
    public static State perturbation(State factor) {
        return Gradients.perturbation(factor);
    }

    /// y [T, out] of x [T, in].
    public Value apply(Recording p, Value x, Linear linear) {
        List<Factors> pairs = factors.getOrDefault(linear, List.of());
        Value seen = pairs.isEmpty() || dropout == 0 ? x : dropped(p, x, linear);
        boolean decomposed = !pairs.isEmpty() && pairs.getFirst().decomposed();
        Value bias = linear.bias() == null ? null : p.read(linear.bias());
        Value y = p.product(x, false, p.read(linear.weight()), true, decomposed ? null : bias);
        if (perturbed.contains(linear.weight())) {
            y = p.product(x, false, p.read(perturbation(linear.weight())), true, y);
        }
        for (Factors pair : pairs) {
            y = add(p, seen, pair, y);
            if (pair.decomposed()) {
                y = magnified(p, y, pair, bias);
            }
        }
        return y;
    }

    private Value add(Recording p, Value x, Factors pair, Value y) {
        Value down = p.product(x, false, factor(p, pair.a()), true, null);
        Value scaled = p.scale(down, p.constant(pair.scaling()));
        return p.product(scaled, false, factor(p, pair.b()), true, y);
    }

    /// (m/n) ⊙ y + bias: m/n and the bias are spread over the rows by products with a column of ones.
    private Value magnified(Recording p, Value y, Factors pair, Value bias) {
        Value norms = rowNorms(p, pair, factor(p, pair.a()), factor(p, pair.b()));
        Value ones = p.fill(p.constant(1), ElementType.REAL, Shape.of(y.shape().extent(0), Extent.of(1)));
        Value z = p.multiply(y, p.product(ones, false, p.divide(p.read(pair.magnitude()), norms), true, null));
        if (bias == null) {
            return z;
        }
        Value nothing = p.zeros(ElementType.REAL, Shape.of(pair.linear().out(), 1));
        return p.add(z, p.product(ones, false, nothing, true, bias));
    }

    /// The norms of the rows of W + s·B·A, [out, 1], with nothing of W's size formed:
    ///
    ///     ‖W_i‖² + Σ_k B_ik·(2s·A·Wᵀ + s²·(AAᵀ)·Bᵀ)_ki
    static Value rowNorms(Recording p, Factors pair, Value a, Value b) {
        Linear linear = pair.linear();
        Value cross = p.scale(p.product(a, false, p.read(linear.weight()), true, null), p.constant(2 * pair.scaling()));
        Value gram = p.toReal(p.scale(p.gram(a, a, 1), p.constant(pair.scaling() * pair.scaling())));
        return p.rowNorms(p.read(linear.squaredRowNorms()), b, p.product(gram, false, b, true, cross));
    }

    /// The site goes by the module's name, so that a layer's masks do not depend on which others are adapted; its second highest bit
    /// keeps it from the sites of the model's own dropouts, which count from 0.
    private Value dropped(Recording p, Value x, Linear linear) {
        int site = linear.module().hashCode() & Integer.MAX_VALUE | 1 << 30;
        Mask mask = new Mask(dropout, site, p.input("maskKey", ElementType.INT, Shape.of(2)));
        return RowDropout.of(p, x, mask);
    }

    /// A factor as the gradients see it.
    Value factor(Recording p, State state) {
        Value factor = p.read(state);
        return perturbed.contains(state) ? p.add(factor, p.read(perturbation(state))) : factor;
    }
}
