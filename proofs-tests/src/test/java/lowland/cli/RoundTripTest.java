package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import lowland.checkpoint.Safetensors;
import lowland.checkpoint.TaskFile;
import lowland.checkpoint.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `train` leaves is what `evaluate` and `predict` read, whatever the form of the table. Where the model does not matter it is one of two
/// layers of 24 channels.
class RoundTripTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static String tiny() throws Exception {
        return Path.of(RoundTripTest.class.getResource("/golden/roberta").toURI()).toString();
    }

    private static Shell train(Path task, Path out, String method, String... more) {
        return train("minilm", task, out, method, more);
    }

    private static Shell train(String model, Path task, Path out, String method, String... more) {
        List<String> args = new ArrayList<>(List.of("train", "--model", model, "--task", task.toString(), "--method", method, "--out",
                out.toString(), "--batch-size", "6", "--dropout", "0"));
        args.addAll(List.of(more));
        if (!args.contains("--learning-rate")) {
            args.addAll(List.of("--learning-rate", "3e-3"));
        }
        return Shell.run(args.toArray(String[]::new));
    }

    private static List<JsonNode> lines(String text) throws Exception {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : text.lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static byte[] adapter(Path run) throws Exception {
        return Files.readAllBytes(run.resolve("adapter/adapter_model.safetensors"));
    }

    @Test
    void evaluationAndPredictionRepeatWhatTrainingMeasured() throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 20));
        Path test = Films.jsonl(folder.resolve("test.jsonl"), Films.rows(20, 31));
        Path out = folder.resolve("run");
        Shell trained = train(train, out, "lora", "--dev", "0.3", "--test", test.toString(), "--epochs", "2");
        assertEquals(0, trained.exit(), trained.err());
        assertTrue(trained.err().contains("majority baseline") && trained.err().contains("labels: bad "), trained.err());
        assertTrue(trained.out().contains("accuracy"), trained.out());
        assertEquals(1, (trained.out() + trained.err()).lines().filter(line -> line.startsWith("test at step")).count(),
                trained.out() + trained.err());
        assertTrue(trained.out().contains("test at step"), trained.out());

        List<JsonNode> metrics = lines(Files.readString(out.resolve("metrics.jsonl")));
        JsonNode measured = metrics.getLast();
        assertEquals("test", measured.get("split").asText());
        String adapter = out.resolve("adapter").toString();
        Shell evaluated = Shell.run("evaluate", "--model", "minilm", "--adapter", adapter, "--task", test.toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        JsonNode again = JSON.readTree(evaluated.out());
        assertEquals(measured.get("metrics"), again.get("metrics"));
        assertEquals(measured.get("loss"), again.get("loss"));
        assertEquals(11, again.get("rows").asInt());

        Shell predicted = Shell.run("predict", "--model", "minilm", "--adapter", adapter, "--input", test.toString(), "--json");
        List<JsonNode> answers = lines(predicted.out());
        int right = 0;
        double loss = 0;
        for (int row = 0; row < 11; row++) {
            JsonNode answer = answers.get(row);
            assertEquals(row, answer.get("row").asInt());
            assertEquals(2, answer.get("logits").size());
            double sum = answer.get("probabilities").get(0).asDouble() + answer.get("probabilities").get(1).asDouble();
            assertEquals(1, sum, 1e-15);
            String actual = Films.rows(20, 31).get(row)[1];
            right += answer.get("label").asText().equals(actual) ? 1 : 0;
            loss -= Math.log(answer.get("probabilities").get(actual.equals("bad") ? 0 : 1).asDouble()) / 11;
        }
        assertEquals(measured.get("metrics").get("accuracy").asDouble(), right / 11.0);
        assertEquals(measured.get("loss").asDouble(), loss, 1e-5 * loss);

        Shell piped = Shell.with(Files.readString(test), "predict", "--model", "minilm", "--adapter", adapter, "--input", "-");
        assertEquals(answers.stream().map(answer -> answer.get("label").asText()).toList(), piped.out().lines().toList());
    }

    @Test
    void theRunFolderHoldsWhatTheContractSays() throws Exception {
        Path train = Films.csv(folder.resolve("train.csv"), Films.rows(0, 13));
        Path out = folder.resolve("run");
        Shell trained = train(train, out, "bi-lora", "--targets", "query", "--auxiliary-rank", "4", "--rank", "2");
        assertEquals(0, trained.exit(), trained.err());

        JsonNode config = JSON.readTree(out.resolve("config.json").toFile());
        assertEquals(0.05, config.get("rho").asDouble());
        assertEquals(9, config.get("steps").asInt());
        assertEquals(1, config.get("warmupSteps").asInt());
        assertEquals(0.003, config.get("auxiliaryLearningRate").asDouble());
        assertEquals(32.0, config.get("auxiliaryAlpha").asDouble(), "s2 = s");

        assertEquals(0, config.get("dropout").asDouble());
        assertEquals("mean", config.get("pooling").asText());

        List<JsonNode> metrics = lines(Files.readString(out.resolve("metrics.jsonl")));
        assertEquals(9, metrics.size(), "a line a step");
        Set<String> fields = new TreeSet<>();
        metrics.getLast().fieldNames().forEachRemaining(fields::add);
        assertTrue(fields.containsAll(Set.of("step", "epoch", "loss", "learningRate", "rho", "gradientNorm", "perturbationNorm", "clipped",
                "skipped", "tokens", "seconds", "drift", "c", "auxiliaryNormA", "auxiliaryNormB", "auxiliaryGradientNorm")),
                fields::toString);
        assertEquals(3.0, metrics.getLast().get("epoch").asDouble());

        TaskFile task = TaskFile.read(out.resolve("adapter"));
        assertEquals(new TaskFile(List.of("bad", "good"), List.of("sentence"), "label", "mean", 0, false), task.on(null));
        Set<String> expected = new TreeSet<>(Set.of("base_model.model.classifier.weight", "base_model.model.classifier.bias"));
        Set<String> second = new TreeSet<>();
        for (int layer = 0; layer < 6; layer++) {
            for (String factor : List.of("A", "B")) {
                String key = "base_model.model.encoder.layer." + layer + ".attention.self.query.lora_" + factor + ".weight";
                expected.add(key);
                second.add(key);
            }
        }
        Tensors adapter = Safetensors.read(out.resolve("adapter/adapter_model.safetensors"));
        Tensors auxiliary = Safetensors.read(out.resolve("auxiliary/adapter_model.safetensors"));
        assertEquals(expected, new TreeSet<>(adapter.names()));
        assertEquals(second, new TreeSet<>(auxiliary.names()));
        String first = "base_model.model.encoder.layer.0.attention.self.query.lora_";
        assertArrayEquals(new int[] {2, 384}, adapter.byName().get(first + "A.weight").shape());
        assertArrayEquals(new int[] {384, 4}, auxiliary.byName().get(first + "B.weight").shape());
        JsonNode peft = JSON.readTree(out.resolve("adapter/adapter_config.json").toFile());
        assertEquals("LORA", peft.get("peft_type").asText());
        assertEquals(2, peft.get("r").asInt());
        assertEquals(16, peft.get("lora_alpha").asInt());
        assertEquals("[\"query\"]", peft.get("target_modules").toString());
        assertEquals("[\"classifier\"]", peft.get("modules_to_save").toString());
    }

    @Test
    void theConfigurationHoldsWhatActs() throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 6));
        Path out = folder.resolve("run");
        Shell trained = Shell.run("train", "--model", "minilm", "--task", train.toString(), "--method", "lora",
                "--steps", "1", "--out", out.toString());
        assertEquals(0, trained.exit(), trained.err());
        JsonNode config = JSON.readTree(out.resolve("config.json").toFile());
        for (String absent : List.of("normScope", "auxiliaryRank", "auxiliaryAlpha", "auxiliaryLearningRate", "auxiliaryOptimizer")) {
            assertTrue(config.has(absent) && config.get(absent).isNull(), absent + " " + config.get(absent));
        }
        assertEquals(0.0, config.get("rho").asDouble());
        assertEquals(0.0, config.get("rhoFinal").asDouble());
        assertEquals(0.1, config.get("dropout").asDouble(), "BERT's");
        assertEquals(0.1, config.get("attentionDropout").asDouble(), "BERT's");
        assertEquals("mean", config.get("pooling").asText());
        assertEquals(0.0, lines(Files.readString(out.resolve("metrics.jsonl"))).getFirst().get("rho").asDouble());
    }

    @Test
    void theFormOfTheTableDoesNotMatter() throws Exception {
        List<String[]> rows = Films.rows(0, 7);
        List<Path> tables = List.of(Films.tsv(folder.resolve("a.tsv"), rows), Films.csv(folder.resolve("b.csv"), rows),
                Films.jsonl(folder.resolve("c.jsonl"), rows));
        byte[] first = null;
        for (Path table : tables) {
            Path out = folder.resolve("run-" + table.getFileName());
            assertEquals(0, train(tiny(), table, out, "lora", "--steps", "2").exit());
            byte[] bytes = adapter(out);
            first = first == null ? bytes : first;
            assertArrayEquals(first, bytes, table.toString());
        }
    }

    @Test
    void withoutRandomnessARunIsTheSameBitsForAnyNumberOfThreads() throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 14));
        for (String model : List.of("minilm", tiny())) {
            sameBits(model, train, Files.createDirectory(folder.resolve(model.equals("minilm") ? model : "tiny")));
        }
    }

    /// MiniLM with one thread, three and eight, with two gradients a step and one; the small model with every method and up to eight.
    private static void sameBits(String model, Path train, Path folder) throws Exception {
        boolean small = !model.equals("minilm");
        Path start = folder.resolve("start");
        assertEquals(0, train(model, train, start, "bi-lora", "--steps", "2", "--rank", "3", "--auxiliary-rank", "2").exit());
        for (String method : small ? List.of("lora", "lora-sam", "fmlora", "efmlora", "bi-lora") : List.of("fmlora", "bi-lora")) {
            byte[] first = null;
            for (String threads : small ? List.of("1", "2", "3", "8") : List.of("1", "3", "8")) {
                Path out = folder.resolve(method + threads);
                List<String> more = new ArrayList<>(List.of("--order", "file", "--clip-norm", "0", "--schedule", "constant",
                        "--rho-schedule", "constant", "--warmup", "0", "--init-adapter", start.resolve("adapter").toString(), "--steps", "2",
                        "--threads", threads, "--seed", threads)); // with given factors nothing is left for the seed
                if (method.equals("bi-lora")) {
                    more.addAll(List.of("--init-auxiliary", start.resolve("auxiliary").toString()));
                }
                Shell shell = train(model, train, out, method, more.toArray(String[]::new));
                assertEquals(0, shell.exit(), shell.err());
                byte[] bytes = adapter(out);
                assertTrue(first != null || !Arrays.equals(adapter(start), bytes), "nothing was trained");
                first = first == null ? bytes : first;
                assertArrayEquals(first, bytes, method + " with " + threads + " threads");
            }
        }
    }

    @Test
    void aRegressionAnswersWithNumbers() throws Exception {
        Path train = Files.writeString(folder.resolve("scores.tsv"),
                "sentence1\tsentence2\tscore\na cat\ta dog\t2.5\na car\ta bus\t3.0\nthe sun\ta shoe\t0.25\n");
        Path out = folder.resolve("run");
        Shell trained = train(train, out, "fmlora", "--label", "score", "--steps", "2");
        assertEquals(0, trained.exit(), trained.err());
        String adapter = out.resolve("adapter").toString();
        Shell predicted = Shell.run("predict", "--model", "minilm", "--adapter", adapter, "--input", train.toString(), "--json");
        assertEquals(0, predicted.exit(), predicted.err());
        for (JsonNode answer : lines(predicted.out())) {
            assertEquals(answer.get("value"), answer.get("logits").get(0));
        }
        Shell evaluated = Shell.run("evaluate", "--model", "minilm", "--adapter", adapter, "--task", train.toString(), "--json");
        assertTrue(JSON.readTree(evaluated.out()).get("metrics").has("pearson"), evaluated.out() + evaluated.err());
    }

    /// Scores far from 0: the head starts at their mean, so that the first loss is near their variance.
    @Test
    void aRegressionStartsAtTheMeanOfItsScores() throws Exception {
        Path train = Files.writeString(folder.resolve("scores.tsv"), "text\tscore\na cat\t101.5\na car\t99\nthe sun\t102\na bus\t100.5\n");
        Path test = Files.writeString(folder.resolve("test.tsv"), "text\tscore\na dog\t100\na shoe\t103.5\n");
        Path out = folder.resolve("run");
        Shell trained = train(train, out, "lora", "--label", "score", "--steps", "1", "--test", test.toString());
        assertEquals(0, trained.exit(), trained.err());
        // The mean is 100.75; of the deviations 0.75, -1.75, 1.25, -0.25 the mean square is 1.3125; of the test's -0.75 and 2.75 it is 4.0625.
        assertTrue(trained.err().contains("mean baseline, 100.75: mean squared error train 1.3125, test 4.0625"), trained.err());
        double first = lines(Files.readString(out.resolve("metrics.jsonl"))).getFirst().get("loss").asDouble();
        assertEquals(1.3125, first, 0.5);

        Path again = folder.resolve("again");
        Shell given = train(train, again, "lora", "--label", "score", "--steps", "1", "--init-adapter", out.resolve("adapter").toString(),
                "--learning-rate", "0");
        assertEquals(0, given.exit(), given.err());
        assertArrayEquals(adapter(out), adapter(again), "a head that is given is not moved");
    }

    private double lastLoss(Path run) throws Exception {
        return lines(Files.readString(run.resolve("metrics.jsonl"))).getLast().get("loss").asDouble();
    }

    @Test
    void howABatchIsCutDoesNotChangeTheStep() throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 11));
        List<List<String>> cuts = List.of(List.of(), List.of("--batch-size", "2", "--accumulate", "3"), List.of("--max-tokens", "17"));
        double first = Double.NaN;
        for (List<String> cut : cuts) {
            Path out = folder.resolve("run" + cut.size());
            List<String> args = new ArrayList<>(List.of("train", "--model", tiny(), "--task", train.toString(), "--method", "fmlora",
                    "--out", out.toString(), "--dropout", "0", "--order", "file", "--epochs", "2", "--warmup", "0"));
            args.addAll(cut.contains("--batch-size") ? cut : Stream.concat(Stream.of("--batch-size", "6"), cut.stream()).toList());
            Shell shell = Shell.run(args.toArray(String[]::new));
            assertEquals(0, shell.exit(), shell.err());
            assertEquals(4, lines(Files.readString(out.resolve("metrics.jsonl"))).size());
            first = Double.isNaN(first) ? lastLoss(out) : first;
            assertEquals(first, lastLoss(out), 2e-4 * first, cut.toString());
        }
    }

    @Test
    void dropoutOfTheFactorsInputIsSeededAndOfTrainingOnly() throws Exception {
        Path train = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 6));
        List<byte[]> adapters = new ArrayList<>();
        for (String p : List.of("0", "0.5", "0.5")) {
            Path out = folder.resolve("run" + adapters.size());
            Shell shell = train(tiny(), train, out, "bi-lora", "--steps", "3", "--lora-dropout", p, "--threads", Integer.toString(adapters.size() + 1));
            assertEquals(0, shell.exit(), shell.err());
            adapters.add(adapter(out));
        }
        assertArrayEquals(adapters.get(1), adapters.get(2));
        assertFalse(Arrays.equals(adapters.get(0), adapters.get(1)), "dropout changed nothing");
        assertEquals(0.5, JSON.readTree(folder.resolve("run1/adapter/adapter_config.json").toFile()).get("lora_dropout").asDouble());
    }
}
