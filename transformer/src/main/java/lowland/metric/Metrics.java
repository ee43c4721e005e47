package lowland.metric;

import java.util.Arrays;
import java.util.Comparator;
import org.apache.commons.statistics.distribution.TDistribution;

/// How well predictions fit, and how sure a comparison over seeds is.
///
/// A ratio whose denominator is 0 (no positive, a constant prediction) counts as 0, so that an early evaluation can be
/// compared; numbers that are not finite give NaN. All methods throw [IllegalArgumentException] where the two sides
/// differ in length or are empty.
public final class Metrics {
    private Metrics() {}

    /// A comparison of pairs: the mean of the differences, its standard error, and the two-sided p-value of Student's t
    /// with `pairs` − 1 degrees of freedom. With one pair, standard error and p are NaN; so is p where all differences are one and the same,
    /// not 0: accuracies of few rows coincide, and of the spread that tells nothing.
    public record Paired(int pairs, double mean, double standardError, double p) {}

    /// For each row, 1 if it is right, else 0.
    public static double[] hits(int[] predicted, int[] actual) {
        sameLength(predicted.length, actual.length);
        double[] hits = new double[actual.length];
        for (int i = 0; i < actual.length; i++) {
            hits[i] = predicted[i] == actual[i] ? 1 : 0;
        }
        return hits;
    }

    /// The share of rows that are right.
    public static double accuracy(int[] predicted, int[] actual) {
        return mean(hits(predicted, actual));
    }

    /// F1 of the class `positive`: 2·tp / (2·tp + fp + fn).
    public static double f1(int[] predicted, int[] actual, int positive) {
        sameLength(predicted.length, actual.length);
        int both = 0;
        int either = 0;
        for (int i = 0; i < actual.length; i++) {
            both += predicted[i] == positive && actual[i] == positive ? 1 : 0;
            either += (predicted[i] == positive ? 1 : 0) + (actual[i] == positive ? 1 : 0);
        }
        return either == 0 ? 0 : 2.0 * both / either;
    }

    /// The mean of the F1 of all classes that occur, predicted or actual.
    public static double macroF1(int[] predicted, int[] actual) {
        sameLength(predicted.length, actual.length);
        int classes = 1 + Math.max(largest(predicted), largest(actual));
        boolean[] occurs = new boolean[classes];
        for (int i = 0; i < actual.length; i++) {
            occurs[predicted[i]] = true;
            occurs[actual[i]] = true;
        }
        double sum = 0;
        int count = 0;
        for (int k = 0; k < classes; k++) {
            if (occurs[k]) {
                sum += f1(predicted, actual, k);
                count++;
            }
        }
        return sum / count;
    }

    /// Matthews' correlation, for any number of classes (Gorodkin 2004, eq. 8): the covariance of the one-hot codes over
    /// the product of their standard deviations. With n rows, c of them right, pₖ predicted and aₖ actual of class k:
    ///
    ///     (c·n − Σ pₖ·aₖ) / √((n² − Σ pₖ²)·(n² − Σ aₖ²))
    public static double matthews(int[] predicted, int[] actual) {
        sameLength(predicted.length, actual.length);
        int classes = 1 + Math.max(largest(predicted), largest(actual));
        double[] p = new double[classes];
        double[] a = new double[classes];
        double right = 0;
        for (int i = 0; i < actual.length; i++) {
            p[predicted[i]]++;
            a[actual[i]]++;
            right += predicted[i] == actual[i] ? 1 : 0;
        }
        double n = actual.length;
        double covariance = right * n;
        double spreadP = n * n;
        double spreadA = n * n;
        for (int k = 0; k < classes; k++) {
            covariance -= p[k] * a[k];
            spreadP -= p[k] * p[k];
            spreadA -= a[k] * a[k];
        }
        return spreadP == 0 || spreadA == 0 ? 0 : covariance / (Math.sqrt(spreadP) * Math.sqrt(spreadA));
    }

