package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every method from the command line: it trains, says its options, and leaves an adapter that answers as it did.
class MethodsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Shell train(Path out, String method, String... more) throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 20));
        Path test = Films.tsv(folder.resolve("test.tsv"), Films.rows(20, 31));
        List<String> args = new ArrayList<>(List.of("train", "--model", "minilm", "--task", train.toString(), "--test", test.toString(),
                "--method", method, "--out", out.toString(), "--batch-size", "6", "--steps", "4", "--dropout", "0", "--learning-rate", "3e-3"));
        args.addAll(List.of(more));
        return Shell.run(args.toArray(String[]::new));
    }

    private static JsonNode last(Path run) throws Exception {
        return JSON.readTree(Files.readAllLines(run.resolve("metrics.jsonl")).getLast());
    }

    @ParameterizedTest
    @CsvSource({"lora-plus, learningRateRatio, 16.0", "lora-obar, barAlpha, 0.25", "lora-nbar, barSchedule, linear"})
    void trainsAndIsReadBack(String method, String option, String value) throws Exception {
        Path out = folder.resolve("run");
        Shell trained = train(out, method);
        assertEquals(0, trained.exit(), trained.err());
        JsonNode config = JSON.readTree(Files.readString(out.resolve("config.json")));
        assertEquals(method, config.get("method").asText());
        assertEquals(value, config.get(option).asText());
        Shell evaluated = Shell.run("evaluate", "--model", "minilm", "--adapter", out.resolve("adapter").toString(), "--task",
                folder.resolve("test.tsv").toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        assertEquals(last(out).get("loss"), JSON.readTree(evaluated.out()).get("loss"));
    }

    /// The options act: another value, another run.
    @ParameterizedTest
    @CsvSource({"lora-plus, --learning-rate-ratio, 4", "lora-obar, --bar-alpha, 3", "lora-nbar, --bar-schedule, constant",
        "bi-lora, --auxiliary-direction, descend", "bi-lora, --auxiliary-clip, layer", "bi-lora, --auxiliary-clip, none"})
    void optionsAct(String method, String option, String value) throws Exception {
        assertEquals(0, train(folder.resolve("default"), method).exit());
        Shell other = train(folder.resolve("other"), method, option, value);
        assertEquals(0, other.exit(), other.err());
        assertTrue(!other.err().contains("no effect"), other.err());
        assertTrue(last(folder.resolve("default")).get("loss").asDouble() != last(folder.resolve("other")).get("loss").asDouble());
    }

    /// What sets a method apart from LoRA switched off, it is LoRA: the same bytes.
    @ParameterizedTest
    @CsvSource({"lora-plus, --learning-rate-ratio, 1", "lora-obar, --bar-alpha, 0", "lora-nbar, --bar-alpha, 0"})
    void switchedOffItIsLora(String method, String option, String value) throws Exception {
        assertEquals(0, train(folder.resolve("lora"), "lora").exit());
        assertEquals(0, train(folder.resolve("other"), method, option, value).exit());
        String weights = "adapter/adapter_model.safetensors";
        assertEquals(-1, Files.mismatch(folder.resolve("lora").resolve(weights), folder.resolve("other").resolve(weights)));
    }

    @Test
    void aBalanceThatTurnsAFactorRoundIsRefused() throws Exception {
        Shell refused = train(folder.resolve("run"), "lora-obar", "--bar-alpha", "400");
        assertEquals(2, refused.exit());
        assertTrue(refused.err().contains("--bar-alpha 400"), refused.err());
    }
}
