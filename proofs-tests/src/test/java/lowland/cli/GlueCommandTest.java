package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import lowland.Failure;
import lowland.train.TinySize;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// GLUE's tasks, presets and random weights on the command line.
class GlueCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static String model() throws Exception {
        return Path.of(GlueCommandTest.class.getResource("/golden/roberta").toURI()).toString();
    }

    @Test
    void aTaskOfGlueTrainsUnderItsPresetAndIsMeasuredByItsMetric() throws Exception {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            rows.append("gj04\t").append(i % 3 == 0 ? 0 : 1).append("\t\tthe cat sat ").append(i).append('\n');
        }
        Files.writeString(folder.resolve("train.tsv"), rows);
        Files.writeString(folder.resolve("dev.tsv"), rows);
        Path run = folder.resolve("run");
        Shell shell = Shell.run("train", "--model", model(), "--task", "glue/cola", "--data", folder.toString(), "--preset=glue/cola",
                "--method", "bi-lora", "--out", run.toString(), "--epochs", "2", "--batch-size", "5", "--max-length",
                "40");
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.err().contains("labels: unacceptable 4, acceptable 8"), shell.err());
        JsonNode config = JSON.readTree(run.resolve("config.json").toFile());
        assertEquals(3e-4, config.get("learningRate").asDouble());
        assertEquals(0.1, config.get("weightDecay").asDouble());
        assertEquals(5, config.get("batchSize").asInt());
        assertEquals(2, config.get("epochs").asInt());
        assertEquals(40, config.get("maxLength").asInt());
        assertEquals("glue/cola", config.get("preset").asText());
        Shell evaluated = Shell.run("evaluate", "--model", model(), "--adapter", run.resolve("adapter").toString(), "--task", "glue/cola",
                "--data", folder.toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        assertEquals("dev", JSON.readTree(evaluated.out()).get("split").asText());
        Shell none = Shell.run("train", "--model", model(), "--task", "glue/cola", "--method", "lora", "--out", "x");
        assertEquals(2, none.exit());
        assertTrue(none.errors().getFirst().contains("--data"), none.err());
    }

    /// Hu et al., table 9 (RoBERTa-large, LoRA): rows of a step on eight devices, rate, epochs, most tokens.
    @ParameterizedTest
    @CsvSource({"mnli, 32, 3e-4, 10, 128", "sst2, 64, 4e-4, 10, 512", "mrpc, 32, 3e-4, 20, 512", "cola, 32, 3e-4, 20, 128",
        "qnli, 32, 2e-4, 10, 512", "qqp, 32, 3e-4, 20, 512", "rte, 64, 4e-4, 20, 512", "stsb, 32, 3e-4, 10, 128"})
    void aTasksPresetIsTheTables(String task, String rows, String rate, String epochs, String tokens) {
        List<String> preset = List.of(Preset.expand(new String[] {"--preset", "glue/" + task}));
        assertEquals(List.of("--preset", "glue/" + task, "--rank", "8", "--alpha", "16", "--targets", "query,value", "--optimizer", "adamw",
                "--weight-decay", "0.1", "--schedule", "linear", "--warmup", "0.06", "--clip-norm", "1", "--batch-size", rows,
                "--learning-rate", rate, "--epochs", epochs, "--max-length", tokens), preset);
    }

    @Test
    void aPresetGivesWayToWhatIsSaid() {
        assertArrayEquals(new String[] {"train", "--rank", "3"}, Preset.expand(new String[] {"train", "--rank", "3"}));
        List<String> rte = List.of(Preset.expand(new String[] {"train", "--preset", "glue/rte", "--rank=3", "--steps", "7",
                "--warmup-steps", "1"}));
        assertEquals("4e-4", rte.get(rte.indexOf("--learning-rate") + 1));
        assertEquals("64", rte.get(rte.indexOf("--batch-size") + 1));
        Assertions.assertFalse(rte.contains("--rank") || rte.contains("--epochs") || rte.contains("--warmup"), rte.toString());
        Failure failure = Assertions.assertThrows(Failure.class, () -> Preset.expand(new String[] {"train", "--preset", "glue/wnli"}));
        assertEquals(2, failure.exitCode());
        assertEquals(2, Shell.run("train", "--preset", "glue/wnli").exit());
    }

    /// What is random is said to be wherever a number or an answer comes out, and is the same model for every command.
    @Test
    void everyOutputOfRandomWeightsSaysSo() throws Exception {
        Path rows = Path.of(model(), "rows.jsonl");
        Path run = folder.resolve("run");
        String adapter = run.resolve("adapter").toString();
        try (TinySize _ = new TinySize(Path.of(model()))) {
            String[] train = {"train", "--model", model(), "--init", TinySize.NAME, "--task", rows.toString(), "--dev", rows.toString(),
                "--method", "lora", "--steps", "1", "--warmup", "0", "--out"};
            Shell trained = Shell.run(more(train, run.toString()));
            assertEquals(0, trained.exit(), trained.err());
            assertTrue(trained.out().startsWith("tiny with random weights\n"), trained.out());
            assertTrue(trained.err().contains("the weights are random, of the size of tiny"), trained.err());
            assertEquals("tiny", JSON.readTree(run.resolve("config.json").toFile()).get("init").asText());
            assertTrue(Files.readString(run.resolve("report.html")).contains("tiny"));
            assertEquals("tiny with random weights",
                    JSON.readTree(Path.of(adapter, "adapter_config.json").toFile()).get("base_model_name_or_path").asText());
            Shell jsonl = Shell.run(more(train, folder.resolve("jsonl").toString(), "--log", "jsonl"));
            assertEquals("tiny", JSON.readTree(jsonl.out()).get("init").asText());

            String[] evaluate = {"evaluate", "--model", model(), "--init", TinySize.NAME, "--adapter", adapter, "--task", rows.toString()};
            assertTrue(Shell.run(evaluate).out().startsWith("tiny with random weights, "));
            Shell evaluated = Shell.run(more(evaluate, "--json"));
            assertEquals("tiny", JSON.readTree(evaluated.out()).get("init").asText());
            List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
            assertEquals(JSON.readTree(metrics.getLast()).get("loss"), JSON.readTree(evaluated.out()).get("loss"), "the same random model");

            String[] predict = {"predict", "--model", model(), "--init", TinySize.NAME, "--adapter", adapter, "--input", rows.toString()};
            assertTrue(Shell.run(predict).err().contains("the weights are random, of the size of tiny"));
            Shell predicted = Shell.run(more(predict, "--json"));
            assertEquals(10, predicted.out().lines().count());
            for (String line : predicted.out().lines().toList()) {
                assertEquals("tiny", JSON.readTree(line).path("init").asText(), line);
            }
        }
    }

    private static String[] more(String[] args, String... more) {
        return Stream.concat(Stream.of(args), Stream.of(more)).toArray(String[]::new);
    }

    /// The class beside the command line, as a program of its own.
    @Test
    void trainRobertaIsAProgramThatTrains() throws Exception {
        Path run = folder.resolve("run");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), "lowland.TrainRoberta", "--model", model(), "--task",
                Path.of(model(), "rows.jsonl").toString(), "--method", "efmlora", "--out", run.toString(), "--steps", "1", "--log", "jsonl")
                .redirectErrorStream(true).redirectOutput(folder.resolve("output.txt").toFile()).start();
        try {
            assertTrue(process.waitFor(100, TimeUnit.SECONDS), "it hangs");
        } finally {
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("output.txt")));
        assertEquals(1, JSON.readTree(Files.readAllLines(run.resolve("metrics.jsonl")).getFirst()).get("step").asInt());
        assertTrue(Files.exists(run.resolve("adapter/adapter_model.safetensors")));
    }

    @Test
    void smoothedLabelsOfARegressionAreRefused() throws Exception {
        Path scores = Files.writeString(folder.resolve("scores.tsv"), "sentence\tlabel\na cat\t1.5\na dog\t2.0\n");
        Path out = folder.resolve("run");
        Shell shell = Shell.run("train", "--model", model(), "--task", scores.toString(), "--method", "lora", "--out", out.toString(),
                "--label-smoothing", "0.1");
        assertEquals(2, shell.exit(), shell.err());
        assertTrue(shell.errors().getFirst().contains("--label-smoothing has no effect on a regression"), shell.err());
        assertEquals(1, shell.errors().size());
        Assertions.assertFalse(Files.exists(out));
    }

    @Test
    void randomWeightsAreSaidAndNeedATokenizerOfTheirSize() throws Exception {
        Shell small = Shell.run("train", "--model", model(), "--init", "roberta-base", "--task", "verb-supersense", "--method", "lora",
                "--out", folder.resolve("run").toString());
        assertEquals(1, small.exit());
        assertTrue(small.errors().getFirst().contains("vocab_size"), small.err());
        Shell unknown = Shell.run("train", "--model", model(), "--init", "bert-huge", "--task", "verb-supersense", "--method", "lora",
                "--out", folder.resolve("run").toString());
        assertEquals(2, unknown.exit());
        assertTrue(unknown.errors().getFirst().contains("roberta-base, roberta-large"), unknown.err());
    }
}
