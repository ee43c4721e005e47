package lowland.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import lowland.Failure;
import lowland.checkpoint.TaskFile;
import lowland.data.Columns;
import lowland.data.DataSet;
import lowland.data.Example;
import lowland.data.FewShot;
import lowland.data.Glue;
import lowland.data.Labels;
import lowland.data.TableFile;
import lowland.data.TableTask;
import lowland.data.WordNet;

/// Which rows: a built-in task, or the user's own tables. What is null was not named.
///
/// @param text columns, with a comma between two
/// @param label the column
/// @param dev a file, or a share of the task's rows
/// @param test a file
/// @param data the folder of the files of a GLUE or few-shot task
/// @param k rows a class of a few-shot task
/// @param dataSeed of their choice
record Tables(String text, String label, String dev, Path test, Path data, Integer k, Integer dataSeed) {
    /// Where nothing is said, as MeZO's code (Malladi et al., arXiv 2305.17333v3).
    static final int K = 512;
    private static final int DATA_SEED = 13;

    /// The built-in tasks.
    private static final List<String> BUILT_IN = List.of("verb-supersense", "gloss-match");

    /// How `--task` is explained.
    static final String TASK = "verb-supersense or gloss-match (of WordNet 3.1, built in), a task of GLUE with --data DIR (glue/cola,"
            + " glue/mnli, glue/mrpc, glue/qnli, glue/qqp, glue/rte, glue/sst2, glue/stsb), a few-shot task with --data DIR, asked as a prompt"
            + " with a gap (fewshot/sst-2, fewshot/sst-5, fewshot/snli, fewshot/mnli, fewshot/rte, fewshot/trec), or a file with a header: TSV"
            + " (no quoting), CSV (RFC 4180), JSONL or Parquet.";

    /// The rows to measure, and what they are called.
    record Split(String name, String source, List<Example> rows) {
        /// The same with at most so many rows.
        Split atMost(int most) {
            return new Split(name, source, DataSet.atMost(most, rows));
        }
    }

    /// A task, with the columns by which a table of it is read.
    ///
    /// @param metric the main one, on which the best epoch is chosen; null for the first of all
    record Task(DataSet data, Columns columns, String devSource, String testSource, String metric) {
        /// The same in the order of a checkpoint's labels, where it knows them.
        Task under(List<String> labels) {
            return new Task(data.under(labels), columns, devSource, testSource, metric);
        }

        /// The same with at most so many rows of each split.
        Task atMost(int rows) {
            return new Task(data.atMost(rows), columns, devSource, testSource, metric);
        }
    }

    /// The few-shot task of this name, null if it is none.
    static FewShot fewShot(String task) {
        return task.startsWith(FewShot.PREFIX) && !Files.exists(Path.of(task)) ? FewShot.of(task) : null;
    }

    private DataSet read(FewShot task, Consumer<String> say) {
        return task.read(data, shots(), drawn(), say);
    }

    int shots() {
        return k == null ? K : k;
    }

    int drawn() {
        return dataSeed == null ? DATA_SEED : dataSeed;
    }

    /// The task to train on.
    ///
    /// @param say is told what was done with rows other than to read them
    Task task(String task, Consumer<String> say) {
        refuseBesideBuiltIn(task);
        FewShot prompted = fewShot(task);
        if (prompted != null) {
            return new Task(read(prompted, say), new Columns(prompted.columns(), Columns.LABEL), task + " dev", task + " test", null);
        }
        if (isGlue(task)) {
            Glue glue = Glue.of(task);
            return new Task(glue.read(data, say), new Columns(glue.columns(), Columns.LABEL), task + " dev", "", glue.metric());
        }
        if (BUILT_IN.contains(task)) {
            return new Task(builtIn(task), columns(task), task + " dev", task + " test", null);
        }
        TableFile train = table(task);
        Columns columns = Columns.of(train, text, label);
        Double share = share();
        TableFile devTable = dev == null || share != null ? null : TableFile.read(Path.of(dev));
        TableFile testTable = test == null ? null : TableFile.read(test);
        DataSet data = TableTask.of(train, devTable, share == null ? 0 : share, testTable, columns);
        return new Task(data, columns, devTable == null ? train.name() : devTable.name(), testTable == null ? "" : testTable.name(),
                null);
    }

    private static boolean isGlue(String task) {
        return task.startsWith(Glue.PREFIX) && !Files.exists(Path.of(task));
    }

    private void refuseBesideBuiltIn(String task) {
        boolean prompted = fewShot(task) != null;
        if (prompted && data == null) {
            throw Failure.usage("--task " + task + " is read from its files: name their folder with --data");
        }
        if (!prompted && (k != null || dataSeed != null)) {
            throw Failure.usage("--k and --data-seed are for the few-shot tasks, " + String.join(", ", FewShot.names()) + "; leave them out");
        }
        if (prompted) {
            Require.wholeFrom(1, "--k", shots());
            Require.wholeFrom(0, "--data-seed", drawn());
        }
        if (isGlue(task) && data == null) {
            throw Failure.usage("--task " + Glue.PREFIX + Glue.of(task).name()
                    + " is read from its official files: name their folder with --data");
        }
        if (data != null && !isGlue(task) && !prompted) {
            throw Failure.usage("--data is for the tasks of GLUE, " + String.join(", ", Glue.names()) + ", and the few-shot ones; leave it out");
        }
        if ((BUILT_IN.contains(task) || isGlue(task) || prompted) && (dev != null || test != null || text != null || label != null)) {
            throw Failure.usage("--task " + task + " has columns and splits of its own: leave out --text, --label, --dev and --test");
        }
    }

