package lowland.train;

import java.util.LinkedHashMap;
import java.util.Map;
import lowland.data.Example;
import lowland.metric.Metrics;

/// A model's answers on rows.
///
/// @param loss mean over the rows
/// @param logits [rows][classes]
public record Evaluation(Rows rows, double loss, float[][] logits, boolean regression) {
    /// The class of the largest logit of each row (the first of equals).
    public int[] predicted() {
        int[] predicted = new int[logits.length];
        for (int row = 0; row < logits.length; row++) {
            for (int k = 1; k < logits[row].length; k++) {
                if (logits[row][k] > logits[row][predicted[row]]) {
                    predicted[row] = k;
                }
            }
        }
        return predicted;
    }

    /// For each row, 1 if the predicted class is the row's, else 0.
    public double[] hits() {
        return Metrics.hits(predicted(), rows.examples().stream().mapToInt(Example::label).toArray());
    }

    /// Accuracy, macro-F1 and Matthews' correlation, with F1 for two classes; or Pearson's and Spearman's. The first is the main one.
    public Map<String, Double> metrics() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        int n = rows.size();
        if (regression) {
            double[] predicted = new double[n];
            double[] actual = new double[n];
            for (int row = 0; row < n; row++) {
                predicted[row] = logits[row][0];
                actual[row] = rows.examples().get(row).target();
            }
            metrics.put("pearson", Metrics.pearson(predicted, actual));
            metrics.put("spearman", Metrics.spearman(predicted, actual));
            return metrics;
        }
        int[] predicted = predicted();
        int[] actual = rows.examples().stream().mapToInt(Example::label).toArray();
        metrics.put("accuracy", Metrics.accuracy(predicted, actual));
        metrics.put("macroF1", Metrics.macroF1(predicted, actual));
        if (logits[0].length == 2) {
            metrics.put("f1", Metrics.f1(predicted, actual, 1));
        }
        metrics.put("matthews", Metrics.matthews(predicted, actual));
        return metrics;
    }

    /// The main metric.
    ///
    /// @param metric its name; null for the first of [#metrics]
    public double score(String metric) {
        Map<String, Double> metrics = metrics();
        return metric == null ? metrics.values().iterator().next() : metrics.get(metric);
    }

    /// Softmax of a row's logits.
    public static double[] probabilities(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double[] probabilities = new double[logits.length];
        double sum = 0;
        for (int k = 0; k < logits.length; k++) {
            probabilities[k] = StrictMath.exp(logits[k] - largest);
            sum += probabilities[k];
        }
        for (int k = 0; k < logits.length; k++) {
            probabilities[k] /= sum;
        }
        return probabilities;
    }
}
