package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// A small DOUBLE matrix rounded to the executor's precision: the only way back to REAL.
public record ToReal(Value x, Value y) implements Operation {
    public static Shape shape(Value x) {
        Require.that(x.type() == ElementType.DOUBLE, "toReal", "a double value", x);
        return x.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        System.arraycopy(m.reals(x), 0, m.reals(y), 0, m.reals(y).length);
    }
}
