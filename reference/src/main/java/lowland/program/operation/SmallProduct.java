package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = a·b of small DOUBLE matrices, [r, k] and [k, q].
public record SmallProduct(Value a, Value b, Value y) implements Operation {
    public static Shape shape(Value a, Value b) {
        Require.rank("smallProduct", a, ElementType.DOUBLE, 2);
        Require.rank("smallProduct", b, ElementType.DOUBLE, 2);
        Require.that(a.shape().extent(1).equals(b.shape().extent(0)), "smallProduct", "equal inner extents", a, b);
        return Shape.of(a.shape().extent(0), b.shape().extent(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int rows = m.extent(y, 0);
        int columns = m.extent(y, 1);
        int depth = m.extent(a, 1);
        double[] a = m.reals(this.a);
        double[] b = m.reals(this.b);
        double[] y = m.reals(this.y);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int k = 0; k < depth; k++) {
                    sum += a[i * depth + k] * b[k * columns + j];
                }
                y[i * columns + j] = sum;
            }
        }
    }
}
