package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = factor · x with a DOUBLE scalar factor, rounded to the executor's precision once, then multiplied. REAL or DOUBLE.
/// The factor is a constant to the derivative.
public record Scale(Value x, Value factor, Value y) implements Operation {
    public static Shape shape(Value x, Value factor) {
        Require.that(x.type() != ElementType.INT, "scale", "a real or double value", x);
        Require.scalar("scale", factor);
        return x.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, factor);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        double factor = m.scalar(this.factor);
        for (int i = 0; i < y.length; i++) {
            y[i] = factor * x[i];
        }
    }

    @Override
    public void differentiate(Tape tape) {
        if (tape.wants(factor)) {
            throw new UnsupportedOperationException("scale has no derivative in its factor");
        }
        tape.add(x, tape.record().scale(tape.gradient(y), factor));
    }

    @Override
    public List<Value> aliases() {
        return List.of(x);
    }
}
