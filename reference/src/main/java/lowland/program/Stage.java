package lowland.program;

import java.util.List;
import lowland.program.operation.Operation;

/// Consecutive operations that run once (`repeat = 0`) or once a layer, upwards or, `reversed`, downwards.
public record Stage(String name, int repeat, boolean reversed, List<Carry> carries, List<Operation> operations) {
    public Stage {
        carries = List.copyOf(carries);
        operations = List.copyOf(operations);
        if (repeat == 0 && (reversed || !carries.isEmpty())) {
            throw new IllegalArgumentException("stage '" + name + "' runs once: it has no direction and carries nothing");
        }
    }

    /// How often the operations run.
    public int iterations() {
        return Math.max(1, repeat);
    }

    /// The layer of the given iteration.
    public int layer(int iteration) {
        return reversed ? repeat - 1 - iteration : iteration;
    }
}
