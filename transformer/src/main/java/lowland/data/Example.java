package lowland.data;

/// One row of a task.
///
/// | component | meaning |
/// |---|---|
/// | `row` | where it comes from: the line of its file (from 1) on which it begins, or its number in a built-in task |
/// | `text`, `pair` | the text, and the second one where the task has two, else null |
/// | `label` | the class, -1 where there is none (regression, or a row to predict) |
/// | `target` | the number of a regression, NaN where there is none |
public record Example(int row, String text, String pair, int label, double target) {
    /// A number from 0 to below 1 by a hash of the texts alone: rows of the same texts have the same, whatever their labels.
    double share() {
        return Md5.share(pair == null ? text : text + "\u001F" + pair);
    }

    /// A row to predict.
    public static Example unlabelled(int row, String text, String pair) {
        return new Example(row, text, pair, -1, Double.NaN);
    }
}
