package lowland.step;

import java.util.List;
import java.util.function.UnaryOperator;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Scalar;

/// Recording over the layers of stacked states.
final class Layers {
    private Layers() {}

    /// Something recorded once a layer, with a running DOUBLE scalar.
    static Value fold(Recording p, String name, int layers, Value start, UnaryOperator<Value> layer) {
        return fold(p, name, layers, List.of(start), carried -> List.of(layer.apply(carried.getFirst()))).getFirst();
    }

    /// The same with several running scalars.
    static List<Value> fold(Recording p, String name, int layers, List<Value> start, Recording.Body layer) {
        return layers == 0 ? layer.iterate(start) : p.repeat(name, layers, start, layer);
    }

    /// Something recorded once a layer.
    static void each(Recording p, String name, int layers, Runnable layer) {
        if (layers == 0) {
            layer.run();
        } else {
            p.repeat(name, layers, List.of(), _ -> {
                layer.run();
                return List.of();
            });
        }
    }

    /// Σ ‖state‖² over states and their layers, in double.
    static Value squaredNorm(Recording p, List<State> states) {
        Value total = p.constant(0);
        for (State state : states) {
            total = fold(p, "norm of " + state.name(), state.repeat(), total,
                    sum -> p.scalar(Scalar.Kind.ADD, sum, p.squaredNorm(p.read(state))));
        }
        return total;
    }
}
