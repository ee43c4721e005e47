package lowland.step;

import java.util.List;
import java.util.Map;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;

/// How a model's linear layers compute: a model records `linear(x, w.query())` and knows no adapter.
///
/// A layer without factors is plain: y = x·Wᵀ + bias. With factors it adds each pair's own product, in the order of the list:
///
///     y = x·Wᵀ + bias,  then  y += (s·(x·Ãᵀ))·B̃ᵀ,  Ã = A + ε_A,  B̃ = B + ε_B where a perturbation is kept
///
/// so W is never formed, and with ε = 0 the result is that of the plain pair, bit for bit.
///
/// @param factors the pairs of each adapted layer
/// @param perturbed factors to which a perturbation state is added, see [#perturbation]
public record LinearForm(Map<Linear, List<Factors>> factors, List<State> perturbed) {
    public LinearForm {
        factors = Map.copyOf(factors);
        perturbed = List.copyOf(perturbed);
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
        for (Factors pair : factors.getOrDefault(linear, List.of())) {
            Value down = p.product(x, false, factor(p, pair.a()), true, null);
            Value scaled = p.scale(down, p.constant(pair.scaling()));
            y = p.product(scaled, false, factor(p, pair.b()), true, y);
        }
        return y;
    }

    /// A factor as the gradients see it.
    Value factor(Recording p, State state) {
        Value factor = p.read(state);
        return perturbed.contains(state) ? p.add(factor, p.read(perturbation(state))) : factor;
    }
}
