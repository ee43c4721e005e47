package lowland.step;

import lowland.program.ElementType;
import lowland.program.Shape;
import lowland.program.State;

/// A low-rank pair on a linear layer, stacked over its layers: W = W0 + s·B·A.
///
/// | state     | shape     |
/// |-----------|-----------|
/// | a, dA     | [R, in]   |
/// | b, dB     | [out, R]  |
/// | magnitude | [out, 1]  |
///
/// @param name `lora`, or `auxiliary.lora` for Bi-LoRA's second pair: part of the names of its states
/// @param scaling s, finite and not 0; may be negative
/// @param decomposed whether the layer has magnitudes of its rows beside (DoRA, arXiv 2402.09353v6), see [LinearForm]
public record Factors(Linear linear, String name, int rank, double scaling, boolean decomposed) {
    public static final String PRIMARY = "lora";
    public static final String AUXILIARY = "auxiliary.lora";

    public Factors {
        if (!Double.isFinite(scaling) || scaling == 0) {
            throw new IllegalArgumentException(linear.module() + ": the scaling s must be finite and not 0, is " + scaling);
        }
        if (rank < 1 || rank > Math.min(linear.in(), linear.out())) {
            throw new IllegalArgumentException("rank " + rank + " does not fit " + linear.module() + ", which is " + linear.out() + " x "
                    + linear.in() + ": choose 1 to " + Math.min(linear.in(), linear.out()));
        }
    }

    /// Without magnitudes.
    public Factors(Linear linear, String name, int rank, double scaling) {
        this(linear, name, rank, scaling, false);
    }

    /// DoRA's magnitudes of W's rows.
    public State magnitude() {
        return new State(linear.module() + ".lora_magnitude_vector", ElementType.REAL, Shape.of(linear.out(), 1), linear.layers());
    }

    public State a() {
        return new State(linear.module() + "." + name + "_A.weight", ElementType.REAL, Shape.of(rank, linear.in()), linear.layers());
    }

    public State b() {
        return new State(linear.module() + "." + name + "_B.weight", ElementType.REAL, Shape.of(linear.out(), rank), linear.layers());
    }

    public State dA() {
        return Gradients.of(a());
    }

    public State dB() {
        return Gradients.of(b());
    }
}
