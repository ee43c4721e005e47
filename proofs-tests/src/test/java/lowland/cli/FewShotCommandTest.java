package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A few-shot task on the command line, from its sample to its answers.
class FewShotCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static String model(String name) throws Exception {
        return Path.of(FewShotCommandTest.class.getResource("/golden/" + name).toURI()).toString();
    }

    @BeforeEach
    void write() throws Exception {
        StringBuilder rows = new StringBuilder("sentence\tlabel\n");
        for (int i = 0; i < 40; i++) {
            rows.append(i % 2 == 0 ? "the cat sat " : "terrible film not ").append("over ".repeat(i % 5)).append(i).append('\t').append(1 - i % 2)
                    .append('\n');
        }
        Files.writeString(folder.resolve("train.tsv"), rows);
        Files.writeString(folder.resolve("dev.tsv"), rows);
    }

    private Shell shell(String command, String model, String... more) {
        String[] first = {command, "--model", model, "--task", "fewshot/sst-2", "--data", folder.toString(), "--k", "6", "--data-seed", "21"};
        return Shell.run(java.util.stream.Stream.concat(java.util.stream.Stream.of(first), java.util.stream.Stream.of(more))
                .toArray(String[]::new));
    }

    /// arXiv 2508.00522v3, Table 1, after MeZO: 1,000 steps of 16 rows, an evaluation every 100, 128 tokens or 256 of a pair.
    @ParameterizedTest
    @CsvSource({"sst-2, 128", "sst-5, 128", "trec, 128", "snli, 256", "mnli, 256", "rte, 256"})
    void aTasksPresetIsTheTables(String task, String tokens) {
        List<String> preset = List.of(Preset.expand(new String[] {"--preset", "fewshot/" + task}));
        assertEquals(List.of("--preset", "fewshot/" + task, "--rank", "8", "--alpha", "16", "--targets", "query,value", "--optimizer", "adamw",
                "--weight-decay", "0", "--schedule", "linear", "--warmup", "0", "--clip-norm", "1", "--batch-size", "16", "--learning-rate",
                "3e-4", "--steps", "1000", "--evaluate-every", "100", "--max-length", tokens), preset);
    }

    @Test
    void aPromptIsTrainedMeasuredAndAsked() throws Exception {
        for (String name : List.of("masked-roberta", "masked-bert")) {
            Path run = folder.resolve(name);
            Shell trained = shell("train", model(name), "--method", "efmlora", "--preset", "fewshot/sst-2", "--steps", "30", "--evaluate-every",
                    "10", "--learning-rate", "1e-2", "--rank", "2", "--max-length", "40", "--out", run.toString());
            assertEquals(0, trained.exit(), trained.err());
            assertTrue(trained.err().contains("12 training, 12 dev, 40 test rows"), trained.err());
            assertTrue(trained.err().contains("drawn by the data seed 21"), trained.err());
            JsonNode task = JSON.readTree(run.resolve("adapter/task.json").toFile());
            assertEquals("mask", task.get("pooling").asText());
            assertEquals("fewshot/sst-2", task.get("prompt").asText());
            assertEquals(16, JSON.readTree(run.resolve("config.json").toFile()).get("batchSize").asInt());
            Shell measured = shell("evaluate", model(name), "--adapter", run.resolve("adapter").toString(), "--json");
            assertEquals(0, measured.exit(), measured.err());
            List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
            assertEquals(JSON.readTree(metrics.getLast()).get("metrics"), JSON.readTree(measured.out()).get("metrics"), "test");
            assertTrue(JSON.readTree(measured.out()).get("metrics").get("accuracy").asDouble() > 0.8, measured.out());
            Path input = Files.writeString(folder.resolve("new.tsv"), "sentence\nthe cat sat over\nterrible film not over\n");
            Shell asked = Shell.run("predict", "--model", model(name), "--adapter", run.resolve("adapter").toString(), "--input",
                    input.toString());
            assertEquals(0, asked.exit(), asked.err());
            assertEquals(List.of("positive", "negative"), asked.out().lines().toList());
            Shell merged = Shell.run("merge", "--model", model(name), "--adapter", run.resolve("adapter").toString(), "--out",
                    folder.resolve("merged-" + name).toString());
            assertEquals(1, merged.exit());
            assertTrue(merged.errors().getFirst().contains("label words only"), merged.err());
        }
    }

    /// Without an adapter the checkpoint itself answers: as an adapter that was trained by nothing.
    @Test
    void zeroShotIsTheCheckpointItself() throws Exception {
        String model = model("masked-roberta");
        Path run = folder.resolve("run");
        Shell trained = shell("train", model, "--method", "lora", "--steps", "1", "--learning-rate", "0", "--max-length", "50", "--out",
                run.toString());
        assertEquals(0, trained.exit(), trained.err());
        Shell adapted = shell("evaluate", model, "--adapter", run.resolve("adapter").toString(), "--json");
        Shell bare = shell("evaluate", model, "--json");
        assertEquals(0, bare.exit(), bare.err());
        assertEquals(adapted.out(), bare.out());
        refused(1, "has no classifier of its own; name the folder adapter of a run with --adapter",
                Shell.run("evaluate", "--model", model, "--task", "x.tsv"));
    }

    private static void refused(int exit, String expected, Shell shell) {
        assertEquals(exit, shell.exit(), shell.err());
        assertTrue(shell.errors().size() == 1 && shell.errors().getFirst().contains(expected), shell.err());
    }

    @Test
    void whatCannotBeAskedIsNamed() throws Exception {
        String out = folder.resolve("none").toString();
        refused(1, "has no masked-language head", shell("train", "minilm", "--method", "lora", "--out", out));
        refused(1, "has no masked-language head", shell("train", model("roberta"), "--method", "lora", "--out", out));
        refused(2, "--pooling mean beside", shell("train", model("masked-bert"), "--method", "lora", "--out", out, "--pooling", "mean"));
        refused(2, "leaves no room for the words", shell("train", model("masked-bert"), "--method", "lora", "--out", out, "--max-length", "5"));
        refused(2, "--k and --data-seed are for the few-shot tasks",
                Shell.run("train", "--model", "minilm", "--task", "verb-supersense", "--k", "3", "--method", "lora", "--out", out));
        refused(2, "name their folder with --data", Shell.run("train", "--model", model("masked-bert"), "--task", "fewshot/rte", "--method",
                "lora", "--out", out));
        refused(2, "is no few-shot task", Shell.run("train", "--model", "minilm", "--task", "fewshot/mr", "--data", out, "--method", "lora",
                "--out", out));
        assertTrue(!Files.exists(folder.resolve("none")));
    }
}
