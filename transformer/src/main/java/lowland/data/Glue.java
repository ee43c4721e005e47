package lowland.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lowland.Failure;

/// The tasks of GLUE (Wang et al., arXiv 1804.07461v3) as their official files have them, in a folder: no file is renamed or changed.
///
/// Names of columns and the order of labels are the hub's, whatever the file calls them. The papers report dev; the official test rows
/// have no labels.
///
/// @param labels in the order of the class numbers; none for a regression
/// @param columns one or two with text
/// @param metric the main one
/// @param train files of which the first that is there is taken; those joined by `+` belong together, as do those that a `*` numbers
public record Glue(String name, List<String> labels, List<String> columns, String metric, List<String> train, List<String> dev,
        Layout layout) {
    /// The names of the files' columns.
    ///
    /// @param renamed a file's own name of a column to the hub's
    /// @param bare the columns of files that begin without a header, some of whose rows leave the last ones out; else none
    /// @param least cells of a row of those
    /// @param broken whether some official rows lack a column; they are left out, as transformers does
    public record Layout(Map<String, String> renamed, List<String> bare, int least, boolean broken) {
        private static final Layout PLAIN = new Layout(Map.of());

        private Layout(Map<String, String> renamed) {
            this(renamed, List.of(), 0, false);
        }
    }

    /// What `--task` says before a task's name.
    public static final String PREFIX = "glue/";

    private static final List<String> TRAIN = List.of("train.tsv", "train.jsonl", "train.csv", "train-*.parquet");
    private static final List<String> DEV = List.of("dev.tsv", "dev.jsonl", "validation.jsonl", "validation.csv", "dev.csv",
            "validation-*.parquet");
    /// As the hub numbers the files of a split, from 0.
    private static final Pattern SHARD = Pattern.compile("(\\d{5})-of-(\\d{5})");
    private static final Map<String, Glue> TASKS = tasks();

    private static Map<String, Glue> tasks() {
        Map<String, Glue> tasks = new TreeMap<>();
        List<String> pair = List.of("sentence1", "sentence2");
        List<String> entailment = List.of("entailment", "not_entailment");
        add(tasks, new Glue("cola", List.of("unacceptable", "acceptable"), List.of("sentence"), "matthews",
                and(TRAIN, "in_domain_train.tsv"), and(DEV, "in_domain_dev.tsv+out_of_domain_dev.tsv"),
                new Layout(Map.of(), List.of("source", "label", "mark", "sentence"), 4, false)));
        add(tasks, new Glue("sst2", List.of("negative", "positive"), List.of("sentence"), "accuracy", TRAIN, DEV, Layout.PLAIN));
        add(tasks, new Glue("mrpc", List.of("not_equivalent", "equivalent"), pair, "accuracy", and(TRAIN, "msr_paraphrase_train.txt"), DEV,
                new Layout(Map.of("\uFEFFQuality", "label", "Quality", "label", "#1 String", "sentence1", "#2 String", "sentence2"))));
        add(tasks, new Glue("stsb", List.of(), pair, "pearson", and(TRAIN, "sts-train.csv"), and(DEV, "sts-dev.csv"),
                new Layout(Map.of("score", "label"), List.of("genre", "filename", "year", "old_index", "label", "sentence1", "sentence2",
                        "source1", "source2"), 7, false)));
        add(tasks, new Glue("qqp", List.of("not_duplicate", "duplicate"), List.of("question1", "question2"), "accuracy", TRAIN, DEV,
                new Layout(Map.of("is_duplicate", "label"), List.of(), 0, true)));
        add(tasks, new Glue("mnli", List.of("entailment", "neutral", "contradiction"), List.of("premise", "hypothesis"), "accuracy", TRAIN,
                List.of("dev_mismatched.tsv", "validation_mismatched.jsonl", "validation_mismatched-*.parquet"),
                new Layout(Map.of("gold_label", "label", "sentence1", "premise", "sentence2", "hypothesis"))));
        add(tasks, new Glue("qnli", entailment, List.of("question", "sentence"), "accuracy", TRAIN, DEV, Layout.PLAIN));
        add(tasks, new Glue("rte", entailment, pair, "accuracy", TRAIN, DEV, Layout.PLAIN));
        return tasks;
    }

    private static void add(Map<String, Glue> tasks, Glue task) {
        tasks.put(task.name, task);
    }

    private static List<String> and(List<String> usual, String more) {
        List<String> all = new ArrayList<>(usual);
        all.add(more);
        return List.copyOf(all);
    }

    /// The names of the tasks, each with [#PREFIX].
    public static List<String> names() {
        return TASKS.keySet().stream().map(name -> PREFIX + name).toList();
    }

    /// A task by its name with [#PREFIX].
    ///
    /// @throws Failure (exit code 2) if there is none
    public static Glue of(String name) {
        Glue task = name.startsWith(PREFIX) ? TASKS.get(name.substring(PREFIX.length())) : null;
        if (task == null) {
            throw Failure.usage("--task " + name + " is no task of GLUE; there are " + String.join(", ", names()));
        }
        return task;
    }

    /// What the head answers.
    public Labels answers() {
        return new Labels(labels, labels.isEmpty());
    }

    /// The rows of the task's files in a folder, train and dev.
    ///
    /// @param say is told which rows were left out
    /// @throws Failure if a file is missing, or a row is broken, naming its line
    public DataSet read(Path folder, Consumer<String> say) {
        return new DataSet(PREFIX + name, labels, rows(folder, train, say), dev(folder, say), List.of(), labels.isEmpty());
    }

    /// The rows of dev alone.
    ///
    /// @throws Failure if the file is missing, or a row is broken, naming its line
    public List<Example> dev(Path folder, Consumer<String> say) {
        return rows(folder, dev, say);
    }

    private List<Example> rows(Path folder, List<String> candidates, Consumer<String> say) {
        if (!Files.isDirectory(folder)) {
            throw Failure.of("--data " + folder + " is not a folder; name the folder of the files of " + PREFIX + name);
        }
        for (String candidate : candidates) {
            List<Path> files = candidate.contains("*") ? shards(folder, candidate)
                    : Stream.of(candidate.split("\\+")).map(folder::resolve).toList();
            if (!files.isEmpty() && files.stream().allMatch(Files::exists)) {
                List<Example> examples = new ArrayList<>();
                files.forEach(file -> examples.addAll(rows(file, say)));
                return examples;
            }
        }
        throw Failure.of("--data " + folder + " holds none of " + String.join(", ", candidates) + " of " + PREFIX + name
                + "; unpack the official archive there, or the hub's parquet files");
    }

    /// The files that the hub keeps a split in, in their order; none if none is there.
    ///
    /// @throws Failure if some are missing
    private static List<Path> shards(Path folder, String candidate) {
        String[] around = candidate.split("\\*");
        String[] names = folder.toFile().list((_, name) -> name.startsWith(around[0]) && name.endsWith(around[1])
                && SHARD.matcher(name.substring(around[0].length(), name.length() - around[1].length())).matches());
        if (names == null || names.length == 0) {
            return List.of();
        }
        Arrays.sort(names);
        int count = Integer.parseInt(names[0].substring(names[0].length() - around[1].length() - 5, names[0].length() - around[1].length()));
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            files.add(folder.resolve(String.format(Locale.ROOT, "%s%05d-of-%05d%s", around[0], i, count, around[1])));
        }
        for (Path file : files) {
            if (!Files.exists(file)) {
                throw Failure.of("--data " + folder + " lacks " + file.getFileName() + " beside " + names[0] + "; fetch the whole split");
            }
        }
        if (names.length > count) {
            throw Failure.of("--data " + folder + " holds " + names[0] + " and " + names[names.length - 1]
                    + ", which belong to two different splits; keep those of one");
        }
        return files;
    }

    private List<Example> rows(Path file, Consumer<String> say) {
        boolean parquet = file.getFileName().toString().endsWith(".parquet");
        TableFile table = (parquet ? TableFile.read(file) : layout.broken ? TableFile.complete(file, say)
                : layout.bare.isEmpty() ? TableFile.read(file)
                : TableFile.read(file, columns.getFirst(), layout.bare, layout.least)).renamed(layout.renamed);
        List<Example> examples = new ArrayList<>();
        Labels answers = answers();
        for (int row = 0; row < table.size(); row++) {
            // Some official rows have an empty text; transformers tokenizes them as they are.
            String text = table.cell(row, columns.getFirst());
            String second = columns.size() == 1 ? null : table.cell(row, columns.get(1));
            examples.add(answers.regression()
                    ? new Example(table.line(row), text, second, -1, answers.target(table, row, Columns.LABEL))
                    : new Example(table.line(row), text, second, answers.index(table, row, Columns.LABEL), Double.NaN));
        }
        return examples;
    }
}
