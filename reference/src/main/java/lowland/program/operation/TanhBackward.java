package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// dx = G ⊙ (1 − y²), from y = tanh(x).
public record TanhBackward(Value y, Value g, Value dx) implements Operation {
    public static Shape shape(Value y, Value g) {
        return Require.same("tanhBackward", y, g);
    }

    @Override
    public List<Value> inputs() {
        return List.of(y, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dx);
    }

    @Override
    public void interpret(Memory m) {
        double[] y = m.reals(this.y);
        double[] g = m.reals(this.g);
        double[] dx = m.reals(this.dx);
        for (int i = 0; i < dx.length; i++) {
            dx[i] = g[i] * (1 - y[i] * y[i]);
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(g);
    }
}
