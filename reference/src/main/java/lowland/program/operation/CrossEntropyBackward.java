package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// dlogits_i = G_i·(softmax(logits_i) − q), with q as in [CrossEntropy].
public record CrossEntropyBackward(Value logits, Value labels, Value g, double smoothing, Value dLogits) implements Operation {
    public static Shape shape(Value logits, Value labels, Value g) {
        Require.rank("crossEntropyBackward", logits, ElementType.REAL, 2);
        Require.shape("crossEntropyBackward", labels, ElementType.INT, logits.shape().extent(0));
        Require.shape("crossEntropyBackward", g, ElementType.REAL, logits.shape().extent(0));
        return logits.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(logits, labels, g);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dLogits);
    }

    @Override
    public void interpret(Memory m) {
        int classes = m.extent(logits, 1);
        double[] logits = m.reals(this.logits);
        int[] labels = m.ints(this.labels);
        double[] g = m.reals(this.g);
        double[] dLogits = m.reals(this.dLogits);
        for (int i = 0; i < g.length; i++) {
            double normaliser = CrossEntropy.logSumExp(logits, i * classes, classes);
            for (int k = 0; k < classes; k++) {
                double target = smoothing / classes + (k == labels[i] ? 1 - smoothing : 0);
                dLogits[i * classes + k] = g[i] * (StrictMath.exp(logits[i * classes + k] - normaliser) - target);
            }
        }
    }

    @Override
    public String attributes() {
        return "smoothing " + smoothing;
    }
}
