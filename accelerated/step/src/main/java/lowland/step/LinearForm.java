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
/// so W is never formed, and with ε = 0 the result is that of the plain pair, bit for bit. With dropout the pairs see mask ⊙ x
/// (Hu et al.'s code and PEFT's `lora_dropout`; all pairs of a layer one mask), W itself sees x.
///
/// @param factors the pairs of each adapted layer
/// @param perturbed factors to which a perturbation state is added, see [#perturbation]
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
        Value y = p.product(x, false, p.read(linear.weight()), true, linear.bias() == null ? null : p.read(linear.bias()));
        List<Factors> pairs = factors.getOrDefault(linear, List.of());
        Value seen = pairs.isEmpty() || dropout == 0 ? x : dropped(p, x, linear);
        for (Factors pair : pairs) {
            Value down = p.product(seen, false, factor(p, pair.a()), true, null);
            Value scaled = p.scale(down, p.constant(pair.scaling()));
            y = p.product(scaled, false, factor(p, pair.b()), true, y);
        }
        return y;
    }

    /// The site goes by the module's name, so that a layer's masks do not depend on which others are adapted; its second highest bit
    /// keeps it from the sites of the model's own dropouts, which count from 0.
    private Value dropped(Recording p, Value x, Linear linear) {
        int site = linear.module().hashCode() & Integer.MAX_VALUE | 1 << 30;
        Mask mask = new Mask(dropout, site, p.input("maskKey", ElementType.INT, Shape.of(2)));
        return p.dropout(x, p.input("sequences", ElementType.INT, Shape.of(Extent.TOKENS)),
                p.input("places", ElementType.INT, Shape.of(Extent.TOKENS)), mask);
    }

    /// A factor as the gradients see it.
    Value factor(Recording p, State state) {
        Value factor = p.read(state);
        return perturbed.contains(state) ? p.add(factor, p.read(perturbation(state))) : factor;
    }
}
