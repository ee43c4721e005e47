package lowland.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import lowland.Failure;
import lowland.data.Prompt.Gap;
import lowland.data.Prompt.Text;
import lowland.data.Prompt.Words;

/// The six few-shot tasks of arXiv 2508.00522v3, Table 1, with the prompts and samples of LM-BFF (Gao et al., arXiv 2012.15723v2, table B.1 and
/// its code) as MeZO's code runs them: k rows a class to train, as many others as dev, at most 1,000 as test.
///
/// A folder holds LM-BFF's samples (`16-13/train.tsv` of k = 16 and the data seed 13), or the whole sets, of which the same sample is drawn.
///
/// @param labels in the order of the class numbers
/// @param columns one or two with text
/// @param form of LM-BFF's files
/// @param prompt its pieces and label words
public record FewShot(String name, List<String> labels, List<String> columns, Form form, Prompt prompt) {
    /// CSV of label and text, without a header; a TSV with one; the same with more cells in some rows (SNLI's annotators).
    enum Form { BARE, TABLE, RAGGED }

    /// What `--task` says before a task's name.
    public static final String PREFIX = "fewshot/";
    /// Test rows at most, and the seed of their choice.
    private static final int TEST = 1000;
    private static final int TEST_SEED = 42;

    private static final Map<String, FewShot> TASKS = tasks();

    private static Map<String, FewShot> tasks() {
        Map<String, FewShot> tasks = new LinkedHashMap<>();
        List<Prompt.Piece> was = List.of(new Text(0, false, false, false), new Words(" It was"), new Gap(), new Words("."));
        List<Prompt.Piece> follows = List.of(new Text(0, true, false, false), new Words("?"), new Gap(), new Words(","),
                new Text(1, false, true, true));
        List<Prompt.Piece> asks = List.of(new Gap(), new Words(":"), new Text(0, false, true, false));
        List<String> sentence = List.of("sentence");
        List<String> pair = List.of("sentence1", "sentence2");
        List<String> entailment = List.of("entailment", "neutral", "contradiction");
        add(tasks, "sst-2", sentence, Form.TABLE, was, List.of("negative", "positive"), "terrible", "great");
        add(tasks, "sst-5", sentence, Form.BARE, was, List.of("very_negative", "negative", "neutral", "positive", "very_positive"), "terrible",
                "bad", "okay", "good", "great");
        add(tasks, "snli", pair, Form.RAGGED, follows, entailment, "Yes", "Maybe", "No");
        add(tasks, "mnli", pair, Form.TABLE, follows, entailment, "Yes", "Maybe", "No");
        add(tasks, "rte", pair, Form.TABLE, follows, List.of("entailment", "not_entailment"), "Yes", "No");
        add(tasks, "trec", sentence, Form.BARE, asks, List.of("description", "entity", "expression", "human", "location", "number"),
                "Description", "Entity", "Expression", "Human", "Location", "Number");
        return tasks;
    }

    private static void add(Map<String, FewShot> tasks, String name, List<String> columns, Form form, List<Prompt.Piece> pieces,
            List<String> labels, String... words) {
        tasks.put(name, new FewShot(name, labels, columns, form, new Prompt(pieces, labels, List.of(words))));
    }

    /// The names of the tasks, each with [#PREFIX].
    public static List<String> names() {
        return TASKS.keySet().stream().map(name -> PREFIX + name).toList();
    }

    /// A task by its name with [#PREFIX].
    ///
    /// @throws Failure (exit code 2) if there is none
    public static FewShot of(String name) {
        FewShot task = name.startsWith(PREFIX) ? TASKS.get(name.substring(PREFIX.length())) : null;
        if (task == null) {
            throw Failure.usage("--task " + name + " is no few-shot task; there are " + String.join(", ", names()));
        }
        return task;
    }

