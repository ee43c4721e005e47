package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every method from the command line: it trains, says its options, and leaves an adapter that answers as it did. Where the model does not
/// matter it is one of two layers of 24 channels: reading MiniLM alone takes longer than its training.
class MethodsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MINILM = "minilm";

    @TempDir
    Path folder;

    /// Runs that several tests compare with, each made once.
    @TempDir
    static Path made;

    private Path usual(String method, String... more) throws Exception {
        Path out = made.resolve(String.join("", method, String.join("", more)));
        if (Files.notExists(out)) {
            assertEquals(0, train(out, method, more).exit());
        }
        return out;
    }

    private static String tiny() throws Exception {
        return Path.of(MethodsTest.class.getResource("/golden/roberta").toURI()).toString();
    }

    private Shell train(Path out, String method, String... more) throws Exception {
        return train(tiny(), out, method, more);
    }

    private Shell train(String model, Path out, String method, String... more) throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 20));
        Path test = Films.tsv(folder.resolve("test.tsv"), Films.rows(20, 31));
        List<String> args = new ArrayList<>(List.of("train", "--model", model, "--task", train.toString(), "--test", test.toString(),
                "--method", method, "--out", out.toString(), "--batch-size", "6", "--steps", "5", "--dropout", "0"));
        args.addAll(List.of(more));
        if (!args.contains("--learning-rate")) {
            args.addAll(List.of("--learning-rate", "3e-3"));
        }
        return Shell.run(args.toArray(String[]::new));
    }

    private static JsonNode last(Path run) throws Exception {
        return JSON.readTree(Files.readAllLines(run.resolve("metrics.jsonl")).getLast());
    }

    @ParameterizedTest
    @CsvSource({"lora-plus, learningRateRatio, 16.0", "lora-obar, barAlpha, 0.25", "lora-nbar, barSchedule, linear",
        "flat-lora, rho, 0.05", "full-sam, normScope, global", "bi-lora+dora, form, dora", "bi-lora+pissa, rho, 0.05",
        "bi-lora+lora-ga, auxiliaryRank, 8", "adapter-pfeiffer, adapterSize, 16", "adapter-houlsby, adapterSize, 8",
        "adapter-lin, adapterSize, 16"})
    void trainsAndIsReadBack(String method, String option, String value) throws Exception {
        isReadBack(tiny(), usual(method), method, option, value);
    }

    /// Factors and adapter layers on MiniLM too, whose weights come from another file under other names.
    @ParameterizedTest
    @CsvSource({"bi-lora+dora, form, dora", "adapter-houlsby, adapterSize, 8"})
    void trainsMiniLmAndIsReadBack(String method, String option, String value) throws Exception {
        Path out = folder.resolve("run");
        assertEquals(0, train(MINILM, out, method).exit());
        isReadBack(MINILM, out, method, option, value);
    }

    private void isReadBack(String model, Path out, String method, String option, String value) throws Exception {
        JsonNode config = JSON.readTree(Files.readString(out.resolve("config.json")));
        assertEquals(method, config.get("method").asText());
        assertEquals(value, config.get(option).asText());
        Path test = Films.tsv(folder.resolve("test.tsv"), Films.rows(20, 31));
        Shell evaluated = Shell.run("evaluate", "--model", model, "--adapter", out.resolve("adapter").toString(), "--task",
                test.toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        // Pairs that do not start at zero are saved as plain ones on the original weights: not the same sums.
        boolean residual = method.contains("pissa") || method.contains("lora-ga");
        double measured = last(out).get("loss").asDouble();
        assertEquals(measured, JSON.readTree(evaluated.out()).get("loss").asDouble(), residual ? 1e-4 * measured : 0);
    }

    /// Adapter layers lie in a form of their own, train without factors, and are no part of a merged model.
    @Test
    void adapterLayersAreNoFactors() throws Exception {
        Path run = usual("adapter-lin");
        try (Stream<Path> files = Files.list(run.resolve("adapter"))) {
            assertEquals(Set.of("bottleneck_config.json", "bottleneck.safetensors", "task.json"),
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
        JsonNode config = JSON.readTree(Files.readString(run.resolve("config.json")));
        assertTrue(config.get("rank").isNull() && config.get("targets").isNull(), config.toString());
        String adapter = run.resolve("adapter").toString();
        Shell merged = Shell.run("merge", "--model", tiny(), "--adapter", adapter, "--out", folder.resolve("merged").toString());
        assertEquals(1, merged.exit());
        assertTrue(merged.err().contains("cannot be added to its weights") && Files.notExists(folder.resolve("merged")), merged.err());
        Shell started = train(folder.resolve("a"), "lora", "--init-adapter", adapter);
        assertEquals(1, started.exit());
        assertTrue(started.err().contains("holds adapter layers, no factors"), started.err());
        assertEquals(2, train(folder.resolve("b"), "adapter-lin", "--init-adapter", adapter).exit());
        Shell noted = train(folder.resolve("c"), "adapter-pfeiffer", "--rank", "4");
        assertTrue(noted.err().contains("--rank has no effect with --method adapter-pfeiffer"), noted.err());
        Shell other = train(folder.resolve("d"), "lora", "--adapter-size", "4");
        assertTrue(other.err().contains("--adapter-size has no effect with --method lora"), other.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"adapter-pfeiffer | 25 | larger than the model's 24 channels", "adapter-lin | 0 | a whole number from 1",
        "adapter-houlsby+dora | 8 | adapter-houlsby has no factors"})
    void adapterLayersThatCannotBeAreRefused(String method, String size, String reason) throws Exception {
        Shell refused = train(folder.resolve("run"), method, "--adapter-size", size);
        assertEquals(2, refused.exit());
        assertTrue(refused.err().contains(reason) && Files.notExists(folder.resolve("run")), refused.err());
    }

    /// Full fine-tuning leaves a checkpoint with its head, which answers without an adapter.
    @Test
    void fullFineTuningLeavesAModel() throws Exception {
        Path out = folder.resolve("run");
        Shell trained = train(MINILM, out, "full", "--learning-rate", "1e-4");
        assertEquals(0, trained.exit(), trained.err());
        assertTrue(trained.out().contains("model " + out.resolve("model")), trained.out());
        assertTrue(Files.notExists(out.resolve("adapter")));
        Shell evaluated = Shell.run("evaluate", "--model", out.resolve("model").toString(), "--task",
                folder.resolve("test.tsv").toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        double measured = last(out).get("loss").asDouble();
        // The weights are packed there and plain here: not the same sums.
        assertEquals(measured, JSON.readTree(evaluated.out()).get("loss").asDouble(), 1e-5 * measured);
    }

    /// The adapter of the best evaluation is the one that is measured at the end: all of it comes back. It is that of the first evaluation where
    /// the rows teach the opposite of what dev asks, and one between where they do so after a while.
    @ParameterizedTest
    @CsvSource({"bi-lora, false", "bi-lora, true", "dora, false", "dora, true"})
    void whatIsKeptIsWhatIsMeasured(String method, boolean later) throws Exception {
        List<String[]> straight = Films.rows(0, 80);
        List<String[]> exchanged = Films.rows(0, 80);
        exchanged.forEach(row -> row[1] = row[1].equals("good") ? "bad" : "good");
        List<String[]> rows = new ArrayList<>(later ? straight : exchanged);
        rows.addAll(exchanged);
        Path train = Films.tsv(folder.resolve("rows.tsv"), rows);
        Path dev = Films.tsv(folder.resolve("dev.tsv"), Films.rows(80, 100));
        Path test = Films.tsv(folder.resolve("test.tsv"), Films.rows(20, 31));
        Path out = folder.resolve("run");
        int steps = later ? 16 : 8;
        Shell trained = Shell.run("train", "--model", tiny(), "--pooling", "mean", "--task", train.toString(), "--dev", dev.toString(), "--test",
                test.toString(), "--method", method, "--out", out.toString(), "--batch-size", "10", "--steps", Integer.toString(steps), "--dropout",
                "0", "--order", "file", "--schedule", "constant", "--warmup-steps", "4", "--evaluate-every", "1", "--learning-rate", "1e-2",
                "--head-learning-rate", "3e-2");
        assertEquals(0, trained.exit(), trained.err());
        JsonNode best = null;
        for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
            JsonNode measured = JSON.readTree(line);
            if (measured.path("split").asText().equals("dev") && (best == null
                    || measured.at("/metrics/accuracy").asDouble() > best.at("/metrics/accuracy").asDouble())) {
                best = measured;
            }
        }
        int step = best.get("step").asInt();
        assertTrue(later ? step > 1 && step < steps : step == 1, "the best is of step " + step);
        assertTrue(trained.out().contains("(step " + step + ")"), trained.out());
        String adapter = out.resolve("adapter").toString();
        Shell onDev = Shell.run("evaluate", "--model", tiny(), "--adapter", adapter, "--task", dev.toString(), "--json");
        assertEquals(best.get("loss"), JSON.readTree(onDev.out()).get("loss"));
        Shell onTest = Shell.run("evaluate", "--model", tiny(), "--adapter", adapter, "--task", test.toString(), "--json");
        assertEquals(last(out).get("loss"), JSON.readTree(onTest.out()).get("loss"));
    }

    /// The first step starts where the model is: before training nothing differs from the model without an adapter.
    @ParameterizedTest
    @ValueSource(strings = {"dora", "pissa", "lora-ga", "full"})
    void startsFromTheModelAsItIs(String method) throws Exception {
        Path lora = usual("lora", "--learning-rate", "0");
        assertEquals(0, train(folder.resolve("other"), method, "--learning-rate", "0").exit());
        double expected = last(lora).get("loss").asDouble();
        assertEquals(expected, last(folder.resolve("other")).get("loss").asDouble(), 1e-5 * expected);
    }

    @Test
    void aStartOfItsOwnTakesNoAdapter() throws Exception {
        assertEquals(0, train(folder.resolve("dora"), "dora").exit());
        String adapter = folder.resolve("dora/adapter").toString();
        assertEquals(2, train(folder.resolve("a"), "pissa", "--init-adapter", adapter).exit());
        Shell other = train(folder.resolve("b"), "lora", "--init-adapter", adapter);
        assertEquals(1, other.exit());
        assertTrue(other.err().contains("has DoRA's magnitudes"), other.err());
        assertEquals(0, train(folder.resolve("c"), "bi-lora+dora", "--init-adapter", adapter).exit());
        Shell large = train(folder.resolve("d"), "pissa", "--rank", "13");
        assertEquals(2, large.exit());
        assertTrue(large.err().contains("--rank 13") && large.err().contains("choose 1 to 12"), large.err());
    }

    /// The options act: another value, another run.
    @ParameterizedTest
    @CsvSource({"lora-plus, --learning-rate-ratio, 4", "lora-obar, --bar-alpha, 3", "lora-nbar, --bar-schedule, constant",
        "flat-lora, --rho, 0.5", "full-sam, --norm-scope, layer", "lora-ga, --rank, 4", "adapter-houlsby, --adapter-size, 5",
        "bi-lora, --auxiliary-direction, descend", "bi-lora, --auxiliary-direction, random",
        "bi-lora, --auxiliary-clip, layer", "bi-lora, --auxiliary-clip, none",
        "bi-lora, --auxiliary-optimizer, sgd", "bi-lora, --auxiliary-alpha, 4", "bi-lora, --auxiliary-learning-rate, 1e-2",
        "fmlora, --norm-scope, global", "fmlora, --perturb, a", "fmlora, --estimate, b", "efmlora, --ema, 0.5", "efmlora, --ema-start, first",
        "efmlora, --norm-scope, global", "efmlora, --rho-schedule, cosine", "efmlora, --rho-schedule, inverse-sqrt",
        "lora-sam, --norm-scope, layer", "lora, --alpha, 4", "lora, --scaling, rank-stabilized", "lora, --optimizer, sgd",
        "lora, --weight-decay, 0.1", "lora, --beta1, 0.5", "lora, --beta2, 0.5", "lora, --adam-epsilon, 1e-3", "lora, --schedule, constant",
        "lora, --warmup, 1", "lora, --label-smoothing, 0.2", "lora, --head-learning-rate, 1e-2"})
    void optionsAct(String method, String option, String value) throws Exception {
        Path plain = usual(method);
        Shell other = train(folder.resolve("other"), method, option, value);
        assertEquals(0, other.exit(), other.err());
        assertTrue(!other.err().contains("no effect"), other.err());
        assertTrue(last(plain).get("loss").asDouble() != last(folder.resolve("other")).get("loss").asDouble());
    }

    /// The same of options that need another to act.
    @ParameterizedTest
    @CsvSource({"efmlora, --rho-schedule, cosine, --rho-final, 0", "lora, --optimizer, sgd, --momentum, 0.9"})
    void optionsOfOptionsAct(String method, String option, String value, String second, String more) throws Exception {
        Path plain = usual(method, option, value);
        assertEquals(0, train(folder.resolve("other"), method, option, value, second, more).exit());
        assertTrue(last(plain).get("loss").asDouble() != last(folder.resolve("other")).get("loss").asDouble());
    }

    /// What acts where nothing is said, as it is promised: the numbers stand here once more.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "lora     | normScope null, auxiliaryRank null",
        "lora-sam | rho 0.01, normScope global, rhoSchedule constant",
        "fmlora   | rho 0.05, normScope layer, perturb b, estimate mean, rhoSchedule constant",
        "efmlora  | rho 0.05, normScope layer, perturb b, estimate mean, ema 0.9, emaStart zero, rhoSchedule constant",
        "bi-lora  | rho 0.05, auxiliaryRank 8, auxiliaryAlpha 16.0, auxiliaryLearningRate 5.0E-4, auxiliaryOptimizer adamw"})
    void whereNothingIsSaidTheDefaultsAct(String method, String more) throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 40));
        Shell trained = Shell.run("train", "--model", tiny(), "--task", train.toString(), "--method", method, "--out",
                folder.resolve("run").toString());
        assertEquals(0, trained.exit(), trained.err());
        JsonNode config = JSON.readTree(Files.readString(folder.resolve("run/config.json")));
        String all = "rank 8, alpha 16.0, scaling standard, optimizer adamw, learningRate 5.0E-4, headLearningRate 5.0E-4, weightDecay 0.0, beta1 0.9,"
                + " beta2 0.999, adamEpsilon 1.0E-8, schedule linear, warmupSteps 1, clipNorm 1.0, batchSize 32, accumulate 1, epochs 3.0, steps 6,"
                + " order shuffled, dropout 0.1, loraDropout 0.0, labelSmoothing 0.0, seed 0, " + more;
        for (String expected : all.split(", ")) {
            String[] pair = expected.split(" ");
            assertEquals(pair[1], config.get(pair[0]).asText(), expected);
        }
        assertEquals("[\"query\",\"value\"]", config.get("targets").toString());
    }

    /// What sets a method apart from LoRA switched off, it is LoRA: the same bytes.
    @ParameterizedTest
    @CsvSource({"lora-plus, --learning-rate-ratio, 1", "lora-obar, --bar-alpha, 0", "lora-nbar, --bar-alpha, 0", "flat-lora, --rho, 0",
        "full-sam, --rho, 0"})
    void switchedOffItIsLora(String method, String option, String value) throws Exception {
        Path lora = usual("lora");
        assertEquals(0, train(folder.resolve("other"), method, option, value).exit());
        String weights = "adapter/adapter_model.safetensors";
        assertEquals(-1, Files.mismatch(lora.resolve(weights), folder.resolve("other").resolve(weights)));
    }

    @Test
    void aBalanceThatTurnsAFactorRoundIsRefused() throws Exception {
        Shell refused = train(folder.resolve("run"), "lora-obar", "--bar-alpha", "400");
        assertEquals(2, refused.exit());
        assertTrue(refused.err().contains("--bar-alpha 400"), refused.err());
    }
}
