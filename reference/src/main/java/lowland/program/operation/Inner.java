package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// ⟨a, b⟩ = Σ a_ij·b_ij of two small DOUBLE matrices: a DOUBLE scalar.
public record Inner(Value a, Value b, Value y) implements Operation {
    public static Shape shape(Value a, Value b) {
        Require.rank("inner", a, ElementType.DOUBLE, 2);
        Require.same("inner", a, b);
        return Shape.SCALAR;
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
        double[] a = m.reals(this.a);
        double[] b = m.reals(this.b);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        m.reals(y)[0] = sum;
    }
}
