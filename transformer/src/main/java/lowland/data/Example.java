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
    /// A row to predict.
    public static Example unlabelled(int row, String text, String pair) {
        return new Example(row, text, pair, -1, Double.NaN);
    }
}
