package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = addend, then y_{indices_i} += x_i in the order of i. `x` is [N, C], `indices` [N], `addend` and `y` [V, C].
public record ScatterAdd(Value x, Value indices, Value addend, Value y) implements Operation {
    public static Shape shape(Value x, Value indices, Value addend) {
        Require.rank("scatterAdd", addend, ElementType.REAL, 2);
        Require.rank("scatterAdd", indices, ElementType.INT, 1);
        Require.shape("scatterAdd", x, ElementType.REAL, indices.shape().extent(0), addend.shape().extent(1));
        return addend.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, indices, addend);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] x = m.reals(this.x);
        int[] indices = m.ints(this.indices);
        double[] y = m.reals(this.y);
        System.arraycopy(m.reals(addend), 0, y, 0, y.length);
        for (int i = 0; i < m.extent(this.x, 0); i++) {
            for (int j = 0; j < columns; j++) {
                y[indices[i] * columns + j] += x[i * columns + j];
            }
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(addend);
    }
}
