package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import lowland.Failure;
import lowland.checkpoint.AtomicFile;
import lowland.checkpoint.JsonFile;
import lowland.data.FewShot;
import lowland.train.Pretrained;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;

/// `reproduce`: the cells of a paper's table, one `train` each, one after the other. What is done stays done: the same command line goes
/// on at the first cell that is not.
@Command(name = "reproduce", sortOptions = false,
    customSynopsis = "lowland reproduce PAPER/TABLE --model M --data DIR --out DIR [OPTIONS] [-- OPTIONS OF TRAIN]", description = {
    "Trains every task, method and seed of a paper's table under the paper's presets, and ends with the table: means, standard errors, and"
        + " paired tests against LoRA, p after Holm for the methods compared. A run that was ended goes on where it was, cell by cell,"
        + " when it is started again. Each cell's run folder, table.txt and table.json are in --out. Options behind -- go to every cell's"
        + " train where they have an effect, before the preset's.", ""},
    footer = {"", "Examples:", "  lowland reproduce fmlora/table2 --tasks cola,rte --seeds 3 --model roberta-large --data glue --out runs/table2",
        "  lowland reproduce fmlora/table2 --tasks cola --steps 40 --model minilm --data glue --out runs/small -- --batch-size 16"})
final class ReproduceCommand implements Callable<Integer> {
    /// In place of the presets' values, which are RoBERTa-large's: higher rates, and a tenth of a preset's epochs or so.
    private static final List<String> MINILM = List.of("--targets", "all-linear", "--learning-rate", "3e-3", "--head-learning-rate", "1e-2",
            "--epochs", "3", "--batch-size", "32", "--max-length", "128");
    private static final String MARK = "reproduce.json";
    /// What LoRA's code starts from its adapter for MNLI.
    private static final List<String> FROM_MNLI = List.of("rte", "mrpc", "stsb");

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "PAPER/TABLE", description = {
        "fmlora/table1: six few-shot tasks, asked as prompts, the bare model too; the learning rate of 1e-4, 3e-4, 5e-4 and, for methods with a"
            + " perturbation, the rho of 0.05, 0.1, 0.2 that is best on dev. fmlora/table2: GLUE. (arXiv 2508.00522v3, Tables 1 and 2.)"})
    private String table;

    @Parameters(index = "1..*", paramLabel = "OPTIONS OF TRAIN", hidden = true)
    private List<String> more = new ArrayList<>();

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "A Hugging Face folder of a RoBERTa or BERT, or minilm, for which the preset is scaled down: --targets all-linear --learning-rate 3e-3"
            + " --head-learning-rate 1e-2 --epochs 3 --batch-size 32 --max-length 128 (our choice).", "No default."})
    private String model;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = {
        "The folder with a folder of official files for each task (CoLA, RTE, SST-2, ...; lower case and without the hyphen will do).",
        "No default."})
    private Path data;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = {
        "A new or empty folder, or that of an earlier run of this table, which then goes on.", "No default."})
    private Path out;

    @Option(names = "--tasks", paramLabel = "LIST", description = {
        "Of the table's tasks, with commas between.", "Default: all; with minilm those on which it was not trained."})
    private String tasks;

    @Option(names = "--methods", paramLabel = "LIST", description = {
        "As --method of train, with commas between; lora is always there. All of a table's methods run under LoRA's preset, full and"
            + " adapter layers too, and the table says so. A folder that was begun with other methods goes on under their names.",
        "Default: the table's own: of table1 lora,lora-sam,lora-obar,lora-nbar,fmlora,efmlora, of table2"
            + " full,adapter-pfeiffer,lora,lora-obar,lora-nbar,efmlora."})
    private String methods;

    @Option(names = "--seeds", paramLabel = "N", description = {
        "Repetitions: of table2 the seeds 0 to N-1; of table1 the samples 13, 21, 42, 87, 100, in this order.",
        "Default: 3 (both papers)."})
    private int seeds = 3;

    @Option(names = "--k", paramLabel = "K", description = {"table1: rows a class.", "Default: 512 (as train)."})
    private Integer k;

    @Option(names = "--init-adapter", paramLabel = "DIR", description = {
        "table2: an adapter for MNLI, from whose factors RTE, MRPC and STS-B start, as LoRA's scripts have it; not with methods that have no"
            + " factors or make their own start, and the table says so.",
        "Default: none; they start anew, and the table says so."})
    private Path mnli;

    @Option(names = "--steps", paramLabel = "N", description = {
        "So many optimiser steps a cell, in place of the preset's epochs; the table says so.", "Default: not used."})
    private Integer steps;

    @Option(names = "--rows", paramLabel = "N", description = {
        "At most so many rows of each split, see train; the table says so.", "Default: all."})
    private Integer rows;

    @ArgGroup(validate = false, heading = "%nRun:%n")
    private DeviceOptions device = new DeviceOptions();

    @Mixin
    private Common common;

    ReproduceCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        PaperTable paper = PaperTable.of(table);
        Require.that(seeds >= 1 && seeds <= paper.seeds().size(), "--seeds", seeds, "1 to " + paper.seeds().size());
        check(paper);
        List<String> chosen = methods(paper);
        List<PaperTable.Task> columns = paper.tasks(tasks, model.equals(Pretrained.MINILM));
        requireEffect(chosen);
        device.device();
        List<Cell> cells = cells(paper, columns, chosen);
        for (Cell cell : cells) {
            command(cell, OutputStream.nullOutputStream());
        }
        if (paper.test()) {
            AdaptedModel.zeroShot(model, Preset.value(more, "--init"), FewShot.of(columns.getFirst().task())).close();
        }
        open(paper);
        Map<Cell, Cell.Result> results = new LinkedHashMap<>();
        for (Cell cell : cells) {
            Cell.Result done = cell.read(out);
            if (done != null) {
                results.put(cell, done);
            }
        }
        if (!train(cells, results)) {
            return 130;
        }
        print(paper, columns, chosen, cells, results);
        return 0;
    }

    private List<String> methods(PaperTable paper) {
        LinkedHashSet<String> chosen = new LinkedHashSet<>(List.of(ResultTable.BASE));
        for (String method : methods == null ? paper.methods() : List.of(methods.split(",", -1))) {
            chosen.add(method.strip());
        }
        return List.copyOf(chosen);
    }

    private void check(PaperTable paper) {
        if (paper.test() && mnli != null) {
            throw Failure.usage("--init-adapter is for fmlora/table2; leave it out");
        }
        if (!paper.test() && k != null) {
            throw Failure.usage("--k is for fmlora/table1; leave it out");
        }
        if (paper.test() && model.equals(Pretrained.MINILM)) {
            throw Failure.usage("--model minilm has no masked-language head, which " + table + " asks: take the folder of a RobertaForMaskedLM or"
                    + " BertForMaskedLM");
        }
        if (mnli != null) {
            RunFolder.checkPart("--init-adapter", mnli, "adapter");
        }
    }

    /// What stands behind -- has to act in one of the methods at least.
    private void requireEffect(List<String> chosen) {
        List<Method.Rule> rules = chosen.stream().map(method -> Method.of(method).rule()).toList();
        for (MethodOption option : MethodOption.ALL) {
            if (Preset.says(more, option.name()) && Collections.disjoint(option.rules(), rules)) {
                throw Failure.usage(option.without(String.join(",", chosen)) + ": leave it out");
            }
        }
    }

    private List<Cell> cells(PaperTable paper, List<PaperTable.Task> columns, List<String> chosen) {
        List<Cell> cells = new ArrayList<>();
        for (PaperTable.Task task : columns) {
            Path folder = folder(task);
            List<Long> numbers = paper.seeds().subList(0, seeds);
            if (paper.test()) {
                numbers.forEach(seed -> requireTest(task, folder, seed.intValue()));
                cells.add(new Cell(task, Cell.ZERO_SHOT, numbers.getFirst(), null, null, asked(task, folder, numbers.getFirst())));
            }
            for (long seed : numbers) {
                for (String method : chosen) {
                    boolean perturbs = Method.of(method).rule().perturbs();
                    for (String rate : grid(paper.rates(), "--learning-rate")) {
                        for (String rho : perturbs ? grid(paper.radii(), "--rho") : Collections.<String>singletonList(null)) {
                            cells.add(new Cell(task, method, seed, rate, rho, arguments(paper, task, folder, method, seed, rate, rho)));
                        }
                    }
                }
            }
        }
        return cells;
    }

    /// The values that are tried; null alone where the table has none, or the command line one.
    private List<String> grid(List<String> values, String option) {
        return values.isEmpty() || Preset.says(more, option) ? Collections.singletonList(null) : values;
    }

    /// The arguments by which the bare model is asked for a task's test rows.
    private List<String> asked(PaperTable.Task task, Path folder, long seed) {
        List<String> arguments = new ArrayList<>(List.of("evaluate", "--model", Path.of(model).toAbsolutePath().normalize().toString(), "--task",
                task.task(), "--data", folder.toAbsolutePath().normalize().toString(), "--split", "test", "--data-seed", Long.toString(seed)));
        add(arguments, "--init", Preset.value(more, "--init"));
        add(arguments, "--k", k);
        add(arguments, "--rows", rows);
        return arguments;
    }

    private static void add(List<String> arguments, String option, Object value) {
        if (value != null) {
            arguments.addAll(List.of(option, value.toString()));
        }
    }

    private void requireTest(PaperTable.Task task, Path folder, int seed) {
        int shots = k == null ? Tables.K : k;
        if (FewShot.of(task.task()).test(folder, shots, seed) == null) {
            throw Failure.of(folder + " has no test rows, of which " + table + " is: put test.tsv or test.csv there, or into its folder " + shots
                    + "-" + seed);
        }
    }

    /// The task's folder in `--data`, whatever its capitals and hyphens.
    private Path folder(PaperTable.Task task) {
        if (!Files.isDirectory(data)) {
            throw Failure.of("--data " + data + " is not a folder; name the one in which each task has its own");
        }
        try (Stream<Path> inside = Files.list(data)) {
            return inside.filter(Files::isDirectory).filter(path -> plain(path.getFileName().toString()).equals(plain(task.name())))
                    .sorted().findFirst().orElseThrow(() -> Failure.of("--data " + data + " has no folder " + task.title()
                            + "; unpack the task's official files there, or leave it out of --tasks"));
        } catch (IOException e) {
            throw Failure.reading(data, e);
        }
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replace("-", "");
    }

    private List<String> arguments(PaperTable paper, PaperTable.Task task, Path folder, String method, long seed, String rate, String rho) {
        boolean miniLm = model.equals(Pretrained.MINILM);
        String absolute = miniLm ? model : Path.of(model).toAbsolutePath().normalize().toString();
        List<String> arguments = new ArrayList<>(List.of("train", "--model", absolute, "--task", task.task(), "--data",
                folder.toAbsolutePath().normalize().toString(), "--method", method, "--seed", Long.toString(seed), "--preset", task.task()));
        add(arguments, "--data-seed", paper.test() ? seed : null);
        add(arguments, "--k", k);
        add(arguments, "--learning-rate", rate);
        add(arguments, "--rho", rho);
        boolean fromMnli = mnli != null && FROM_MNLI.contains(task.name()) && Method.of(method).startsFromFactors();
        add(arguments, "--init-adapter", fromMnli ? mnli.toAbsolutePath().normalize() : null);
        add(arguments, "--steps", steps);
        add(arguments, "--rows", rows);
        arguments.addAll(more);
        return without(idle(Method.of(method).rule(), task), miniLm ? Preset.behind(arguments, MINILM) : arguments);
    }

    /// The options that have no effect under a rule or on a task.
    private static List<String> idle(Method.Rule rule, PaperTable.Task task) {
        List<String> idle = new ArrayList<>();
        MethodOption.ALL.stream().filter(option -> !option.rules().contains(rule)).map(MethodOption::name).forEach(idle::add);
        if (task.regression()) {
            idle.add("--label-smoothing");
        }
        return idle;
    }

    /// The arguments without those options, each with its value.
    private static List<String> without(List<String> idle, List<String> arguments) {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (idle.contains(argument)) {
                i++;
            } else if (idle.stream().noneMatch(option -> argument.startsWith(option + "="))) {
                kept.add(argument);
            }
        }
        return kept;
    }

    /// The cell's command, ready to be called. What its command line lacks is said before any cell is trained.
    ///
    /// @param results where they are written, beside the run folder
    private Callable<Integer> command(Cell cell, OutputStream results) {
        List<String> arguments = new ArrayList<>(cell.arguments());
        arguments.addAll(cell.zeroShot() ? List.of("--json") : List.of("--out", cell.folder(out).toString()));
        arguments.addAll(List.of("--device", device.name));
        add(arguments, "--threads", device.threads);
        CommandLine line = Main.commands(new Streams(streams.in(), new PrintStream(results, true, StandardCharsets.UTF_8), streams.err(),
                streams.terminal()));
        ParseResult parsed = line.parseArgs(cell.zeroShot() ? arguments.toArray(String[]::new)
                : Preset.expand(arguments.toArray(String[]::new)));
        // What stands behind -- must not take the place of the cell's own seed, steps or learning rate.
        Main.requireOnce(parsed);
        return parsed.subcommand().commandSpec().userObject() instanceof EvaluateCommand evaluate ? evaluate
                : (TrainCommand) parsed.subcommand().commandSpec().userObject();
    }

    /// An own folder alone is gone on with: whatever else lies there would be in the way.
    private void open(PaperTable paper) {
        Path mark = out.resolve(MARK);
        if (!Files.exists(mark)) {
            RunFolder.check(out);
            try {
                Files.createDirectories(out);
            } catch (IOException e) {
                throw Failure.of("cannot make the folder " + out + ": " + Failure.reason(e) + "; choose another with --out", e);
            }
            JsonFile.write(mark, JsonFile.object().put("table", paper.name()));
        }
        String found = JsonFile.read(mark).text("table", "");
        if (!found.equals(paper.name())) {
            throw Failure.of("--out " + out + " holds " + found + ", not " + paper.name() + "; choose another folder");
        }
    }

    /// Trains what is not done.
    ///
    /// @return false if it was interrupted
    private boolean train(List<Cell> cells, Map<Cell, Cell.Result> results) {
        if (!results.isEmpty()) {
            streams.err().println(results.size() + " of " + cells.size() + " cells are done already");
        }
        long began = System.nanoTime();
        int trained = 0;
        for (Cell cell : cells) {
            if (results.containsKey(cell)) {
                continue;
            }
            double left = (System.nanoTime() - began) * 1e-9 / Math.max(1, trained) * (cells.size() - results.size());
            streams.err().println("cell " + (results.size() + 1) + " of " + cells.size() + ": " + cell.title()
                    + (trained == 0 ? "" : String.format(Locale.ROOT, "  (about %.0f min left)", Math.ceil(left / 60))));
            cell.clear(out);
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            try {
                if (command(cell, said).call() != 0) {
                    streams.err().println(results.size() + " of " + cells.size() + " cells are done; the same command goes on");
                    return false;
                }
            } catch (Failure e) {
                if (e.exitCode() == 2) {
                    throw e;
                }
                throw Failure.of(cell.title() + ": " + e.getMessage() + "; " + results.size() + " of " + cells.size()
                        + " cells are done, the same command goes on", e);
            } catch (Exception e) {
                throw e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(e);
            }
            results.put(cell, cell.zeroShot() ? cell.finish(out, said.toString(StandardCharsets.UTF_8)) : cell.finish(out));
            trained++;
        }
        return true;
    }

    private void print(PaperTable paper, List<PaperTable.Task> columns, List<String> chosen, List<Cell> cells,
            Map<Cell, Cell.Result> results) {
        List<Long> numbers = paper.seeds().subList(0, seeds);
        ResultTable found = new ResultTable(columns, chosen, numbers, paper.test(), scores(paper, cells, results));
        String text = heading(paper, columns, chosen) + "\n" + found.text() + paper.paper() + "\n";
        ObjectNode json = found.json().put("table", paper.name()).put("model", model).put("steps", steps).put("rows", rows);
        more.forEach(json.putArray("train")::add);
        AtomicFile.write(out.resolve("table.txt"), text);
        JsonFile.write(out.resolve("table.json"), json);
        boolean unicode = streams.out().charset().newEncoder().canEncode('±');
        streams.out().print(unicode ? text : text.replace("±", "+-"));
        streams.out().println("table " + out.resolve("table.txt"));
    }

    /// Of each task, method and seed the score at the learning rate and radius that are best on dev, ties to the first.
    private Map<String, double[]> scores(PaperTable paper, List<Cell> cells, Map<Cell, Cell.Result> results) {
        Map<String, double[]> scores = new LinkedHashMap<>();
        Map<String, double[]> best = new LinkedHashMap<>();
        for (Cell cell : cells) {
            String row = cell.task().name() + " " + cell.method();
            Cell.Result result = results.get(cell);
            if (cell.zeroShot()) {
                scores.put(row, new double[] {result.test()});
                continue;
            }
            int seed = paper.seeds().indexOf(cell.seed());
            double[] dev = best.computeIfAbsent(row, _ -> filled(seeds));
            double[] score = scores.computeIfAbsent(row, _ -> filled(seeds));
            if (!(dev[seed] >= result.dev())) {
                dev[seed] = result.dev();
                score[seed] = paper.test() ? result.test() : result.dev();
            }
        }
        return scores;
    }

    private static double[] filled(int size) {
        double[] values = new double[size];
        Arrays.fill(values, Double.NaN);
        return values;
    }

    /// What was measured, and in what it differs from the paper.
    private String heading(PaperTable paper, List<PaperTable.Task> columns, List<String> chosen) {
        StringBuilder text = new StringBuilder(paper.name() + ": " + model + ", " + seeds + (seeds == 1 ? " seed; " : " seeds; ")
                + paper.measured() + "\n");
        List<String> others = chosen.stream().filter(method -> !Method.of(method).rule().trainsFactors()).toList();
        if (!others.isEmpty() && !Preset.says(more, "--learning-rate")) {
            text.append("at LoRA's learning rates, no others being known: ").append(String.join(", ", others)).append('\n');
        }
        List<String> differs = new ArrayList<>();
        if (steps != null) {
            differs.add(steps + " steps a cell in place of the preset's epochs");
        }
        if (k != null) {
            differs.add(k + " rows a class");
        }
        List<String> anew = chosen.stream().filter(method -> mnli == null || !Method.of(method).startsFromFactors()).toList();
        if (!anew.isEmpty() && columns.stream().anyMatch(task -> !paper.test() && FROM_MNLI.contains(task.name()))) {
            differs.add("RTE, MRPC and STS-B start without an adapter for MNLI"
                    + (anew.size() < chosen.size() ? " with " + String.join(", ", anew) : ""));
        }
        if (rows != null) {
            differs.add("at most " + rows + " rows of each split");
        }
        if (model.equals(Pretrained.MINILM)) {
            differs.add("the preset scaled down for MiniLM (" + String.join(" ", MINILM) + ")");
        }
        if (!more.isEmpty()) {
            differs.add(String.join(" ", more));
        }
        if (!differs.isEmpty()) {
            text.append("other than in the paper: ").append(String.join("; ", differs)).append('\n');
        }
        return text.toString();
    }
}
