package lowland.data;

import java.util.ArrayList;
import java.util.List;
import lowland.Failure;

/// A task out of the user's own tables.
public final class TableTask {
    private TableTask() {}

    /// Reads a task. Labels and columns come from the training table and hold for the others.
    ///
    /// @param train the training table
    /// @param dev the table to choose the best epoch on, or null
    /// @param devShare the share of the training rows that becomes dev where `dev` is null; 0 for none
    /// @param test the test table, or null
    /// @param columns the columns, see [Columns#of]
    /// @throws Failure if a row cannot be used, or if the share leaves a split without rows
    public static DataSet of(TableFile train, TableFile dev, double devShare, TableFile test, Columns columns) {
        if (!(devShare >= 0 && devShare < 1) || dev != null && devShare > 0) {
            throw Failure.usage("--dev takes a file, or a share from 0 to below 1");
        }
        Labels labels = Labels.of(train, columns.label());
        List<Example> all = train.examples(columns, labels);
        List<Example> kept = new ArrayList<>();
        List<Example> held = new ArrayList<>();
        for (Example example : all) {
            (example.share() < devShare ? held : kept).add(example);
        }
        if (kept.isEmpty() || devShare > 0 && held.isEmpty()) {
            throw Failure.of(train.name() + ": a dev share of " + devShare + " of its " + all.size() + " rows leaves no row for "
                    + (kept.isEmpty() ? "training" : "dev") + "; name a dev file, or another share");
        }
        return new DataSet(
                train.name(),
                labels.names(),
                kept,
                dev == null ? held : dev.examples(columns, labels),
                test == null ? List.of() : test.examples(columns, labels),
                labels.regression());
    }

    /// The rows of a table that a share makes dev, with the labels of an adapter.
    ///
    /// @throws Failure if a row cannot be used, one outside of dev too, or if none is dev
    public static List<Example> dev(TableFile table, double devShare, Columns columns, Labels labels) {
        List<Example> held = new ArrayList<>();
        for (Example example : table.examples(columns, labels)) {
            if (example.share() < devShare) {
                held.add(example);
            }
        }
        if (held.isEmpty()) {
            throw Failure.of(table.name() + ": a dev share of " + devShare + " of its " + table.size()
                    + " rows leaves no row for dev; name a dev file, or another share");
        }
        return held;
    }
}