    /// Pearson's correlation.
    public static double pearson(double[] x, double[] y) {
        sameLength(x.length, y.length);
        double meanX = mean(x);
        double meanY = mean(y);
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xy += dx * dy;
            xx += dx * dx;
            yy += dy * dy;
        }
        if (Double.isNaN(xx + yy)) {
            return Double.NaN;
        }
        // Constant sides are told by their values: rounding of the mean could leave a spread of dust.
        return constant(x) || constant(y) ? 0 : Math.clamp(xy / (Math.sqrt(xx) * Math.sqrt(yy)), -1, 1);
    }

    /// Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank.
    public static double spearman(double[] x, double[] y) {
        sameLength(x.length, y.length);
        for (int i = 0; i < x.length; i++) {
            if (!Double.isFinite(x[i]) || !Double.isFinite(y[i])) {
                return Double.NaN;
            }
        }
        return pearson(ranks(x), ranks(y));
    }

    /// The arithmetic mean.
    public static double mean(double[] values) {
        sameLength(values.length, values.length);
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /// The standard error of the mean: the sample's standard deviation (over n − 1) by √n; NaN for one value.
    public static double standardError(double[] values) {
        double mean = mean(values);
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return values.length < 2 ? Double.NaN : Math.sqrt(squares / (values.length - 1) / values.length);
    }

    /// Compares a with b, seed by seed.
    public static Paired paired(double[] a, double[] b) {
        sameLength(a.length, b.length);
        double[] differences = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            differences[i] = a[i] - b[i];
        }
        double mean = mean(differences);
        double error = standardError(differences);
        double p;
        if (Double.isNaN(error)) {
            p = Double.NaN;
        } else if (constant(differences)) { // told by the values: rounding of their mean could leave an error of dust
            p = mean == 0 ? 1 : Double.NaN;
        } else {
            p = Math.min(1, 2 * TDistribution.of(a.length - 1).survivalProbability(Math.abs(mean / error)));
        }
        return new Paired(a.length, mean, error, p);
    }

    /// How many standard errors the mean of so many differences has to be from 0 for a p of [#paired] at most.
    public static double critical(int pairs, double p) {
        return TDistribution.of(pairs - 1).inverseSurvivalProbability(p / 2);
    }

    /// Holm's adjusted p-values (S. Holm, 1979): of m comparisons, the k-th smallest p times m − k + 1, never below that of a smaller one,
    /// and at most 1. Who calls those differences real whose adjusted p is at most α errs in one or more of them with a probability of at
    /// most α. A NaN counts as a comparison and stays NaN.
    public static double[] holm(double[] p) {
        Integer[] order = new Integer[p.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> p[i])); // NaN last
        double[] adjusted = new double[p.length];
        double largest = 0;
        for (int k = 0; k < p.length; k++) {
            double product = Math.min(1, p[order[k]] * (p.length - k));
            largest = Math.max(largest, product);
            adjusted[order[k]] = largest;
        }
        return adjusted;
    }

    private static double[] ranks(double[] values) {
        Integer[] order = new Integer[values.length];
        Arrays.setAll(order, i -> i);
        // −0 and 0 are equal: Double.compare would rank them apart.
        Arrays.sort(order, Comparator.comparingDouble(i -> values[i] + 0.0));
        double[] ranks = new double[values.length];
        for (int start = 0; start < order.length; ) {
            int end = start + 1;
            while (end < order.length && values[order[end]] == values[order[start]]) {
                end++;
            }
            for (int i = start; i < end; i++) {
                ranks[order[i]] = (start + end - 1) / 2.0;
            }
            start = end;
        }
        return ranks;
    }

    private static int largest(int[] values) {
        int largest = 0;
        for (int value : values) {
            largest = Math.max(largest, value);
        }
        return largest;
    }

    private static boolean constant(double[] values) {
        for (double value : values) {
            if (value != values[0]) {
                return false;
            }
        }
        return true;
    }

    private static void sameLength(int a, int b) {
        if (a != b || a == 0) {
            throw new IllegalArgumentException(a + " values against " + b);
        }
    }
}
