package lowland.train;

import java.util.List;
import lowland.data.Example;
import lowland.metric.Metrics;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.State;
import lowland.random.CounterRandom;

/// What the pretrained encoder knows without any adapter: a linear head (multinomial logistic regression) on its frozen features,
/// what a head sees of each row.
///
/// The features are standardised by the training rows' mean and deviation. The head is fitted by Adam on batches of 64 rows,
/// 12 epochs with a rate that falls linearly, at each of three learning rates; the rate and the epoch are those of the best accuracy
/// on dev, ties to the earlier.
final class FrozenFeatures {
    private static final double[] RATES = {0.001, 0.003, 0.01};
    private static final int EPOCHS = 12;
    private static final int BATCH = 64;

    private final int width;
    private final int classes;
    /// [width + 1][classes], the last row the biases.
    private final float[] head;
    private final float[] gradient;
    private final float[] m;
    private final float[] v;

    private FrozenFeatures(int width, int classes) {
        this.width = width;
        this.classes = classes;
        head = new float[(width + 1) * classes];
        gradient = new float[head.length];
        m = new float[head.length];
        v = new float[head.length];
    }

    static DemoResult.Baseline baseline(Pretrained pretrained, DemoTask task, Rows train, Device device, DemoProgress progress) {
        float[][] trainFeatures;
        float[][] devFeatures;
        float[][] testFeatures;
        int mostTokens = Math.max(task.dev().mostTokens(1), task.test().mostTokens(1));
        try (Training training = exposed(pretrained, train, mostTokens, device)) {
            trainFeatures = training.evaluate(train).logits();
            progress.advance(train.size(), "frozen features");
            devFeatures = training.evaluate(task.dev()).logits();
            testFeatures = training.evaluate(task.test()).logits();
            progress.advance(task.dev().size() + task.test().size(), "frozen features");
        }
        standardise(trainFeatures, devFeatures, testFeatures);
        int[] trainLabels = labels(train);
        int[] devLabels = labels(task.dev());
        double best = -1;
        int[] predicted = null;
        String how = "";
        for (double rate : RATES) {
            FrozenFeatures fit = new FrozenFeatures(trainFeatures[0].length, task.classes());
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                fit.epoch(epoch, rate, trainFeatures, trainLabels);
                double accuracy = Metrics.accuracy(fit.predict(devFeatures), devLabels);
                if (accuracy > best) {
                    best = accuracy;
                    predicted = fit.predict(testFeatures);
                    how = "linear head on " + train.size() + " rows' mean token states; best on dev: Adam's rate " + rate + ", epoch "
                            + (epoch + 1) + " of " + EPOCHS;
                }
            }
        }
        int[] actual = labels(task.test());
        return new DemoResult.Baseline("frozen features", Metrics.accuracy(predicted, actual), Metrics.macroF1(predicted, actual), how);
    }

    /// The pretrained model with a head that hands through what it sees: weight the identity, bias 0. Its logits are the features.
    private static Training exposed(Pretrained pretrained, Rows rows, int mostTokens, Device device) {
        if (pretrained.pooling() == Bert.Pooling.FIRST) {
            throw new IllegalArgumentException("the head of " + pretrained.name() + " has a trained layer before its last");
        }
        int hidden = pretrained.config().hidden();
        Settings settings = Settings.answering(new Settings.Pairs(List.of("query"), new Settings.Size(1, 1)), 32);
        Training training = new Training(pretrained, settings, rows, hidden, false, mostTokens, device);
        State weight = training.model().head().getFirst();
        float[] identity = new float[weight.size()];
        for (int i = 0; i < hidden; i++) {
            identity[i * hidden + i] = 1;
        }
        training.session().write(weight, 0, identity);
        return training;
    }

    private static int[] labels(Rows rows) {
        return rows.examples().stream().mapToInt(Example::label).toArray();
    }

    private static void standardise(float[][] train, float[][]... others) {
        for (int f = 0; f < train[0].length; f++) {
            double sum = 0;
            double squares = 0;
            for (float[] row : train) {
                sum += row[f];
                squares += (double) row[f] * row[f];
            }
            double mean = sum / train.length;
            double deviation = Math.sqrt(Math.max(1e-12, squares / train.length - mean * mean));
            scale(train, f, mean, deviation);
            for (float[][] other : others) {
                scale(other, f, mean, deviation);
            }
        }
    }

    private static void scale(float[][] rows, int f, double mean, double deviation) {
        for (float[] row : rows) {
            row[f] = (float) ((row[f] - mean) / deviation);
        }
    }

    private void epoch(int epoch, double rate, float[][] features, int[] labels) {
        Order order = new Order(features.length, true, epoch);
        int batches = Math.ceilDiv(features.length, BATCH);
        float[] logits = new float[classes];
        for (int batch = 0; batch < batches; batch++) {
            java.util.Arrays.fill(gradient, 0);
            int from = batch * BATCH;
            int to = Math.min(features.length, from + BATCH);
            for (int place = from; place < to; place++) {
                int row = order.row(place);
                logits(features[row], logits);
                double[] probabilities = Evaluation.probabilities(logits);
                for (int k = 0; k < classes; k++) {
                    logits[k] = (float) ((probabilities[k] - (k == labels[row] ? 1 : 0)) / (to - from));
                }
                collect(features[row], logits);
            }
            int step = epoch * batches + batch;
            descend(rate * (1 - (double) step / (EPOCHS * batches)), step + 1);
        }
    }

    private void logits(float[] x, float[] logits) {
        System.arraycopy(head, width * classes, logits, 0, classes);
        for (int f = 0; f < width; f++) {
            float value = x[f];
            int at = f * classes;
            for (int k = 0; k < classes; k++) {
                logits[k] += value * head[at + k];
            }
        }
    }

    private void collect(float[] x, float[] dLogits) {
        for (int f = 0; f < width; f++) {
            float value = x[f];
            int at = f * classes;
            for (int k = 0; k < classes; k++) {
                gradient[at + k] += value * dLogits[k];
            }
        }
        for (int k = 0; k < classes; k++) {
            gradient[width * classes + k] += dLogits[k];
        }
    }

    private void descend(double rate, int t) {
        double correction1 = 1 - StrictMath.pow(0.9, t);
        double correction2 = 1 - StrictMath.pow(0.999, t);
        for (int i = 0; i < head.length; i++) {
            m[i] = 0.9f * m[i] + 0.1f * gradient[i];
            v[i] = 0.999f * v[i] + 0.001f * gradient[i] * gradient[i];
            head[i] -= (float) (rate * (m[i] / correction1) / (Math.sqrt(v[i] / correction2) + 1e-8));
        }
    }

    private int[] predict(float[][] features) {
        int[] predicted = new int[features.length];
        float[] logits = new float[classes];
        for (int row = 0; row < features.length; row++) {
            logits(features[row], logits);
            for (int k = 1; k < classes; k++) {
                if (logits[k] > logits[predicted[row]]) {
                    predicted[row] = k;
                }
            }
        }
        return predicted;
    }
}
