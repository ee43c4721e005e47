package lowland.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.Failure;
import lowland.data.FewShot;
import lowland.data.Glue;

/// The options that a paper states for a task, under a name. What the command line says itself goes before them.
///
/// `glue/…`: RoBERTa-large as LoRA's own code trains it (Hu et al., arXiv 2106.09685v2, table 9 and the code's scripts), which both papers
/// take over. Its batches are of 8 devices, here one of eight times the rows; MRPC, RTE and STS-B start there from an adapter for MNLI.
///
/// `fewshot/…`: RoBERTa-large as arXiv 2508.00522v3, Table 1, takes it over from MeZO (Malladi et al., arXiv 2305.17333v3): 1,000 steps of 16 rows,
/// the best of an evaluation every 100. The rate is the middle one of its grid (1e-4, 3e-4, 5e-4); decay and warm-up are our choice, none.
final class Preset {
    private static final Map<String, List<String>> PRESETS = presets();

    private Preset() {}

    private static Map<String, List<String>> presets() {
        Map<String, List<String>> presets = new LinkedHashMap<>();
        glue(presets, "mnli", 4, "3e-4", 10, 128);
        glue(presets, "sst2", 8, "4e-4", 10, 512);
        glue(presets, "mrpc", 4, "3e-4", 20, 512);
        glue(presets, "cola", 4, "3e-4", 20, 128);
        glue(presets, "qnli", 4, "2e-4", 10, 512);
        glue(presets, "qqp", 4, "3e-4", 20, 512);
        glue(presets, "rte", 8, "4e-4", 20, 512);
        glue(presets, "stsb", 4, "3e-4", 10, 128);
        for (String task : FewShot.names()) {
            boolean pair = FewShot.of(task).columns().size() == 2;
            presets.put(task, List.of("--rank", "8", "--alpha", "16", "--targets", "query,value", "--optimizer", "adamw", "--weight-decay", "0",
                    "--schedule", "linear", "--warmup", "0", "--clip-norm", "1", "--batch-size", "16", "--learning-rate", "3e-4", "--steps",
                    "1000", "--evaluate-every", "100", "--max-length", pair ? "256" : "128"));
        }
        return presets;
    }

    private static void glue(Map<String, List<String>> presets, String task, int rowsOfADevice, String rate, int epochs, int length) {
        presets.put(Glue.PREFIX + task, List.of("--rank", "8", "--alpha", "16", "--targets", "query,value", "--optimizer", "adamw",
                "--weight-decay", "0.1", "--schedule", "linear", "--warmup", "0.06", "--clip-norm", "1", "--batch-size",
                Integer.toString(8 * rowsOfADevice), "--learning-rate", rate, "--epochs", Integer.toString(epochs), "--max-length",
                Integer.toString(length)));
    }

    /// The arguments with those of a preset behind them, where one is named and they do not say otherwise themselves.
    ///
    /// @throws Failure (exit code 2) if there is no such preset
    static String[] expand(String[] args) {
        String name = value(List.of(args), "--preset");
        if (name == null) {
            return args;
        }
        List<String> options = PRESETS.get(name);
        if (options == null) {
            throw Failure.usage("--preset " + name + " is not there; there are " + String.join(", ", PRESETS.keySet()));
        }
        return behind(List.of(args), options).toArray(String[]::new);
    }

    /// Whether an option has its value from the preset; one that says the same itself counts as if it had.
    ///
    /// @param name of the preset, null for none
    static boolean brings(String name, String option, List<String> values) {
        List<String> options = name == null ? List.of() : PRESETS.get(name);
        int at = options.indexOf(option);
        return at >= 0 && values.equals(List.of(options.get(at + 1)));
    }

    /// The arguments with those options, each with its value, behind them that they do not say otherwise themselves.
    static List<String> behind(List<String> args, List<String> options) {
        List<String> all = new ArrayList<>(args);
        for (int i = 0; i < options.size(); i += 2) {
            String option = options.get(i);
            boolean said = says(args, option) || option.equals("--epochs") && says(args, "--steps")
                    || option.equals("--steps") && says(args, "--epochs")
                    || option.equals("--warmup") && says(args, "--warmup-steps");
            // An adapter to start from brings its own factors.
            boolean given = says(args, "--init-adapter") && List.of("--rank", "--alpha", "--targets").contains(option);
            if (!said && !given) {
                all.add(option);
                all.add(options.get(i + 1));
            }
        }
        return all;
    }

    /// Whether the arguments give the option, as `--option value` or `--option=value`.
    static boolean says(List<String> args, String option) {
        for (String arg : args) {
            if (arg.equals(option) || arg.startsWith(option + "=")) {
                return true;
            }
        }
        return false;
    }

    /// What the arguments give an option, null where they do not.
    static String value(List<String> args, String option) {
        for (int i = 0; i < args.size(); i++) {
            if (args.get(i).equals(option) && i + 1 < args.size()) {
                return args.get(i + 1);
            }
            if (args.get(i).startsWith(option + "=")) {
                return args.get(i).substring(option.length() + 1);
            }
        }
        return null;
    }
}