    /// The sample of a folder: LM-BFF's own where it is there, else drawn from the whole sets.
    ///
    /// @param k rows a class; a class that has fewer gives what it has
    /// @param say is told what was done other than asked for
    /// @throws Failure if a file is missing, or a row is broken, naming its line
    public DataSet read(Path folder, int k, int dataSeed, Consumer<String> say) {
        if (!Files.isDirectory(folder)) {
            throw Failure.of("--data " + folder + " is not a folder; name the folder of the files of " + PREFIX + name);
        }
        Path sampled = folder.resolve(k + "-" + dataSeed);
        boolean ready = Files.isDirectory(sampled);
        Path from = ready ? sampled : folder;
        List<Example> train = rows(require(from, "train"), say);
        List<Example> dev;
        if (ready) {
            dev = rows(require(from, "dev", "dev_matched"), say);
        } else {
            NumpyShuffle.shuffle(train, dataSeed);
            dev = share(train, k, 2 * k);
            train = share(train, 0, k);
            say.accept(PREFIX + name + ": " + k + " rows a class of " + folder + ", drawn by the data seed " + dataSeed);
            for (int label = 0; label < labels.size(); label++) {
                int which = label;
                long found = dev.stream().filter(row -> row.label() == which).count();
                if (found < k) {
                    say.accept(PREFIX + name + ": of " + labels.get(label) + " only " + found + " dev rows are left");
                }
            }
        }
        Path test = test(folder, k, dataSeed);
        return new DataSet(PREFIX + name, labels, train, dev, test == null ? List.of() : test(rows(test, say)), false);
    }

    /// The file of the test rows, null where there is none.
    public Path test(Path folder, int k, int dataSeed) {
        Path sampled = folder.resolve(k + "-" + dataSeed);
        boolean ready = Files.isDirectory(sampled);
        Path beside = ready ? first(sampled, "test", "test_matched") : null;
        if (beside != null) {
            return beside;
        }
        // Of tables LM-BFF measures on the whole set's dev rows: the official test rows have no labels.
        return ready || form == Form.BARE ? first(folder, "test") : first(folder, "dev", "dev_matched");
    }

    /// Of each class, in the order of their first rows, the rows between two numbers.
    private static List<Example> share(List<Example> shuffled, int from, int to) {
        Map<Integer, List<Example>> classes = new LinkedHashMap<>();
        for (Example row : shuffled) {
            classes.computeIfAbsent(row.label(), _ -> new ArrayList<>()).add(row);
        }
        List<Example> share = new ArrayList<>();
        for (List<Example> rows : classes.values()) {
            share.addAll(rows.subList(Math.min(from, rows.size()), Math.min(to, rows.size())));
        }
        return share;
    }

    private static List<Example> test(List<Example> rows) {
        if (rows.size() > TEST) {
            NumpyShuffle.shuffle(rows, TEST_SEED);
        }
        return rows.subList(0, Math.min(TEST, rows.size()));
    }

    private String extension() {
        return form == Form.BARE ? ".csv" : ".tsv";
    }

    private Path first(Path folder, String... names) {
        for (String each : names) {
            Path file = folder.resolve(each + extension());
            if (Files.exists(file)) {
                return file;
            }
        }
        return null;
    }

    private Path require(Path folder, String... names) {
        Path file = first(folder, names);
        if (file == null) {
            throw Failure.of("--data: " + folder + " holds no " + names[0] + extension() + " of " + PREFIX + name
                    + "; take LM-BFF's data, or the whole set under these names");
        }
        return file;
    }

    private List<Example> rows(Path file, Consumer<String> say) {
        TableFile table = switch (form) {
            case BARE -> TableFile.csv(file, List.of(Columns.LABEL, columns.getFirst()));
            case TABLE -> TableFile.read(file);
            case RAGGED -> TableFile.ragged(file);
        };
        table = table.renamed(Map.of("gold_label", Columns.LABEL));
        Labels answers = new Labels(labels, false);
        List<Example> examples = new ArrayList<>();
        int unsure = 0;
        for (int row = 0; row < table.size(); row++) {
            // SNLI's annotators did not agree on these; LM-BFF leaves them out too.
            if (table.cell(row, Columns.LABEL).equals("-")) {
                unsure++;
                continue;
            }
            examples.add(new Example(table.line(row), table.cell(row, columns.getFirst()),
                    columns.size() == 1 ? null : table.cell(row, columns.get(1)), answers.index(table, row, Columns.LABEL), Double.NaN));
        }
        if (unsure > 0) {
            say.accept(file + ": " + unsure + " rows have no agreed label (-) and are left out");
        }
        return examples;
    }
}
