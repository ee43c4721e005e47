package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Value;

/// The run ends here, and no state is written, unless every one of these DOUBLE scalars is finite.
public record Guard(List<Value> scalars) implements Operation {
    public Guard {
        scalars = List.copyOf(scalars);
        scalars.forEach(scalar -> Require.scalar("guard", scalar));
    }

    @Override
    public List<Value> inputs() {
        return scalars;
    }

    @Override
    public List<Value> outputs() {
        return List.of();
    }

    /// Means nothing to the values; the executor asks [#passes].
    @Override
    public void interpret(Memory m) {}

    public boolean passes(Memory m) {
        for (Value scalar : scalars) {
            if (!Double.isFinite(m.scalar(scalar))) {
                return false;
            }
        }
        return true;
    }
}
