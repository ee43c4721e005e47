package lowland.model;

import java.util.List;
import lowland.program.Recording;
import lowland.program.Value;
import lowland.step.Linear;

/// Adapter layers: narrow two-layer networks in every layer of the encoder, and all that is trained of it.
///
///     adapter(x) = W_up·f(W_down·x + b_down) + b_up,   W_down [size, C], W_up [C, size]
///
/// @param size channels between down and up; 0 with [Kind#NONE]
public record Bottleneck(Kind kind, int size) {
    /// No adapter layer at all.
    public static final Bottleneck NONE = new Bottleneck(Kind.NONE, 0);

    /// Where they are. With h what a sub-layer's last dense layer gives, after its dropout, x what the sub-layer was given, and LN its layer
    /// norm, frozen:
    public enum Kind {
        /// LN(h + x): the model as it is.
        NONE,
        /// LN(h + adapter(LN(h + x)) + x) after the feed-forward network, f = ReLU (Pfeiffer et al., arXiv 2005.00247v3; so in their code
        /// and in LoRA's).
        PFEIFFER,
        /// LN(h + adapter(h) + x) after attention and after the feed-forward network (Houlsby et al., arXiv 1902.00751v2), f(z) = z·σ(z) (so in
        /// LoRA's code; the paper names none).
        HOULSBY,
        /// y + adapter(LN'(y)), y = LN(h + x), after the feed-forward network, f = ReLU; LN' is the adapter's own and trained too (Lin et al.,
        /// arXiv 2004.03829, in whose GPT-2 y is no more than h + x; "Adapter^L" in LoRA's tables).
        LIN;

        /// This after a sub-layer that has an adapter layer, else [#NONE].
        Kind after(String module) {
            return modules().contains(module) ? this : NONE;
        }

        /// The sub-layers after which they are.
        List<String> modules() {
            return switch (this) {
                case NONE -> List.of();
                case HOULSBY -> List.of("attention.output", "output");
                case PFEIFFER, LIN -> List.of("output");
            };
        }
    }

    public Bottleneck {
        if (size < 0 || size == 0 != (kind == Kind.NONE)) {
            throw new IllegalArgumentException("adapter layers of kind " + kind + " with " + size + " channels");
        }
    }

    /// adapter(x), [T, C] of x [T, C].
    Value apply(Recording p, Value x, Linear down, Linear up) {
        Value narrow = p.product(x, false, p.read(down.weight()), true, p.read(down.bias()));
        Value active = kind == Kind.HOULSBY ? swish(p, narrow) : p.relu(narrow);
        return p.product(active, false, p.read(up.weight()), true, p.read(up.bias()));
    }

    /// z·σ(z) = z/2 + z/2·tanh(z/2).
    private static Value swish(Recording p, Value z) {
        Value half = p.scale(z, p.constant(0.5));
        return p.add(half, p.multiply(half, p.tanh(half)));
    }
}
