package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = max(x, 0), elementwise; NaN stays NaN.
public record Relu(Value x, Value y) implements Operation {
    public static Shape shape(Value x) {
        Require.that(x.type() == lowland.program.ElementType.REAL, "relu", "a real value", x);
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
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i] <= 0 ? 0 : x[i];
        }
    }

    @Override
    public void differentiate(Tape tape) {
        tape.add(x, tape.record().reluBackward(y, tape.gradient(y)));
    }

    @Override
    public List<Value> aliases() {
        return List.of(x);
    }
}
