package lowland.step;

import java.util.ArrayList;
import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Mask;

/// A small model with all that a training step meets: stacked layers of two shapes, a plain layer, a frozen one without an adapter,
/// layers with and without bias, a head of weight and bias. Its equations are in [DenseNetwork], which shares nothing with it.
///
/// @param classes of the head; 1 with `regression`
/// @param smooth whether tanh stands between the layers; without it the logits are multilinear in the factors
/// @param dropout of the stacked layers' hidden values; 0 for none
record Network(int inputs, int width, int hidden, int layers, int last, int classes, boolean regression, boolean smooth, double dropout)
        implements Model {
    static final Extent ROWS = Extent.SEQUENCES;

    private static State state(String name, int repeat, int... sizes) {
        return new State(name, ElementType.REAL, Shape.of(sizes), repeat);
    }

    Linear first() {
        return new Linear("first", state("first.weight", 0, width, inputs), null);
    }

    Linear up() {
        return new Linear("stack.*.up", state("stack.*.up.weight", layers, hidden, width), state("stack.*.up.bias", layers, hidden));
    }

    Linear down() {
        return new Linear("stack.*.down", state("stack.*.down.weight", layers, width, hidden), null);
    }

    Linear lastLinear() {
        return new Linear("last", state("last.weight", 0, last, width), state("last.bias", 0, last));
    }

    State headWeight() {
        return state("head.weight", 0, classes, last);
    }

    State headBias() {
        return state("head.bias", 0, classes);
    }

    @Override
    public List<State> frozen() {
        List<State> states = new ArrayList<>();
        for (Linear linear : linears()) {
            states.add(linear.weight());
            if (linear.bias() != null) {
                states.add(linear.bias());
            }
        }
        return states;
    }

    @Override
    public List<State> head() {
        return List.of(headWeight(), headBias());
    }

    @Override
    public List<Linear> linears() {
        return List.of(first(), up(), down(), lastLinear());
    }

    @Override
    public Forward forward(Recording p, LinearForm form, boolean training) {
        Value start = form.apply(p, p.input("x", ElementType.REAL, Shape.of(ROWS, Extent.of(inputs))), first());
        Value end = p.repeat("layers", layers, List.of(start), carried -> {
            Value x = carried.getFirst();
            Value wide = drop(p, smooth(p, form.apply(p, x, up())), training);
            return List.of(p.add(form.apply(p, wide, down()), x));
        }).getFirst();
        p.stage("head");
        Value pooled = smooth(p, form.apply(p, end, lastLinear()));
        Value logits = p.product(pooled, false, p.read(headWeight()), true, p.read(headBias()));
        Value losses = regression
                ? p.squaredError(logits, p.input("targets", ElementType.REAL, Shape.of(ROWS)))
                : p.crossEntropy(logits, p.input("labels", ElementType.INT, Shape.of(ROWS)), 0);
        return new Forward(logits, losses);
    }

    private Value smooth(Recording p, Value x) {
        return smooth ? p.tanh(x) : x;
    }

    private Value drop(Recording p, Value x, boolean training) {
        if (dropout == 0 || !training) {
            return x;
        }
        Value rows = p.input("rows", ElementType.INT, Shape.of(ROWS));
        Value places = p.input("places", ElementType.INT, Shape.of(ROWS));
        return p.dropout(x, rows, places, new Mask(dropout, 7, p.input("maskKey", ElementType.INT, Shape.of(2))));
    }
}
