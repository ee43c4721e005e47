package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = a + b, elementwise. REAL or DOUBLE.
public record Add(Value a, Value b, Value y) implements Operation {
    public static Shape shape(Value a, Value b) {
        return Require.same("add", a, b);
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
        double[] y = m.reals(this.y);
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] + b[i];
        }
    }

    @Override
    public void differentiate(Tape tape) {
        for (Value input : inputs()) {
            if (tape.wants(input)) {
                tape.add(input, tape.gradient(y));
            }
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(a);
    }
}
