package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// dx = G where y > 0, else 0, from y = max(x, 0). At the kink the derivative is 0, as in torch.
public record ReluBackward(Value y, Value g, Value dx) implements Operation {
    public static Shape shape(Value y, Value g) {
        return Require.same("reluBackward", y, g);
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
            dx[i] = y[i] <= 0 ? 0 : g[i];
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(g);
    }
}
