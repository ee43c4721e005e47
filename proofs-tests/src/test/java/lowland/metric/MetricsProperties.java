package lowland.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// The metrics against their definitions, written as loops over pairs and triples.
class MetricsProperties {
    private static final double EPS = 1e-12;

    /// Rows of predicted and actual class.
    @Provide
    Arbitrary<int[][]> classes() {
        return Arbitraries.integers().between(0, 3).array(int[].class).ofSize(2).array(int[][].class).ofMinSize(1).ofMaxSize(20);
    }

    /// Rows of two numbers with many ties.
    @Provide
    Arbitrary<double[][]> numbers() {
        return Arbitraries.integers().between(-3, 3).map(i -> i / 2.0).array(Double[].class).ofSize(2)
                .map(pair -> new double[] {pair[0], pair[1]}).array(double[][].class).ofMinSize(1).ofMaxSize(20);
    }

    @Property
    void accuracyAndF1CountRows(@ForAll("classes") int[][] rows) {
        int[] p = column(rows, 0);
        int[] a = column(rows, 1);
        double[][] confusion = new double[4][4];
        for (int[] row : rows) {
            confusion[row[0]][row[1]]++;
        }
        double diagonal = 0;
        double sum = 0;
        int occurring = 0;
        for (int k = 0; k < 4; k++) {
            diagonal += confusion[k][k];
            double predicted = 0;
            double actual = 0;
            for (int j = 0; j < 4; j++) {
                predicted += confusion[k][j];
                actual += confusion[j][k];
            }
            double precision = predicted == 0 ? 0 : confusion[k][k] / predicted;
            double recall = actual == 0 ? 0 : confusion[k][k] / actual;
            double f1 = precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
            assertEquals(f1, Metrics.f1(p, a, k), EPS);
            occurring += predicted + actual > 0 ? 1 : 0;
            sum += f1;
        }
        assertEquals(diagonal / rows.length, Metrics.accuracy(p, a), EPS);
        assertEquals(sum / occurring, Metrics.macroF1(p, a), EPS);
    }

