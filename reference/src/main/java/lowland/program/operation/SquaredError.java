package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// losses_i = (predictions_i − targets_i)²: summed with the weight 1/N it is the mean squared error. `predictions` is [N, 1],
/// `targets` and `losses` [N].
public record SquaredError(Value predictions, Value targets, Value losses) implements Operation {
    public static Shape shape(Value predictions, Value targets) {
        Require.rank("squaredError", targets, ElementType.REAL, 1);
        Require.shape("squaredError", predictions, ElementType.REAL, targets.shape().extent(0), Extent.of(1));
        return targets.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(predictions, targets);
    }

    @Override
    public List<Value> outputs() {
        return List.of(losses);
    }

    @Override
    public void interpret(Memory m) {
        double[] predictions = m.reals(this.predictions);
        double[] targets = m.reals(this.targets);
        double[] losses = m.reals(this.losses);
        for (int i = 0; i < losses.length; i++) {
            losses[i] = (predictions[i] - targets[i]) * (predictions[i] - targets[i]);
        }
    }

    @Override
    public void differentiate(Tape tape) {
        if (tape.wants(targets)) {
            throw new UnsupportedOperationException("squaredError has no derivative in its targets");
        }
        tape.add(predictions, tape.record().squaredErrorBackward(predictions, targets, tape.gradient(losses)));
    }
}
