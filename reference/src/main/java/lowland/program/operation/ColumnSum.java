package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y_j = Σ_i x_ij + addend_j: the gradient of a bias. `x` is [M, N]; `addend` (or null) and `y` are [N].
public record ColumnSum(Value x, Value addend, Value y) implements Operation {
    public static Shape shape(Value x, Value addend) {
        Require.rank("columnSum", x, ElementType.REAL, 2);
        if (addend != null) {
            Require.shape("columnSum", addend, ElementType.REAL, x.shape().extent(1));
        }
        return Shape.of(x.shape().extent(1));
    }

    @Override
    public List<Value> inputs() {
        return addend == null ? List.of(x) : List.of(x, addend);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int rows = m.extent(x, 0);
        int columns = m.extent(x, 1);
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += x[i * columns + j];
            }
            y[j] = sum + (addend == null ? 0 : m.reals(addend)[j]);
        }
    }

    @Override
    public List<Value> aliases() {
        return addend == null ? List.of() : List.of(addend);
    }
}
