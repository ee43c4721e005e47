package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import lowland.metric.Metrics;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A table of a paper, cell by cell, on a tiny checkpoint.
class ReproduceCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path data;

    @BeforeEach
    void write() throws Exception {
        data = folder.resolve("glue");
        StringBuilder cola = new StringBuilder();
        StringBuilder rte = new StringBuilder("index\tsentence1\tsentence2\tlabel\n");
        for (int i = 0; i < 20; i++) {
            boolean good = i % 3 > 0;
            cola.append("gj04\t").append(good ? 1 : 0).append("\t\t").append(good ? "the cat sat" : "sat cat the").append(' ').append(i)
                    .append('\n');
            rte.append(i).append("\tthe cat sat ").append(i).append("\t").append(good ? "the cat" : "a dog").append('\t')
                    .append(good ? "entailment" : "not_entailment").append('\n');
        }
        for (String file : List.of("train.tsv", "dev.tsv")) {
            Files.writeString(Files.createDirectories(data.resolve("CoLA")).resolve(file), cola);
            Files.writeString(Files.createDirectories(data.resolve("rte")).resolve(file), rte);
        }
    }

    private List<String> arguments(Path out, int steps, String... more) throws Exception {
        String model = Path.of(ReproduceCommandTest.class.getResource("/golden/roberta").toURI()).toString();
        List<String> arguments = new ArrayList<>(List.of("reproduce", "fmlora/table2", "--model", model, "--data", data.toString(), "--out",
                out.toString(), "--tasks", "rte,cola", "--methods", "efmlora", "--seeds", "2", "--steps", Integer.toString(steps)));
        arguments.addAll(List.of(more));
        arguments.addAll(List.of("--", "--batch-size", "4", "--evaluate-every", "2", "--learning-rate", "1e-2", "--max-length", "40"));
        return arguments;
    }

    private Shell reproduce(Path out, int steps, String... more) throws Exception {
        return Shell.run(arguments(out, steps, more).toArray(String[]::new));
    }

    /// When each cell's file was written.
    private static Map<String, FileTime> written(Path out) throws Exception {
        Map<String, FileTime> written = new TreeMap<>();
        try (Stream<Path> files = Files.walk(out)) {
            for (Path file : files.filter(path -> path.getFileName().toString().matches("seed-.+\\.json")).toList()) {
                written.put(out.relativize(file).toString(), Files.getLastModifiedTime(file));
            }
        }
        return written;
    }

    @Test
    void whatIsDoneStaysDoneAndTheTableIsThatOfTheCells() throws Exception {
        Path out = folder.resolve("out");
        Shell shell = reproduce(out, 4);
        assertEquals(0, shell.exit(), shell.err());
        assertEquals(8, written(out).size(), written(out).toString());
        assertTrue(shell.out().contains("4 steps a cell in place of the preset's epochs"), shell.out());
        assertTrue(shell.out().startsWith(Files.readString(out.resolve("table.txt"))), shell.out());
        JsonNode table = JSON.readTree(out.resolve("table.json").toFile());
        double[][] scores = new double[2][2];
        for (int seed = 0; seed < 2; seed++) {
            for (int method = 0; method < 2; method++) {
                Path run = out.resolve("cola").resolve(method == 0 ? "lora" : "efmlora").resolve("seed-" + seed);
                JsonNode config = JSON.readTree(run.resolve("config.json").toFile());
                assertEquals(seed, config.get("seed").asInt());
                assertEquals(0.1, config.get("weightDecay").asDouble(), "the preset's");
                assertEquals(1e-2, config.get("learningRate").asDouble(), "what stands behind --");
                scores[method][seed] = -1;
                for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
                    JsonNode record = JSON.readTree(line);
                    if (record.has("split")) {
                        scores[method][seed] = Math.max(scores[method][seed], record.get("metrics").get("matthews").asDouble());
                    }
                }
            }
        }
        JsonNode cell = null;
        for (JsonNode each : table.get("cells")) {
            cell = each.get("task").asText().equals("glue/cola") && each.get("method").asText().equals("efmlora") ? each : cell;
        }
        Metrics.Paired paired = Metrics.paired(scores[1], scores[0]);
        assertEquals(Metrics.mean(scores[1]), cell.get("mean").asDouble(), 1e-12);
        assertEquals(paired.mean(), cell.get("difference").asDouble(), 1e-12);
        assertEquals(paired.p(), cell.get("p").asDouble(), 1e-12);

        Map<String, FileTime> before = written(out);
        Shell again = reproduce(out, 4);
        assertTrue(again.err().contains("8 of 8 cells are done already"), again.err());
        assertEquals(shell.out(), again.out());
        assertEquals(before, written(out));

        Shell other = reproduce(out, 5);
        assertEquals(1, other.exit());
        assertTrue(other.errors().getFirst().contains("other options: it has \"4\", now it would have \"5\""), other.err());
        assertEquals(before, written(out));

        List<String> turned = arguments(out, 4);
        Collections.swap(turned, turned.size() - 4, turned.size() - 2);
        Collections.swap(turned, turned.size() - 3, turned.size() - 1);
        Shell order = Shell.run(turned.toArray(String[]::new));
        assertEquals(1, order.exit());
        assertTrue(order.errors().getFirst().contains("other options: the same words in another order, \""), order.err());
        assertTrue(order.errors().getFirst().contains("--learning-rate 1e-2 --max-length 40"), order.err());

        // A cell that was not finished leaves a folder and no file.
        Files.delete(out.resolve("cola/lora/seed-1.json"));
        Shell finished = reproduce(out, 4);
        assertEquals(shell.out(), finished.out(), "trained again, the same comes out");
        assertTrue(finished.err().contains("cell 8 of 8: CoLA, lora, seed 1") && !finished.err().contains("cell 7 of"), finished.err());
    }

    /// A table's own rows, two of which an earlier run under other methods has made already.
    @Test
    void aTablesMethodsAreItsPapersAndAFolderOfOthersGoesOn() throws Exception {
        assertEquals(List.of("full", "adapter-pfeiffer", "lora", "lora-obar", "lora-nbar", "efmlora"), PaperTable.of("fmlora/table2").methods());
        assertEquals(List.of("lora", "lora-sam", "lora-obar", "lora-nbar", "fmlora", "efmlora"), PaperTable.of("fmlora/table1").methods());
        Path out = folder.resolve("out");
        List<String> command = arguments(out, 1);
        command.set(command.indexOf("--tasks") + 1, "cola");
        command.set(command.indexOf("--seeds") + 1, "1");
        Shell some = Shell.run(command.toArray(String[]::new));
        assertEquals(0, some.exit(), some.err());
        assertFalse(some.out().contains("at LoRA's learning rates"), some.out());
        Map<String, FileTime> before = written(out);
        List<String> all = new ArrayList<>(command);
        all.subList(all.indexOf("--methods"), all.indexOf("--methods") + 2).clear();
        Shell shell = Shell.run(all.toArray(String[]::new));
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.err().contains("2 of 6 cells are done already"), shell.err());
        Map<String, FileTime> after = written(out);
        before.forEach((file, time) -> assertEquals(time, after.get(file), file));
        assertEquals(6, after.size(), after.toString());
        // The preset's own rate, into a folder of its own.
        Path rates = folder.resolve("rates");
        List<String> preset = new ArrayList<>(all);
        preset.subList(all.indexOf("--learning-rate"), all.indexOf("--learning-rate") + 2).clear();
        preset.set(preset.indexOf("--out") + 1, rates.toString());
        preset.addAll(1 + preset.indexOf("fmlora/table2"), List.of("--methods", "full,adapter-pfeiffer"));
        Shell told = Shell.run(preset.toArray(String[]::new));
        assertEquals(0, told.exit(), told.err());
        assertTrue(told.out().contains("at LoRA's learning rates, no others being known: full, adapter-pfeiffer"), told.out());
        assertEquals(3e-4, JSON.readTree(rates.resolve("cola/full/seed-0/config.json").toFile()).get("learningRate").asDouble());
    }

    /// What stands behind -- goes to the cells where it has an effect: smoothed labels to none of a regression.
    @Test
    void labelsAreNotSmoothedWhereThereAreScores() throws Exception {
        String rows = "score\tsentence1\tsentence2\n" + "1.5\ta cat\ta dog\n4.0\ta cat\tthe cat\n0.5\tit sat\tthe dog\n";
        for (String file : List.of("train.tsv", "dev.tsv")) {
            Files.writeString(Files.createDirectories(data.resolve("STS-B")).resolve(file), rows);
        }
        Path out = folder.resolve("out");
        List<String> command = arguments(out, 1);
        command.set(command.indexOf("--tasks") + 1, "cola,stsb");
        command.set(command.indexOf("--methods") + 1, "lora");
        command.set(command.indexOf("--seeds") + 1, "1");
        command.addAll(List.of("--label-smoothing", "0.1"));
        Shell shell = Shell.run(command.toArray(String[]::new));
        assertEquals(0, shell.exit(), shell.err());
        for (String task : List.of("cola", "stsb")) {
            JsonNode config = JSON.readTree(out.resolve(task).resolve("lora/seed-0/config.json").toFile());
            assertEquals(task.equals("cola") ? 0.1 : 0, config.get("labelSmoothing").asDouble(), task);
        }
    }

    /// RTE starts from the adapter for MNLI where a method can, and the table names those that cannot.
    @Test
    void anAdapterForMnliIsForMethodsWithFactors() throws Exception {
        Path first = folder.resolve("first");
        assertEquals(0, reproduce(first, 2).exit());
        Path adapter = first.resolve("cola/lora/seed-0/adapter");
        Path out = folder.resolve("from");
        List<String> command = arguments(out, 2, "--init-adapter", adapter.toString());
        command.set(command.indexOf("--tasks") + 1, "rte");
        command.set(command.indexOf("--methods") + 1, "full,adapter-pfeiffer");
        command.set(command.indexOf("--seeds") + 1, "1");
        Shell shell = Shell.run(command.toArray(String[]::new));
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.out().contains("start without an adapter for MNLI with full, adapter-pfeiffer;"), shell.out());
        for (String method : List.of("lora", "full", "adapter-pfeiffer")) {
            JsonNode start = JSON.readTree(out.resolve("rte").resolve(method).resolve("seed-0/config.json").toFile()).get("initAdapter");
            assertEquals(method.equals("lora") ? adapter.toString() : "null", start.asText(), method);
        }
    }

    @Test
    void aTableThatWasKilledGoesOnAtTheFirstUnfinishedCell() throws Exception {
        Path out = folder.resolve("killed");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                "lowland.cli.Main"));
        command.addAll(arguments(out, 100));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("output.txt").toFile()).start();
        try {
            Path second = out.resolve("cola/efmlora/seed-0/metrics.jsonl");
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
            while (process.isAlive() && System.nanoTime() < end && !(Files.exists(second) && Files.size(second) > 0)) {
                Thread.sleep(5);
            }
        } finally {
            process.destroyForcibly();
            process.waitFor();
        }
        Map<String, FileTime> before = written(out);
        assertTrue(!before.isEmpty() && before.size() < 8, before + Files.readString(folder.resolve("output.txt")));
        Shell shell = reproduce(out, 100);
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.err().contains(before.size() + " of 8 cells are done already"), shell.err());
        Map<String, FileTime> after = written(out);
        before.forEach((file, time) -> assertEquals(time, after.get(file), file));
        Path whole = folder.resolve("whole");
        assertEquals(0, reproduce(whole, 100).exit());
        assertEquals(Files.readString(whole.resolve("table.txt")), Files.readString(out.resolve("table.txt")));
    }

    @Test
    void fewShotCellsTakeTheLearningRateThatIsBestOnDevAndItsTest() throws Exception {
        Path sst2 = Files.createDirectories(folder.resolve("few/SST-2"));
        StringBuilder rows = new StringBuilder("sentence\tlabel\n");
        for (int i = 0; i < 30; i++) {
            rows.append(i % 2 == 0 ? "the cat sat " : "terrible film not ").append("over ".repeat(i % 5)).append(i).append('\t').append(1 - i % 2)
                    .append('\n');
        }
        Files.writeString(sst2.resolve("train.tsv"), rows);
        Files.writeString(sst2.resolve("dev.tsv"), rows);
        Path out = folder.resolve("table1");
        String model = Path.of(ReproduceCommandTest.class.getResource("/golden/masked-roberta").toURI()).toString();
        String[] command = {"reproduce", "fmlora/table1", "--model", model, "--data", folder.resolve("few").toString(), "--out", out.toString(),
            "--tasks", "sst-2", "--methods", "lora", "--seeds", "2", "--steps", "8", "--k", "4", "--", "--evaluate-every", "4", "--max-length",
            "50"};
        Shell shell = Shell.run(command);
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.out().contains("4 rows a class"), shell.out());
        Files.createDirectories(sst2.resolve("3-13"));
        refused(1, "has no test rows, of which fmlora/table1 is", "reproduce", "fmlora/table1", "--model", model, "--data",
                folder.resolve("few").toString(), "--out", folder.resolve("other").toString(), "--tasks", "sst-2", "--k", "3");
        assertFalse(Files.exists(folder.resolve("other")));
        JsonNode table = JSON.readTree(out.resolve("table.json").toFile());
        assertEquals("[13,21]", table.get("seeds").toString());
        for (String[] given : new String[][] {{"--learning-rate", "1e-3"}, {"--learning-rate=1e-3"}}) {
            Path one = folder.resolve("one rate " + given.length);
            Shell alone = Shell.run(more(new String[] {"reproduce", "fmlora/table1", "--model", model, "--data",
                folder.resolve("few").toString(), "--out", one.toString(), "--tasks", "sst-2", "--methods", "lora", "--seeds", "1", "--steps",
                "2", "--k", "4", "--", "--max-length", "50"}, given));
            assertEquals(0, alone.exit(), alone.err());
            assertEquals(Set.of("sst-2/zero-shot/seed-13.json", "sst-2/lora/seed-13.json"), written(one).keySet(),
                    "a rate that is given is the only one");
        }
        String[] rates = {"1e-4", "3e-4", "5e-4"};
        double[][] dev = {{0.5, 0.9, 0.7}, {0.8, 0.2, 0.8}};
        for (int seed = 0; seed < 2; seed++) {
            for (int rate = 0; rate < 3; rate++) {
                String name = "sst-2/lora/seed-" + (seed == 0 ? 13 : 21) + "-rate-" + rates[rate];
                JsonNode config = JSON.readTree(out.resolve(name).resolve("config.json").toFile());
                assertEquals(Double.parseDouble(rates[rate]), config.get("learningRate").asDouble());
                assertEquals(seed == 0 ? 13 : 21, config.get("dataSeed").asInt());
                assertEquals(8, config.get("rows").asInt(), "four of each class");
                // Other results put into the cells: the table has the test of the rate that is best on dev, the first of equals.
                ObjectNode cell = (ObjectNode) JSON.readTree(out.resolve(name + ".json").toFile());
                cell.put("dev", dev[seed][rate]).put("test", 0.1 * (rate + 1));
                Files.writeString(out.resolve(name + ".json"), cell.toString());
            }
        }
        assertEquals(0, Shell.run(command).exit());
        assertEquals("[0.2,0.1]", JSON.readTree(out.resolve("table.json").toFile()).get("cells").get(1).get("scores").toString());
    }

    /// The bare model is asked once a task, and what has a radius tries each under each rate.
    @Test
    void tableOneAsksTheBareModelAndSearchesRho() throws Exception {
        Path sst2 = Files.createDirectories(folder.resolve("few/SST-2"));
        StringBuilder rows = new StringBuilder("sentence\tlabel\n");
        for (int i = 0; i < 24; i++) {
            rows.append(i % 2 == 0 ? "the cat sat " : "terrible film not ").append(i).append('\t').append(1 - i % 2).append('\n');
        }
        Files.writeString(sst2.resolve("train.tsv"), rows);
        Files.writeString(sst2.resolve("dev.tsv"), rows);
        Path out = folder.resolve("table1");
        String model = Path.of(ReproduceCommandTest.class.getResource("/golden/masked-roberta").toURI()).toString();
        String[] command = {"reproduce", "fmlora/table1", "--model", model, "--data", folder.resolve("few").toString(), "--out", out.toString(),
            "--tasks", "sst-2", "--methods", "efmlora", "--seeds", "2", "--steps", "1", "--k", "4", "--rows", "7", "--", "--max-length", "50",
            "--ema", "0.5"};
        Shell shell = Shell.run(command);
        assertEquals(0, shell.exit(), shell.err());
        assertEquals(1 + 2 * (3 + 9), written(out).size(), written(out).toString());
        JsonNode config = JSON.readTree(out.resolve("sst-2/efmlora/seed-21-rate-3e-4-rho-0.2/config.json").toFile());
        assertEquals(0.2, config.get("rho").asDouble());
        assertEquals(0.5, config.get("ema").asDouble(), "what stands behind -- where it has an effect");
        assertEquals(3e-4, config.get("learningRate").asDouble());

        Shell bare = Shell.run("evaluate", "--model", model, "--task", "fewshot/sst-2", "--data", sst2.toString(), "--k", "4", "--rows", "7",
                "--json");
        assertEquals(7, JSON.readTree(bare.out()).get("rows").asInt(), bare.err());
        double expected = JSON.readTree(bare.out()).get("metrics").get("accuracy").asDouble();
        JsonNode zeroShot = JSON.readTree(out.resolve("table.json").toFile()).get("cells").get(0);
        assertEquals("zero-shot", zeroShot.get("method").asText());
        assertEquals("[" + expected + "]", zeroShot.get("scores").toString());
        assertFalse(zeroShot.has("p"));
        assertTrue(shell.out().lines().anyMatch(line -> line.matches("zero-shot +[0-9.]+ +[0-9.]+")), shell.out());
        assertTrue(shell.out().lines().noneMatch(line -> line.matches("zero-shot .*p .*")), shell.out());

        // The radius is that which is best on dev.
        for (String rate : List.of("1e-4", "3e-4", "5e-4")) {
            for (String rho : List.of("0.05", "0.1", "0.2")) {
                Path file = out.resolve("sst-2/efmlora/seed-13-rate-" + rate + "-rho-" + rho + ".json");
                ObjectNode cell = (ObjectNode) JSON.readTree(file.toFile());
                boolean best = rate.equals("3e-4") && rho.equals("0.1");
                Files.writeString(file, cell.put("dev", best ? 0.9 : 0.8).put("test", best ? 0.125 : 0.875).toString());
            }
        }
        Shell again = Shell.run(command);
        assertTrue(again.err().contains("25 of 25 cells are done already"), again.err());
        JsonNode cells = JSON.readTree(out.resolve("table.json").toFile()).get("cells");
        assertEquals(0.125, cells.get(2).get("scores").get(0).asDouble());
    }

    @Test
    void aCellHoldsTheBestOfItsEvaluationsAndTheTestOfThat() throws Exception {
        Cell cell = new Cell(PaperTable.of("fmlora/table2").tasks("rte", false).getFirst(), "lora", 3, null, null, List.of("train"));
        Files.createDirectories(cell.folder(folder));
        StringBuilder lines = new StringBuilder();
        String[] dev = {"\"NaN\"", "0.3", "0.9", "\"NaN\"", "0.5", "0.9"};
        for (int step = 1; step <= dev.length; step++) {
            lines.append("{\"step\":").append(step).append(",\"loss\":1,\"seconds\":0.5}\n{\"step\":").append(step)
                    .append(",\"split\":\"dev\",\"metrics\":{\"accuracy\":").append(dev[step - 1]).append("}}\n");
        }
        lines.append("{\"step\":3,\"split\":\"test\",\"metrics\":{\"accuracy\":0.4}}\n");
        Files.writeString(cell.folder(folder).resolve("metrics.jsonl"), lines);
        Cell.Result result = cell.finish(folder);
        assertEquals(new Cell.Result(0.9, 0.4, 3, 6, 3), result);
        assertEquals(result, cell.read(folder));
    }

    private void refused(int exit, String expected, String... args) {
        Shell shell = Shell.run(args);
        assertEquals(exit, shell.exit(), shell.err());
        assertTrue(shell.errors().size() == 1 && shell.errors().getFirst().contains(expected), shell.err());
    }

    @Test
    void whatCannotBeMadeIsNamedBeforeAnythingIsTrained() throws Exception {
        Path out = folder.resolve("none");
        String[] good = {"reproduce", "fmlora/table2", "--model", "minilm", "--data", data.toString(), "--out", out.toString(), "--tasks",
                "cola"};
        refused(2, "is no table", change(good, 1, "fmlora/table9"));
        refused(2, "is no task of fmlora/table2", change(good, 9, "wnli"));
        refused(2, "MiniLM was trained on these rows", change(good, 9, "mnli"));
        refused(1, "has no folder SST-2", change(good, 9, "sst2"));
        refused(1, "is not a folder", change(good, 5, folder.resolve("nowhere").toString()));
        refused(1, "is not empty", change(good, 7, data.toString()));
        refused(2, "--method fmlore is unknown", more(good, "--methods", "fmlore"));
        refused(2, "--seeds 0", more(good, "--seeds", "0"));
        refused(2, "--k is for fmlora/table1", more(good, "--k", "3"));
        refused(2, "--init-adapter is for fmlora/table2", more(change(change(good, 1, "fmlora/table1"), 9, "rte"), "--init-adapter", "x"));
        refused(2, "--model minilm has no masked-language head", change(change(good, 1, "fmlora/table1"), 9, "rte"));
        refused(2, "--ema has no effect with --method lora,bi-lora", more(good, "--methods", "bi-lora", "--", "--ema", "0.5"));
        refused(2, "--rows 0", more(good, "--rows", "0"));
        refused(2, "--bogus", more(good, "--", "--bogus"));
        refused(2, "--seed is given twice", more(good, "--", "--seed", "7"));
        refused(2, "--steps is given twice", more(good, "--steps", "3", "--", "--steps=4"));
        assertTrue(written(folder).isEmpty());
        assertFalse(Files.exists(out.resolve("cola")), "no cell was begun");
    }

    private static String[] change(String[] args, int at, String word) {
        String[] changed = args.clone();
        changed[at] = word;
        return changed;
    }

    private static String[] more(String[] args, String... more) {
        return Stream.concat(Stream.of(args), Stream.of(more)).toArray(String[]::new);
    }
}
