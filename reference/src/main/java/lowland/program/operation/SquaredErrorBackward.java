package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// dpredictions_i = 2·G_i·(predictions_i − targets_i).
public record SquaredErrorBackward(Value predictions, Value targets, Value g, Value dPredictions) implements Operation {
    public static Shape shape(Value predictions, Value targets, Value g) {
        Require.rank("squaredErrorBackward", targets, ElementType.REAL, 1);
        Require.shape("squaredErrorBackward", g, ElementType.REAL, targets.shape().extent(0));
        return Require.shape("squaredErrorBackward", predictions, ElementType.REAL, targets.shape().extent(0), Extent.of(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(predictions, targets, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dPredictions);
    }

    @Override
    public void interpret(Memory m) {
        double[] predictions = m.reals(this.predictions);
        double[] targets = m.reals(this.targets);
        double[] g = m.reals(this.g);
        double[] dPredictions = m.reals(this.dPredictions);
        for (int i = 0; i < g.length; i++) {
            dPredictions[i] = 2 * g[i] * (predictions[i] - targets[i]);
        }
    }
}
