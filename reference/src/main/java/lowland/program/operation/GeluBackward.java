package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// dx = G ⊙ gelu'(x). With φ the normal density, ERF: gelu' = Φ(x) + x·φ(x); TANH: the derivative of its formula.
public record GeluBackward(Value x, Value g, Gelu.Form form, Value dx) implements Operation {
    public static Shape shape(Value x, Value g) {
        return Require.same("geluBackward", x, g);
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dx);
    }

    @Override
    public void interpret(Memory m) {
        double[] x = m.reals(this.x);
        double[] g = m.reals(this.g);
        double[] dx = m.reals(this.dx);
        for (int i = 0; i < dx.length; i++) {
            dx[i] = g[i] * Gelu.slope(x[i], form);
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(g);
    }

    @Override
    public String attributes() {
        return form.name().toLowerCase(java.util.Locale.ROOT);
    }
}
