package lowland.program;

import java.util.List;
import lowland.program.operation.Operation;

/// Consecutive operations that run once (`repeat = 0`), or once for each of the layers `from` … `to` − 1 of a stack of `repeat`, upwards
/// or, `reversed`, downwards.
public record Stage(String name, int repeat, int from, int to, boolean reversed, List<Carry> carries, List<Patch> patches,
        List<Operation> operations) {
    public Stage {
        carries = List.copyOf(carries);
        patches = List.copyOf(patches);
        operations = List.copyOf(operations);
        if (repeat == 0 && (from != 0 || to != 1 || reversed || !carries.isEmpty() || !patches.isEmpty())) {
            throw new IllegalArgumentException("stage '" + name + "' runs once: it has no layers, no direction and carries nothing");
        }
        if (repeat > 0 && (from < 0 || from >= to || to > repeat)) {
            throw new IllegalArgumentException("stage '" + name + "' runs for layers " + from + " to " + (to - 1) + " of " + repeat);
        }
    }

    /// One that runs once.
    public static Stage once(String name, List<Operation> operations) {
        return new Stage(name, 0, 0, 1, false, List.of(), List.of(), operations);
    }

    /// The same stage of other operations.
    public Stage with(List<Operation> others) {
        return new Stage(name, repeat, from, to, reversed, carries, patches, others);
    }

    /// How often the operations run.
    public int iterations() {
        return to - from;
    }

    /// The layer of the given iteration; 0 in a stage that runs once.
    public int layer(int iteration) {
        return reversed ? to - 1 - iteration : from + iteration;
    }

    /// The iteration of the given layer.
    public int iteration(int layer) {
        return reversed ? to - 1 - layer : layer - from;
    }

    /// Whether the operations run for the given layer.
    public boolean covers(int layer) {
        return from <= layer && layer < to;
    }
}
