package lowland.program;

import java.util.HashMap;
import java.util.Map;
import lowland.program.operation.Operation;

/// A memory with hand-made values, for an operation by itself.
final class Single implements Memory {
    private final Map<Value, double[]> reals = new HashMap<>();
    private final Map<Value, int[]> ints = new HashMap<>();
    private int layer;
    private int values;

    Value real(String name, Shape shape, double... elements) {
        return value(name, ElementType.REAL, shape, elements);
    }

    Value small(String name, Shape shape, double... elements) {
        return value(name, ElementType.DOUBLE, shape, elements);
    }

    Value value(String name, ElementType type, Shape shape, double... elements) {
        Value value = new Value(values++, name, type, shape, 0);
        reals.put(value, elements.length == 0 ? new double[size(value)] : elements);
        return value;
    }

    Value ints(String name, int... elements) {
        Value value = new Value(values++, name, ElementType.INT, Shape.of(elements.length), 0);
        ints.put(value, elements);
        return value;
    }

    Single at(int layer) {
        this.layer = layer;
        return this;
    }

    /// What the operation makes of its inputs, as its first output.
    double[] interpret(Operation operation) {
        operation.interpret(this);
        return reals(operation.outputs().getFirst());
    }

    @Override
    public int layer() {
        return layer;
    }

    @Override
    public int extent(Value value, int axis) {
        return value.shape().fixed(axis);
    }

    @Override
    public double[] reals(Value value) {
        return reals.get(value);
    }

    @Override
    public int[] ints(Value value) {
        return ints.get(value);
    }
}
