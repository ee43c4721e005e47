package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The gradients of [LayerNorm] in its parameters: dγ_j = Σ_i G_ij·x̂_ij, dβ_j = Σ_i G_ij.
public record LayerNormParameters(Value x, Value g, double epsilon, Value dGamma, Value dBeta) implements Operation {
    public static Shape shape(Value x, Value g) {
        return Shape.of(Require.same("layerNormParameters", x, g).extent(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dGamma, dBeta);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] g = m.reals(this.g);
        double[] dGamma = m.reals(this.dGamma);
        double[] dBeta = m.reals(this.dBeta);
        java.util.Arrays.fill(dGamma, 0);
        java.util.Arrays.fill(dBeta, 0);
        for (int i = 0; i < m.extent(x, 0); i++) {
            double[] normal = LayerNorm.normalised(m.reals(x), i, columns, epsilon);
            for (int j = 0; j < columns; j++) {
                dGamma[j] += g[i * columns + j] * normal[j];
                dBeta[j] += g[i * columns + j];
            }
        }
    }

    @Override
    public String attributes() {
        return "epsilon " + epsilon;
    }
}
