package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = γ ⊙ x̂ + β with x̂ = (x − μ)/√(σ² + ε) on each row; μ and σ² are the mean and the (biased) variance of the row.
/// `x` and `y` are [N, C], `gamma` and `beta` [C].
public record LayerNorm(Value x, Value gamma, Value beta, double epsilon, Value y) implements Operation {
    public static Shape shape(Value x, Value gamma, Value beta, double epsilon) {
        Require.rank("layerNorm", x, ElementType.REAL, 2);
        Require.shape("layerNorm", gamma, ElementType.REAL, x.shape().extent(1));
        Require.shape("layerNorm", beta, ElementType.REAL, x.shape().extent(1));
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("layerNorm needs epsilon > 0, found " + epsilon);
        }
        return x.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, gamma, beta);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] gamma = m.reals(this.gamma);
        double[] beta = m.reals(this.beta);
        double[] y = m.reals(this.y);
        for (int i = 0; i < m.extent(x, 0); i++) {
            double[] normal = normalised(m.reals(x), i, columns, epsilon);
            for (int j = 0; j < columns; j++) {
                y[i * columns + j] = gamma[j] * normal[j] + beta[j];
            }
        }
    }

    /// x̂ of row i, and behind it 1/√(σ² + ε).
    static double[] normalised(double[] x, int i, int columns, double epsilon) {
        double mean = 0;
        for (int j = 0; j < columns; j++) {
            mean += x[i * columns + j];
        }
        mean /= columns;
        double variance = 0;
        for (int j = 0; j < columns; j++) {
            double deviation = x[i * columns + j] - mean;
            variance += deviation * deviation;
        }
        double reciprocal = 1 / Math.sqrt(variance / columns + epsilon);
        double[] normal = new double[columns + 1];
        for (int j = 0; j < columns; j++) {
            normal[j] = (x[i * columns + j] - mean) * reciprocal;
        }
        normal[columns] = reciprocal;
        return normal;
    }

    @Override
    public void differentiate(Tape tape) {
        Value g = tape.gradient(y);
        if (tape.wants(x)) {
            tape.add(x, tape.record().layerNormBackward(x, gamma, g, epsilon));
        }
        if (tape.wants(gamma) || tape.wants(beta)) {
            List<Value> parameters = tape.record().layerNormParameters(x, g, epsilon);
            if (tape.wants(gamma)) {
                tape.add(gamma, parameters.get(0));
            }
            if (tape.wants(beta)) {
                tape.add(beta, parameters.get(1));
            }
        }
    }

    @Override
    public String attributes() {
        return "epsilon " + epsilon;
    }
}
