package lowland.cpu;

/// Losses of rows of predictions, and their gradients times each row's weight.
public final class Losses {
    private Losses() {
    }

    /// Cross-entropy of rows r0 … r1 − 1 of logits `[rows, classes]`, with label smoothing s over all classes:
    /// loss = log Σ exp z − (1 − s)·z`[label]` − s·mean(z). `work` has room for `classes` floats from `wo` on, one place a worker.
    public static void crossEntropy(float[] logits, int zo, int[] labels, int lo, float smoothing, float[] losses, int oo, int classes,
                                    int r0, int r1, float[] work, int wo) {
        for (int r = r0; r < r1; r++) {
            int at = zo + r * classes;
            int label = label(labels[lo + r], classes, r);
            float max = Softmax.max(logits, at, classes);
            double logSum = StrictMath.log(Softmax.exponentials(logits, at, classes, max, work, wo));
            double mean = 0;
            if (smoothing != 0) {
                for (int c = 0; c < classes; c++) {
                    mean += (double) logits[at + c] - max;
                }
                mean /= classes;
            }
            losses[oo + r] = (float) (logSum - (1.0 - smoothing) * ((double) logits[at + label] - max) - smoothing * mean);
        }
    }

    /// dz = weight`[row]`·(softmax(z) − (1 − s)·onehot(label) − s/classes) for rows r0 … r1 − 1. dz may be z.
    public static void crossEntropyBackward(float[] logits, int zo, int[] labels, int lo, float smoothing, float[] weights, int wo,
                                            float[] dz, int dzo, int classes, int r0, int r1) {
        for (int r = r0; r < r1; r++) {
            int at = zo + r * classes;
            int to = dzo + r * classes;
            int label = label(labels[lo + r], classes, r);
            float weight = weights[wo + r];
            float max = Softmax.max(logits, at, classes);
            float sum = Softmax.exponentials(logits, at, classes, max, dz, to);
            float target = smoothing / classes;
            float labelled = 1f - smoothing + target;
            for (int c = 0; c < classes; c++) {
                dz[to + c] = weight * (dz[to + c] / sum - (c == label ? labelled : target));
            }
        }
    }

    /// loss = (prediction − target)² for rows r0 … r1 − 1.
    public static void squaredError(float[] predictions, int po, float[] targets, int to, float[] losses, int oo, int r0, int r1) {
        for (int r = r0; r < r1; r++) {
            float difference = predictions[po + r] - targets[to + r];
            losses[oo + r] = difference * difference;
        }
    }

    /// d prediction = 2·weight·(prediction − target) for rows r0 … r1 − 1.
    public static void squaredErrorBackward(float[] predictions, int po, float[] targets, int to, float[] weights, int wo,
                                            float[] dp, int dpo, int r0, int r1) {
        for (int r = r0; r < r1; r++) {
            dp[dpo + r] = 2 * weights[wo + r] * (predictions[po + r] - targets[to + r]);
        }
    }

    private static int label(int label, int classes, int row) {
        if (label < 0 || label >= classes) {
            throw new IndexOutOfBoundsException("label of row " + row + " is " + label + ", expected 0 to " + (classes - 1));
        }
        return label;
    }
}
