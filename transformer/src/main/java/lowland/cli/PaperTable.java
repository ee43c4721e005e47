package lowland.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lowland.Failure;
import lowland.data.FewShot;
import lowland.data.Glue;

/// A table of a paper: the tasks that are its columns, and what of a training is read into it.
///
/// @param name as the command line calls it
/// @param tasks in the paper's order
/// @param methods its rows, as `--method` calls them
/// @param seeds in their order; of few-shot tasks the samples' too
/// @param rates learning rates of which the best on dev is taken; none for the preset's
/// @param radii the same of rho, for methods that have one
/// @param test whether the table is of test, else of dev
/// @param measured what a number of the table is
/// @param paper what the paper reports, in a sentence
record PaperTable(String name, List<Task> tasks, List<String> methods, List<Long> seeds, List<String> rates, List<String> radii,
        boolean test, String measured, String paper) {
    /// @param title as the paper's column is headed
    /// @param task as `--task` calls it
    /// @param metric the number of the table
    /// @param seen whether MiniLM was trained on its rows
    record Task(String title, String task, String metric, boolean seen) {
        /// As `--tasks` and files call it: what comes after the slash.
        String name() {
            return task.substring(task.indexOf('/') + 1);
        }

        boolean regression() {
            return task.startsWith(Glue.PREFIX) && Glue.of(task).answers().regression();
        }
    }

    private static final List<PaperTable> TABLES = List.of(
            new PaperTable("fmlora/table1", List.of(prompt("SST-2", "sst-2"), prompt("SST-5", "sst-5"), prompt("SNLI", "snli"),
                    prompt("MNLI", "mnli"), prompt("RTE", "rte"), prompt("TREC", "trec")),
                    List.of("lora", "lora-sam", "lora-obar", "lora-nbar", "fmlora", "efmlora"), List.of(13L, 21L, 42L, 87L, 100L),
                    List.of("1e-4", "3e-4", "5e-4"), List.of("0.05", "0.1", "0.2"), true,
                    "test accuracy in percent, at the learning rate, the rho and the evaluation best on dev",
                    "arXiv 2508.00522v3 reports averages over these six tasks, with RoBERTa-large: LoRA 80.0, LoRA-SAM 81.3, FMLoRA 83.1, EFMLoRA"
                            + " 82.3."),
            new PaperTable("fmlora/table2", List.of(glue("MNLI", "mnli", true), glue("SST-2", "sst2", false), glue("CoLA", "cola", false),
                    glue("QNLI", "qnli", false), glue("QQP", "qqp", true), glue("RTE", "rte", false), glue("MRPC", "mrpc", false),
                    glue("STS-B", "stsb", false)),
                    List.of("full", "adapter-pfeiffer", "lora", "lora-obar", "lora-nbar", "efmlora"),
                    List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), List.of(), List.of(), false,
                    "the best evaluation on dev, in percent",
                    "arXiv 2508.00522v3 reports averages over these eight tasks, with RoBERTa-large on the whole sets: LoRA 88.4, EFMLoRA 89.4."));

    private static Task glue(String title, String name, boolean seen) {
        return new Task(title, Glue.PREFIX + name, Glue.of(Glue.PREFIX + name).metric(), seen);
    }

    private static Task prompt(String title, String name) {
        return new Task(title, FewShot.PREFIX + name, "accuracy", false);
    }

    /// @throws Failure (exit code 2) if there is no such table
    static PaperTable of(String name) {
        List<String> names = TABLES.stream().map(PaperTable::name).toList();
        if (!names.contains(name)) {
            throw Failure.usage(name + " is no table that can be made here; there are " + String.join(", ", names));
        }
        return TABLES.get(names.indexOf(name));
    }

    /// The tasks of a list, in the paper's order.
    ///
    /// @param list names with commas between; null for all
    /// @param miniLm whether the model is MiniLM, which is not measured on what it was trained on
    /// @throws Failure (exit code 2) if a name is unknown, or is one of those
    List<Task> tasks(String list, boolean miniLm) {
        List<String> names = tasks.stream().map(Task::name).toList();
        List<String> asked = list == null ? names : List.of(list.toLowerCase(Locale.ROOT).split(","));
        for (String wanted : asked) {
            if (!names.contains(wanted)) {
                throw Failure.usage("--tasks " + wanted + " is no task of " + name + "; there are " + String.join(", ", names));
            }
        }
        List<Task> chosen = new ArrayList<>();
        for (Task task : tasks) {
            if (asked.contains(task.name()) && miniLm && task.seen() && list != null) {
                throw Failure.usage("--tasks " + task.name() + ": MiniLM was trained on these rows; leave it out, or take another model");
            }
            if (asked.contains(task.name()) && !(miniLm && task.seen())) {
                chosen.add(task);
            }
        }
        return chosen;
    }
}
