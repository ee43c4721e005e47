package lowland.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A task: its labels in the order of the logits (none for regression) and its rows. Splits may be empty.
public record DataSet(
        String name, List<String> labels, List<Example> train, List<Example> dev, List<Example> test, boolean regression) {
    public DataSet {
        labels = List.copyOf(labels);
        train = List.copyOf(train);
        dev = List.copyOf(dev);
        test = List.copyOf(test);
    }

    /// The same rows under the labels of a checkpoint, in its order, where it knows every label of the task; class numbers take the names
    /// of a checkpoint with as many classes, unless these only repeat the numbers (`LABEL_0`). Else unchanged.
    public DataSet under(List<String> known) {
        if (numbered() && known.size() == labels.size() && known.stream().noneMatch(name -> name.matches("(LABEL_)?\\d+"))) {
            return new DataSet(name, known, train, dev, test, false);
        }
        if (regression || labels.equals(known) || !known.containsAll(labels)) {
            return this;
        }
        return new DataSet(name, known, under(known, train), under(known, dev), under(known, test), false);
    }

    private List<Example> under(List<String> known, List<Example> split) {
        List<Example> examples = new ArrayList<>();
        for (Example row : split) {
            examples.add(new Example(row.row(), row.text(), row.pair(), known.indexOf(labels.get(row.label())), row.target()));
        }
        return examples;
    }

    /// The same task with at most so many rows of each split: those whose texts' hashes are least, in the order that they had.
    public DataSet atMost(int rows) {
        return new DataSet(name, labels, atMost(rows, train), atMost(rows, dev), atMost(rows, test), regression);
    }

    /// At most so many of some rows, chosen by a hash of their texts.
    public static List<Example> atMost(int rows, List<Example> split) {
        if (split.size() <= rows) {
            return split;
        }
        double[] shares = split.stream().mapToDouble(Example::share).toArray();
        double[] sorted = shares.clone();
        Arrays.sort(sorted);
        List<Example> kept = new ArrayList<>();
        for (int i = 0; i < shares.length && kept.size() < rows; i++) {
            if (shares[i] <= sorted[rows - 1]) {
                kept.add(split.get(i));
            }
        }
        return kept;
    }

    private boolean numbered() {
        boolean numbered = !regression;
        for (int k = 0; k < labels.size(); k++) {
            numbered &= labels.get(k).equals(Integer.toString(k));
        }
        return numbered;
    }

    /// The mean of a regression's training targets: what knows nothing of the texts answers with it.
    public double mean() {
        double sum = 0;
        for (Example example : train) {
            sum += example.target();
        }
        return sum / train.size();
    }

    /// The mean squared error on `split` of always answering the [#mean], or NaN where there is nothing to measure.
    public double meanBaseline(List<Example> split) {
        double mean = mean();
        double sum = 0;
        for (Example example : split) {
            sum += (example.target() - mean) * (example.target() - mean);
        }
        return sum / split.size();
    }

    /// How many rows of a split have each label.
    public int[] counts(List<Example> split) {
        int[] counts = new int[labels.size()];
        for (Example example : split) {
            counts[example.label()]++;
        }
        return counts;
    }

    /// The accuracy on `split` of always answering the class that is most frequent in training (ties to the first), or
    /// NaN where there is nothing to count.
    public double majorityBaseline(List<Example> split) {
        if (regression || train.isEmpty() || split.isEmpty()) {
            return Double.NaN;
        }
        int[] counts = counts(train);
        int majority = 0;
        for (int label = 1; label < counts.length; label++) {
            if (counts[label] > counts[majority]) {
                majority = label;
            }
        }
        return (double) counts(split)[majority] / split.size();
    }
}
