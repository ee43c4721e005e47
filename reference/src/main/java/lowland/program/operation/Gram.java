package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The small product of two long REAL matrices along their long axis, accumulated in double.
///
/// | axis | a      | b      | y            |
/// |------|--------|--------|--------------|
/// | 0    | [n, r] | [n, q] | aᵀ·b  [r, q] |
/// | 1    | [r, m] | [q, m] | a·bᵀ  [r, q] |
public record Gram(Value a, Value b, int axis, Value y) implements Operation {
    public static Shape shape(Value a, Value b, int axis) {
        Require.rank("gram", a, ElementType.REAL, 2);
        Require.rank("gram", b, ElementType.REAL, 2);
        Require.that(a.shape().extent(axis).equals(b.shape().extent(axis)), "gram", "equal extents on axis " + axis, a, b);
        return Shape.of(a.shape().extent(1 - axis), b.shape().extent(1 - axis));
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
        int depth = m.extent(a, axis);
        double[] a = m.reals(this.a);
        double[] b = m.reals(this.b);
        double[] y = m.reals(this.y);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int k = 0; k < depth; k++) {
                    sum += axis == 0 ? a[k * rows + i] * b[k * columns + j] : a[i * depth + k] * b[j * depth + k];
                }
                y[i * columns + j] = sum;
            }
        }
    }

    @Override
    public String attributes() {
        return axis == 0 ? "left transposed" : "right transposed";
    }
}
