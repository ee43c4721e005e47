package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = a / b, elementwise, REAL. b is a constant to the derivative even where it depends on what trains: so DoRA takes its norms.
public record Divide(Value a, Value b, Value y) implements Operation {
    public static Shape shape(Value a, Value b) {
        Require.that(a.type() == ElementType.REAL, "divide", "real values", a, b);
        return Require.same("divide", a, b);
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
            y[i] = a[i] / b[i];
        }
    }

    @Override
    public void differentiate(Tape tape) {
        if (tape.wants(a)) {
            tape.add(a, tape.record().divide(tape.gradient(y), b));
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(a);
    }
}