    /// Gorodkin's K-category correlation as the covariance over one-hot codes, and the binary formula.
    @Property
    void matthewsIsTheCorrelationOfTheCodes(@ForAll("classes") int[][] rows) {
        double pa = 0;
        double pp = 0;
        double aa = 0;
        for (int k = 0; k < 4; k++) {
            double meanP = 0;
            double meanA = 0;
            for (int[] row : rows) {
                meanP += (row[0] == k ? 1.0 : 0) / rows.length;
                meanA += (row[1] == k ? 1.0 : 0) / rows.length;
            }
            for (int[] row : rows) {
                double dp = (row[0] == k ? 1 : 0) - meanP;
                double da = (row[1] == k ? 1 : 0) - meanA;
                pa += dp * da;
                pp += dp * dp;
                aa += da * da;
            }
        }
        double expected = pp < 1e-9 || aa < 1e-9 ? 0 : pa / Math.sqrt(pp * aa);
        assertEquals(expected, Metrics.matthews(column(rows, 0), column(rows, 1)), 1e-9);

        int tp = 0;
        int tn = 0;
        int fp = 0;
        int fn = 0;
        int[] p = new int[rows.length];
        int[] a = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            p[i] = rows[i][0] % 2;
            a[i] = rows[i][1] % 2;
            tp += p[i] * a[i];
            tn += (1 - p[i]) * (1 - a[i]);
            fp += p[i] * (1 - a[i]);
            fn += (1 - p[i]) * a[i];
        }
        double below = Math.sqrt((double) (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
        assertEquals(below == 0 ? 0 : (tp * tn - fp * fn) / below, Metrics.matthews(p, a), EPS);
    }

    /// Pearson's as a sum over all pairs of rows, which needs no mean; Spearman's with ranks by counting.
    @Property
    void correlationsAreTheirPairwiseSums(@ForAll("numbers") double[][] rows) {
        double[] x = column(rows, 0);
        double[] y = column(rows, 1);
        assertEquals(pairwise(x, y), Metrics.pearson(x, y), 1e-9);
        assertEquals(pairwise(counted(x), counted(y)), Metrics.spearman(x, y), 1e-9);
        double[] bent = x.clone();
        for (int i = 0; i < bent.length; i++) {
            bent[i] = Math.exp(bent[i]);
        }
        assertEquals(Metrics.spearman(x, y), Metrics.spearman(bent, y), 1e-9, "ranks do not change under an increasing map");
    }

    private static double pairwise(double[] x, double[] y) {
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x.length; j++) {
                xy += (x[i] - x[j]) * (y[i] - y[j]);
                xx += (x[i] - x[j]) * (x[i] - x[j]);
                yy += (y[i] - y[j]) * (y[i] - y[j]);
            }
        }
        return xx == 0 || yy == 0 ? 0 : xy / Math.sqrt(xx * yy);
    }

    private static double[] counted(double[] values) {
        double[] ranks = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            for (double other : values) {
                ranks[i] += other < values[i] ? 1 : other == values[i] ? 0.5 : 0;
            }
        }
        return ranks;
    }

    @Example
    void whatIsNotFiniteIsNotHidden() {
        double[] good = {1, 2, 3};
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertTrue(Double.isNaN(Metrics.pearson(new double[] {1, bad, 2}, good)));
            assertTrue(Double.isNaN(Metrics.spearman(good, new double[] {1, bad, 2})));
            assertTrue(Double.isNaN(Metrics.paired(new double[] {1, bad, 2}, good).p()));
        }
        assertEquals(1, Metrics.spearman(new double[] {-0.0, 0.0, 1}, new double[] {0, 0, 1}), EPS);
        assertEquals(0, Metrics.pearson(new double[] {0.1, 0.1, 0.1}, good));
        assertThrows(IllegalArgumentException.class, () -> Metrics.accuracy(new int[0], new int[0]));
        assertThrows(IllegalArgumentException.class, () -> Metrics.pearson(good, new double[2]));
    }

    @Example
    void meansHaveTheirStandardErrors() {
        assertEquals(2, Metrics.mean(new double[] {1, 2, 3}), EPS);
        assertEquals(Math.sqrt(1.0 / 3), Metrics.standardError(new double[] {1, 2, 3}), EPS);
        assertTrue(Double.isNaN(Metrics.standardError(new double[] {1})));
    }

    /// Differences 1 ± d around the mean 1 have t = 1 / error; quantiles of Student's t are from any printed table.
    @Example
    void pairedDifferencesHaveStudentsProbability() {
        assertPaired(new double[] {1 - 1, 1 + 1}, 1, 0.5);              // df 1: p = 2·(1/2 − arctan(1)/π)
        assertPaired(new double[] {1, 2, 3}, 2 / Math.sqrt(1.0 / 3), 0.0741799);
        double[] five = {0, 0, 1, 2, 2};
        double t = 1 / Metrics.standardError(five);
        // Student's distribution function with 4 degrees in closed form.
        double u = t / Math.sqrt(4 + t * t);
        assertPaired(five, t, 2 * (0.5 - 0.75 * u * (1 - u * u / 3)));
        Metrics.Paired none = Metrics.paired(new double[] {1, 2}, new double[] {1, 2});
        assertEquals(new Metrics.Paired(2, 0, 0, 1), none);
        assertTrue(Double.isNaN(Metrics.paired(new double[] {2, 3}, new double[] {1, 2}).p()));
        assertTrue(Double.isNaN(Metrics.paired(new double[] {2}, new double[] {1}).p()));
    }

    /// Holm's procedure step by step: from the smallest p on, it is rejected as long as each is at most α over the number of those not yet
    /// rejected. What it rejects are those whose adjusted p is at most α, for every α below 1.
    @Property
    void holmsAdjustedValuesAreAtMostAlphaWhereHisProcedureRejects(@ForAll("probabilities") double[] p, @ForAll("probability") double alpha) {
        boolean[] rejected = new boolean[p.length];
        for (int left = p.length; left > 0; left--) {
            int smallest = -1;
            for (int i = 0; i < p.length; i++) {
                smallest = !rejected[i] && (smallest < 0 || p[i] < p[smallest]) ? i : smallest;
            }
            if (p[smallest] * left > alpha) {
                break;
            }
            rejected[smallest] = true;
        }
        double[] adjusted = Metrics.holm(p);
        for (int i = 0; i < p.length; i++) {
            assertEquals(rejected[i], adjusted[i] <= alpha);
            assertTrue(adjusted[i] >= p[i] && adjusted[i] <= 1);
        }
    }

    /// Hundredths, so that ties occur; below 1, where the cap lets every adjusted value pass.
    @Provide
    Arbitrary<Double> probability() {
        return Arbitraries.integers().between(0, 99).map(i -> i / 100.0);
    }

    @Provide
    Arbitrary<double[]> probabilities() {
        return Arbitraries.integers().between(0, 100).map(i -> i / 100.0).array(double[].class).ofMinSize(1).ofMaxSize(6);
    }

    @Example
    void aComparisonWithoutPCountsAndHasNone() {
        assertArrayEquals(new double[] {0.02, Double.NaN}, Metrics.holm(new double[] {0.01, Double.NaN}));
        assertArrayEquals(new double[] {0.05, 0.03, 0.05}, Metrics.holm(new double[] {0.03, 0.01, 0.025}), EPS);
    }

    /// With one degree of freedom, Cauchy's, t is the tangent of (1 − p)·π/2.
    @Example
    void theCriticalDifferenceHasThatProbability() {
        assertEquals(1 / Math.tan(0.01 * Math.PI / 2), Metrics.critical(2, 0.01), 1e-6);
        double t = Metrics.critical(5, 0.03);
        double[] five = {0, 0, 1, 2, 2};
        double shift = t * Metrics.standardError(five) - 1;
        assertEquals(0.03, Metrics.paired(five, new double[] {-shift, -shift, -shift, -shift, -shift}).p(), 1e-9);
    }

    private static void assertPaired(double[] differences, double t, double p) {
        Metrics.Paired paired = Metrics.paired(differences, new double[differences.length]);
        assertEquals(t, paired.mean() / paired.standardError(), 1e-12);
        assertEquals(p, paired.p(), 1e-6);
        double[] swapped = new double[differences.length];
        assertEquals(p, Metrics.paired(swapped, differences).p(), 1e-6, "two-sided");
    }

    private static int[] column(int[][] rows, int column) {
        int[] values = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            values[i] = rows[i][column];
        }
        return values;
    }

    private static double[] column(double[][] rows, int column) {
        double[] values = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            values[i] = rows[i][column];
        }
        return values;
    }
}
