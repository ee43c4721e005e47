package lowland.train;

import java.util.Arrays;
import java.util.List;
import lowland.data.Example;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Moments;
import lowland.metric.Metrics;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.State;
import org.ejml.simple.SimpleMatrix;

/// What the pretrained encoder knows without any adapter: a linear head (multinomial logistic regression) on its frozen features, that
/// is on what a head sees of each row.
///
/// The head is a baseline, and every method of the demonstration starts from it: first the head, then all (Kumar et al., arXiv
/// 2202.10054v1), for a head that starts from nothing first bends the features to its noise. So whatever a method gains over this baseline, it
/// gained by changing the encoder.
///
/// @param weight [classes × hidden], row after row
/// @param bias   [classes]
/// @param how    it was fitted, in words
record FrozenFeatures(float[] weight, float[] bias, String how) {
    private static final double RATE = 0.003;
    private static final int EPOCHS = 4;
    private static final int BATCH = 64;
    /// A feature with no more than this share of the largest deviation is a dead channel. MiniLM has three of 384, with 2.5e-9 at most where the
    /// others have 0.15 to 0.38: a weight of theirs would be 1e8 to 1e30, and whatever trains the last norm would blow it up.
    private static final double DEAD = 1e-6;

    /// Fits the head by AdamW on batches of 64 rows in 4 epochs, with a rate that falls linearly from 0.003, on features that are
    /// standardised by the training rows' mean and deviation, dead channels left out; then folds these into the head.
    static FrozenFeatures fit(float[][] features, Rows rows, int classes) {
        SimpleMatrix x = matrix(features);
        int width = x.getNumCols();
        double[] mean = new double[width];
        double[] deviation = new double[width];
        standardise(x, mean, deviation);
        SimpleMatrix head = new SimpleMatrix(classes, width + 1);
        Moments moments = Moments.zeroLike(head);
        int batches = Math.ceilDiv(x.getNumRows(), BATCH);
        int steps = EPOCHS * batches;
        Order order = new Order(x.getNumRows(), true, 0);
        for (int step = 0; step < steps; step++) {
            int from = step % batches * BATCH;
            int to = Math.min(x.getNumRows(), from + BATCH);
            SimpleMatrix batch = new SimpleMatrix(to - from, width + 1);
            int[] labels = new int[to - from];
            for (int i = 0; i < labels.length; i++) {
                int row = order.row((long) (step / batches) * x.getNumRows() + from + i);
                for (int f = 0; f < width; f++) {
                    batch.set(i, f, x.get(row, f));
                }
                batch.set(i, width, 1);
                labels[i] = rows.examples().get(row).label();
            }
            Descent.Descended next = AdamW.defaults().step(head, gradient(head, batch, labels), moments, step + 1,
                    RATE * (steps - step) / steps);
            head = next.p();
            moments = next.moments();
        }
        return folded(head, mean, deviation, "linear head on " + rows.size() + " rows' frozen features, " + EPOCHS + " epochs");
    }

    /// ∂/∂H of the mean over the batch of −log softmax(H·x)[label]: (P − Y)ᵀ·X / N.
    private static SimpleMatrix gradient(SimpleMatrix head, SimpleMatrix batch, int[] labels) {
        SimpleMatrix logits = batch.mult(head.transpose());
        float[] row = new float[logits.getNumCols()];
        for (int i = 0; i < labels.length; i++) {
            for (int k = 0; k < row.length; k++) {
                row[k] = (float) logits.get(i, k);
            }
            double[] probabilities = Evaluation.probabilities(row);
            for (int k = 0; k < row.length; k++) {
                logits.set(i, k, (probabilities[k] - (k == labels[i] ? 1 : 0)) / labels.length);
            }
        }
        return logits.transpose().mult(batch);
    }

    /// The same head for features as they are: H·(x − mean)/deviation + b.
    private static FrozenFeatures folded(SimpleMatrix head, double[] mean, double[] deviation, String how) {
        int width = mean.length;
        float[] weight = new float[head.getNumRows() * width];
        float[] bias = new float[head.getNumRows()];
        for (int k = 0; k < bias.length; k++) {
            double b = head.get(k, width);
            for (int f = 0; f < width; f++) {
                double w = head.get(k, f) / deviation[f];
                weight[k * width + f] = (float) w;
                b -= w * mean[f];
            }
            bias[k] = (float) b;
        }
        return new FrozenFeatures(weight, bias, how);
    }

    private static SimpleMatrix matrix(float[][] rows) {
        SimpleMatrix matrix = new SimpleMatrix(rows.length, rows[0].length);
        for (int i = 0; i < rows.length; i++) {
            for (int f = 0; f < rows[i].length; f++) {
                matrix.set(i, f, rows[i][f]);
            }
        }
        return matrix;
    }

    private static void standardise(SimpleMatrix x, double[] mean, double[] deviation) {
        int rows = x.getNumRows();
        for (int f = 0; f < mean.length; f++) {
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                sum += x.get(i, f);
            }
            mean[f] = sum / rows;
            double squares = 0;
            for (int i = 0; i < rows; i++) {
                squares += (x.get(i, f) - mean[f]) * (x.get(i, f) - mean[f]);
            }
            deviation[f] = Math.sqrt(squares / rows);
        }
        double largest = Arrays.stream(deviation).max().orElseThrow();
        for (int f = 0; f < mean.length; f++) {
            boolean dead = deviation[f] <= DEAD * largest;
            deviation[f] = dead ? 1 : deviation[f];
            for (int i = 0; i < rows; i++) {
                // Of zeros alone a weight stays 0.
                x.set(i, f, dead ? 0 : (x.get(i, f) - mean[f]) / deviation[f]);
            }
        }
    }

    /// What a head on the pretrained model sees of each row: the logits of a head whose weight is the identity and whose bias is 0.
    static float[][] of(Pretrained pretrained, Rows rows, Device device) {
        if (pretrained.pooling() == Bert.Pooling.FIRST) {
            throw new IllegalArgumentException("the head of " + pretrained.name() + " has a trained layer before its last");
        }
        int hidden = pretrained.config().hidden();
        Settings settings = Settings.answering(new Settings.Pairs(List.of("query"), new Settings.Size(1, 1)), 32);
        float[] identity = new float[hidden * hidden];
        for (int i = 0; i < hidden; i++) {
            identity[i * hidden + i] = 1;
        }
        try (Training training = new Training(pretrained, settings, new Rows(List.of(), List.of(), 0), hidden, false, rows.mostTokens(32),
                device)) {
            new FrozenFeatures(identity, new float[hidden], "identity").start(training);
            return training.evaluate(rows).logits();
        }
    }

    /// Makes this the head of a run that has not begun.
    void start(Training training) {
        List<State> head = training.model().head();
        training.session().write(head.getFirst(), 0, weight);
        training.session().write(head.getLast(), 0, bias);
    }

    DemoResult.Baseline baseline(float[][] features, Rows rows) {
        int width = weight.length / bias.length;
        int[] predicted = new int[features.length];
        for (int row = 0; row < features.length; row++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < bias.length; k++) {
                double logit = bias[k];
                for (int f = 0; f < width; f++) {
                    logit += (double) weight[k * width + f] * features[row][f];
                }
                if (logit > best) {
                    best = logit;
                    predicted[row] = k;
                }
            }
        }
        int[] actual = rows.examples().stream().mapToInt(Example::label).toArray();
        return new DemoResult.Baseline("frozen features", Metrics.hits(predicted, actual), Metrics.macroF1(predicted, actual), how);
    }
}
