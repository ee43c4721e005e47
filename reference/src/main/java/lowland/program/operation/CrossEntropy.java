package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The cross-entropy of each row of `logits` [N, K] with its label, smoothed by α (torch's label smoothing):
///
///     losses_i = −Σ_k q_k·log softmax(logits_i)_k,  q = (1 − α)·onehot(label_i) + α/K
public record CrossEntropy(Value logits, Value labels, double smoothing, Value losses) implements Operation {
    public static Shape shape(Value logits, Value labels, double smoothing) {
        Require.rank("crossEntropy", logits, ElementType.REAL, 2);
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("crossEntropy needs a smoothing in [0, 1), found " + smoothing);
        }
        return Require.shape("crossEntropy", labels, ElementType.INT, logits.shape().extent(0));
    }

    @Override
    public List<Value> inputs() {
        return List.of(logits, labels);
    }

    @Override
    public List<Value> outputs() {
        return List.of(losses);
    }

    @Override
    public void interpret(Memory m) {
        int classes = m.extent(logits, 1);
        double[] logits = m.reals(this.logits);
        int[] labels = m.ints(this.labels);
        double[] losses = m.reals(this.losses);
        for (int i = 0; i < losses.length; i++) {
            double normaliser = logSumExp(logits, i * classes, classes);
            double mean = 0;
            for (int k = 0; k < classes; k++) {
                mean += (normaliser - logits[i * classes + k]) / classes;
            }
            losses[i] = (1 - smoothing) * (normaliser - logits[i * classes + labels[i]]) + smoothing * mean;
        }
    }

    /// log Σ exp(x), with the largest element taken out first.
    static double logSumExp(double[] x, int from, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < count; k++) {
            largest = Math.max(largest, x[from + k]);
        }
        double sum = 0;
        for (int k = 0; k < count; k++) {
            sum += StrictMath.exp(x[from + k] - largest);
        }
        return largest + StrictMath.log(sum);
    }

    @Override
    public void differentiate(Tape tape) {
        tape.add(logits, tape.record().crossEntropyBackward(logits, labels, tape.gradient(losses), smoothing));
    }

    @Override
    public String attributes() {
        return "smoothing " + smoothing;
    }
}
