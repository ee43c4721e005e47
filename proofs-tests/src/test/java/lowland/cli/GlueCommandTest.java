package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
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
