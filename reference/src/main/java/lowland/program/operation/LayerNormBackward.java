package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The gradient of [LayerNorm] in x, a row at a time, with h = γ ⊙ G and means over the row:
///
///     dx = (h − mean(h) − x̂ ⊙ mean(h ⊙ x̂)) / √(σ² + ε)
public record LayerNormBackward(Value x, Value gamma, Value g, double epsilon, Value dx) implements Operation {
    public static Shape shape(Value x, Value gamma, Value g) {
        Require.shape("layerNormBackward", gamma, ElementType.REAL, x.shape().extent(1));
        return Require.same("layerNormBackward", x, g);
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, gamma, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dx);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] gamma = m.reals(this.gamma);
        double[] g = m.reals(this.g);
        double[] dx = m.reals(this.dx);
        for (int i = 0; i < m.extent(x, 0); i++) {
            double[] normal = LayerNorm.normalised(m.reals(x), i, columns, epsilon);
            double mean = 0;
            double meanNormal = 0;
            for (int j = 0; j < columns; j++) {
                double h = gamma[j] * g[i * columns + j];
                mean += h / columns;
                meanNormal += h * normal[j] / columns;
            }
            for (int j = 0; j < columns; j++) {
                double h = gamma[j] * g[i * columns + j];
                dx[i * columns + j] = (h - mean - normal[j] * meanNormal) * normal[columns];
            }
        }
    }

    @Override
    public String attributes() {
        return "epsilon " + epsilon;
    }
}
