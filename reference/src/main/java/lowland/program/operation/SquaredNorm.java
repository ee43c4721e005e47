package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// ‖x‖²_F in double: a DOUBLE scalar.
public record SquaredNorm(Value x, Value y) implements Operation {
    public static Shape shape(Value x) {
        Require.that(x.type() == ElementType.REAL, "squaredNorm", "a real value", x);
        return Shape.SCALAR;
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
        double sum = 0;
        for (double element : m.reals(x)) {
            sum += element * element;
        }
        m.reals(y)[0] = sum;
    }
}
