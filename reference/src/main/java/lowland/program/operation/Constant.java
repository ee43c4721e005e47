package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Value;

/// A DOUBLE scalar that never changes: s = α/r, a decay, an epsilon.
public record Constant(double value, Value y) implements Operation {
    @Override
    public List<Value> inputs() {
        return List.of();
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        m.reals(y)[0] = value;
    }

    @Override
    public String attributes() {
        return Double.toString(value);
    }
}