    /// @throws Failure (exit code 2) if rows are named that the split leaves aside
    void check(String task, String split) {
        refuseBesideBuiltIn(task);
        if (dev != null && !"dev".equals(split)) {
            throw Failure.usage("--dev names the rows of --split dev: give both, or neither");
        }
        if (test != null && !"test".equals(split)) {
            throw Failure.usage("--test names the rows of --split test: give both, or neither");
        }
        share();
    }

    /// The rows of a split, for an adapter of `file`: the built-in task's, those of `--dev` or `--test`, or the file's own.
    Split split(String task, String split, TaskFile file, Consumer<String> say) {
        FewShot prompted = fewShot(task);
        if (prompted != null) {
            return fewShot(task, prompted, split, file, say);
        }
        if (isGlue(task)) {
            return glue(Glue.of(task), split, file, say);
        }
        if (BUILT_IN.contains(task)) {
            DataSet data = builtIn(task);
            if (!data.labels().equals(file.labels())) {
                throw Failure.of("the adapter's labels " + file.labels() + " are not those of " + task + ", " + data.labels()
                        + "; take an adapter of this task");
            }
            boolean onDev = "dev".equals(split);
            return new Split(onDev ? "dev" : "test", task, onDev ? data.dev() : data.test());
        }
        Labels labels = new Labels(file.labels(), file.regression());
        if ("test".equals(split) && test != null) {
            return split("test", TableFile.read(test), file, labels);
        }
        if ("dev".equals(split) && dev != null) {
            Double share = share();
            if (share == null) {
                return split("dev", TableFile.read(Path.of(dev)), file, labels);
            }
            TableFile table = table(task);
            return new Split("dev", table.name(), TableTask.dev(table, share, columns(table, file), labels));
        }
        return split(split == null ? "file" : split, table(task), file, labels);
    }

    private Split fewShot(String task, FewShot prompted, String split, TaskFile file, Consumer<String> say) {
        if (!task.equals(file.prompt())) {
            throw Failure.of("the adapter is " + (file.prompt() == null ? "of no prompt" : "of the prompt " + file.prompt()) + ", not of "
                    + task + "; take an adapter of this task");
        }
        boolean onDev = "dev".equals(split);
        DataSet set = read(prompted, say);
        List<Example> rows = onDev ? set.dev() : set.test();
        if (rows.isEmpty()) {
            throw Failure.of("--data " + data + " holds no " + (onDev ? "dev" : "test") + " rows of " + task + "; take the other --split");
        }
        return new Split(onDev ? "dev" : "test", task, rows);
    }

    private Split glue(Glue glue, String split, TaskFile file, Consumer<String> say) {
        String name = Glue.PREFIX + glue.name();
        if ("test".equals(split)) {
            throw Failure.usage("--split test: the official test rows of " + name + " have no labels; take --split dev");
        }
        if (file.regression() != glue.labels().isEmpty() || !file.labels().containsAll(glue.labels())) {
            throw Failure.of("the adapter's labels " + file.labels() + " are not those of " + name + ", " + glue.labels()
                    + "; take an adapter of this task");
        }
        DataSet dev = new DataSet(name, glue.labels(), List.of(), glue.dev(data, say), List.of(), file.regression());
        return new Split("dev", name, dev.under(file.labels()).dev());
    }

    private Split split(String name, TableFile table, TaskFile file, Labels labels) {
        return new Split(name, table.name(), table.examples(columns(table, file), labels));
    }

    /// The adapter's columns, unless others are named.
    private Columns columns(TableFile table, TaskFile file) {
        String trained = file.textColumns().isEmpty() ? null : String.join(",", file.textColumns());
        return Columns.of(table, text == null ? trained : text, label == null ? file.labelColumn() : label);
    }

    private static TableFile table(String task) {
        if (!Files.exists(Path.of(task)) && task.matches("[a-z0-9-]+(/[a-z0-9-]+)?")) {
            throw Failure.usage("--task " + task + " is neither a built-in task (" + String.join(", ", BUILT_IN)
                    + ", of GLUE, or few-shot) nor a file");
        }
        return TableFile.read(Path.of(task));
    }

    /// Null where `--dev` is no number.
    private Double share() {
        if (dev == null || !dev.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?")) {
            return null;
        }
        double share = Double.parseDouble(dev);
        Require.that(share > 0 && share < 1, "--dev", dev, "a file, or a share above 0 and below 1");
        return share;
    }

    private static DataSet builtIn(String task) {
        return task.equals("verb-supersense") ? WordNet.verbSupersense() : WordNet.glossMatch();
    }

    private static Columns columns(String task) {
        return new Columns(task.equals("gloss-match") ? List.of("sentence1", "sentence2") : List.of("sentence"), Columns.LABEL);
    }
}
