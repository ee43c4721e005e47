package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import lowland.Failure;
import lowland.checkpoint.Checkpoint;
import lowland.checkpoint.Safetensors;
import lowland.checkpoint.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Hugging Face folders on the command line: trained, measured, merged, and refused where something is wrong with them.
class CheckpointFolderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static Path golden(String family) throws Exception {
        return Path.of(CheckpointFolderTest.class.getResource("/golden/" + family).toURI());
    }

    /// A copy that a test may break.
    private Path copy(String family) throws Exception {
        Path copy = Files.createDirectories(folder.resolve("copy-" + family));
        try (var files = Files.list(golden(family))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        return copy;
    }

    private static List<JsonNode> predict(String model, String adapter, Path input, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of("predict", "--model", model, "--input", input.toString(), "--json"));
        if (adapter != null) {
            args.addAll(List.of("--adapter", adapter));
        }
        args.addAll(List.of(more));
        Shell shell = Shell.run(args.toArray(String[]::new));
        assertEquals(0, shell.exit(), shell.err());
        List<JsonNode> answers = new ArrayList<>();
        for (String line : shell.out().lines().toList()) {
            answers.add(JSON.readTree(line));
        }
        return answers;
    }

    private static double error(List<JsonNode> answers, JsonNode truth) {
        double worst = answers.size() == truth.size() ? 0 : Double.NaN;
        for (int row = 0; row < answers.size(); row++) {
            for (int k = 0; k < 3; k++) {
                worst = Math.max(worst, Math.abs(answers.get(row).get("logits").get(k).asDouble() - truth.get(row).get(k).asDouble()));
            }
        }
        return worst;
    }

    @ParameterizedTest
    @ValueSource(strings = {"roberta", "bert"})
    void anAdapterThatPeftSavedAnswersAsThere(String family) throws Exception {
        Path model = golden(family);
        JsonNode truth = JSON.readTree(model.resolve("peft/logits.json").toFile());
        List<JsonNode> answers = predict(model.toString(), model.resolve("peft").toString(), model.resolve("rows.jsonl"));
        assertTrue(error(answers, truth) <= 1e-5, "error " + error(answers, truth));
        String expected = family.equals("roberta") ? "entailment|neutral|contradiction" : "LABEL_\\d";
        assertTrue(answers.getFirst().get("label").asText().matches(expected), answers.getFirst().toString());

        Path merged = folder.resolve("merged");
        Shell shell = Shell.run("merge", "--model", model.toString(), "--adapter", model.resolve("peft").toString(), "--out",
                merged.toString());
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(error(predict(merged.toString(), null, model.resolve("rows.jsonl")), truth) <= 1e-5);
    }

    @Test
    void aCheckpointWithAHeadAnswersByItself() throws Exception {
        Path model = golden("roberta");
        List<JsonNode> answers = predict(model.toString(), null, model.resolve("rows.jsonl"));
        assertEquals(10, answers.size());
        Shell none = Shell.run("predict", "--model", golden("bert").toString(), "--input", model.resolve("rows.jsonl").toString());
        assertEquals(1, none.exit());
        assertTrue(none.errors().getFirst().contains("no classifier of its own"), none.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"roberta first", "roberta mean", "bert pooler", "bert mean"})
    void whatIsTrainedIsNamedAsPeftNamesItMeasuredAgainAndMerged(String what) throws Exception {
        String family = what.substring(0, what.indexOf(' '));
        String pooling = what.substring(family.length() + 1);
        Path model = golden(family);
        Path rows = model.resolve("rows.jsonl");
        Path run = folder.resolve("run");
        Shell trained = Shell.run("train", "--model", model.toString(), "--pooling", pooling, "--task", rows.toString(), "--method",
                "efmlora", "--out", run.toString(), "--epochs", "3", "--batch-size", "4", "--learning-rate", "1e-2", "--rank", "2", "--targets",
                "value,dense", "--test", rows.toString());
        assertEquals(0, trained.exit(), trained.err());
        JsonNode task = JSON.readTree(run.resolve("adapter/task.json").toFile());
        assertEquals(pooling, task.get("pooling").asText());
        // The rows have class numbers: RoBERTa's configuration names these classes, BERT's does not.
        assertEquals(family.equals("roberta") ? "[\"entailment\",\"neutral\",\"contradiction\"]" : "[\"0\",\"1\",\"2\"]",
                task.get("labels").toString());
        assertEquals(pooling, JSON.readTree(run.resolve("config.json").toFile()).get("pooling").asText());
        assertEquals(what.equals("roberta first"),
                trained.err().contains("the head starts as the checkpoint's own, whose labels are entailment"), trained.err());

        String prefix = "base_model.model." + (pooling.equals("mean") ? "" : family + ".") + "encoder.layer.";
        TreeSet<String> keys = new TreeSet<>(List.of("base_model.model.classifier.weight", "base_model.model.classifier.bias"));
        if (pooling.equals("first")) {
            keys = new TreeSet<>(List.of("base_model.model.classifier.dense.weight", "base_model.model.classifier.dense.bias",
                    "base_model.model.classifier.out_proj.weight", "base_model.model.classifier.out_proj.bias"));
        }
        for (String module : List.of("attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")) {
            for (int layer = 0; layer < 2; layer++) {
                keys.add(prefix + layer + "." + module + ".lora_A.weight");
                keys.add(prefix + layer + "." + module + ".lora_B.weight");
            }
        }
        assertEquals(keys, new TreeSet<>(Safetensors.read(run.resolve("adapter/adapter_model.safetensors")).names()));
        JsonNode config = JSON.readTree(run.resolve("adapter/adapter_config.json").toFile());
        assertFalse(config.get("target_modules").toString().contains("\"dense\""), "dense alone would be PEFT's head too");
        assertEquals("classifier", config.get("modules_to_save").get(0).asText());

        String adapter = run.resolve("adapter").toString();
        Shell evaluated = Shell.run("evaluate", "--model", model.toString(), "--adapter", adapter, "--task", rows.toString(), "--json");
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        assertEquals(JSON.readTree(metrics.getLast()).get("metrics"), JSON.readTree(evaluated.out()).get("metrics"), evaluated.err());

        Path merged = folder.resolve("merged");
        assertEquals(0, Shell.run("merge", "--model", model.toString(), "--adapter", adapter, "--out", merged.toString()).exit());
        List<JsonNode> before = predict(model.toString(), adapter, rows);
        List<JsonNode> after = predict(merged.toString(), null, rows);
        for (int row = 0; row < before.size(); row++) {
            for (int k = 0; k < 3; k++) {
                assertEquals(before.get(row).get("logits").get(k).asDouble(), after.get(row).get("logits").get(k).asDouble(), 1e-5);
            }
        }
        Shell again = Shell.run("merge", "--model", model.toString(), "--adapter", adapter, "--out", merged.toString());
        assertEquals(1, again.exit());
        assertTrue(again.errors().getFirst().contains("not empty"), again.err());

        // What the merged weights hold already is not added again; another adapter is, and both are known then.
        Path twice = folder.resolve("twice");
        for (String[] command : new String[][] {{"merge", "--out", twice.toString()}, {"evaluate", "--task", rows.toString()}}) {
            Shell refused = Shell.run(concat(command, "--model", merged.toString(), "--adapter", adapter));
            assertEquals(1, refused.exit(), refused.err());
            assertTrue(refused.errors().getFirst().contains(merged + " holds the weights of " + adapter + " already"), refused.err());
        }
        assertFalse(Files.exists(twice));
        Path next = folder.resolve("next");
        Shell more = Shell.run("train", "--model", merged.toString(), "--task", rows.toString(), "--method", "lora", "--out", next.toString(),
                "--steps", "1", "--learning-rate", "1e-2", "--rank", "2", "--targets", "value");
        assertEquals(0, more.exit(), more.err());
        String second = next.resolve("adapter").toString();
        assertEquals(0, Shell.run("merge", "--model", merged.toString(), "--adapter", second, "--out", twice.toString()).exit());
        for (String each : List.of(adapter, second)) {
            assertEquals(1, Shell.run("merge", "--model", twice.toString(), "--adapter", each, "--out", folder.resolve("none").toString()).exit());
        }
    }

    private static String[] concat(String[] some, String... more) {
        return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void labelsFollowTheCheckpointThatKnowsThem() throws Exception {
        Path task = Files.writeString(folder.resolve("nli.tsv"),
                "sentence1\tsentence2\tlabel\na cat\ta dog\tcontradiction\na cat\ta cat\tentailment\nthe dog\tit ran\tneutral\n");
        Path run = folder.resolve("run");
        Shell shell = Shell.run("train", "--model", golden("roberta").toString(), "--task", task.toString(), "--method", "lora", "--out",
                run.toString(), "--steps", "1");
        assertEquals(0, shell.exit(), shell.err());
        assertEquals("[\"entailment\",\"neutral\",\"contradiction\"]",
                JSON.readTree(run.resolve("adapter/task.json").toFile()).get("labels").toString());
        Path other = Files.writeString(folder.resolve("two.tsv"), "sentence\tlabel\na cat\tyes\na dog\tno\n");
        Shell anew = Shell.run("train", "--model", golden("roberta").toString(), "--task", other.toString(), "--method", "lora", "--out",
                folder.resolve("run2").toString(), "--steps", "1");
        assertTrue(anew.err().contains("the head starts anew") && anew.err().contains("3 outputs"), anew.err());
        assertEquals("[\"no\",\"yes\"]", JSON.readTree(folder.resolve("run2/adapter/task.json").toFile()).get("labels").toString());
    }

    /// MNLI's adapter under RTE's labels, as LoRA's code starts: the factors stay as they are where nothing is trained, the head is new.
    @Test
    void anAdapterOfMoreLabelsGivesItsFactorsToATaskOfTwo() throws Exception {
        Path nli = golden("roberta").resolve("rows.jsonl");
        Path first = folder.resolve("mnli");
        String model = golden("roberta").toString();
        Shell mnli = Shell.run("train", "--model", model, "--task", nli.toString(), "--method", "lora", "--out", first.toString(), "--steps", "3",
                "--rank", "2");
        assertEquals(0, mnli.exit(), mnli.err());
        Path rte = Files.writeString(folder.resolve("rte.tsv"),
                "sentence1\tsentence2\tlabel\na cat\ta dog\tnot_entailment\na cat\ta cat\tentailment\n");
        Path second = folder.resolve("rte");
        Shell shell = Shell.run("train", "--model", model, "--task", rte.toString(), "--method", "lora", "--out", second.toString(), "--steps",
                "1", "--learning-rate", "0", "--init-adapter", first.resolve("adapter").toString());
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.err().contains("the head starts anew: there it has the labels in the order [entailment, neutral, contradiction], here the"
                + " labels in the order [entailment, not_entailment]"), shell.err());
        var before = Safetensors.read(first.resolve("adapter/adapter_model.safetensors")).byName();
        var after = Safetensors.read(second.resolve("adapter/adapter_model.safetensors")).byName();
        assertEquals(before.keySet(), after.keySet());
        int factors = 0;
        for (String name : before.keySet()) {
            boolean same = java.util.Arrays.equals(before.get(name).data(), after.get(name).data());
            assertTrue(name.contains("lora_") ? same : !same || name.endsWith("bias"), name);
            factors += name.contains("lora_") ? 1 : 0;
        }
        assertEquals(8, factors);
    }

    /// As the hub has it: `tokenizer.json` alone, and whole numbers among the tensors.
    @ParameterizedTest
    @ValueSource(strings = {"roberta", "bert"})
    void aFolderInTheHubsShapeTrainsAndIsMerged(String family) throws Exception {
        Path model = golden("hub-" + family);
        assertFalse(Files.exists(model.resolve("vocab.json")) || Files.exists(model.resolve("vocab.txt")));
        Path rows = golden(family).resolve("rows.jsonl");
        Path run = folder.resolve("run");
        Shell trained = Shell.run("train", "--model", model.toString(), "--pooling", "mean", "--task", rows.toString(), "--method", "lora",
                "--steps", "2", "--learning-rate", "1e-2", "--out", run.toString());
        assertEquals(0, trained.exit(), trained.err());
        Path merged = folder.resolve("merged");
        String adapter = run.resolve("adapter").toString();
        Shell shell = Shell.run("merge", "--model", model.toString(), "--adapter", adapter, "--out", merged.toString());
        assertEquals(0, shell.exit(), shell.err());
        assertEquals(Files.readString(model.resolve("tokenizer.json")), Files.readString(merged.resolve("tokenizer.json")));
        List<JsonNode> before = predict(model.toString(), adapter, rows);
        List<JsonNode> after = predict(merged.toString(), null, rows);
        for (int row = 0; row < before.size(); row++) {
            for (int k = 0; k < 3; k++) {
                assertEquals(before.get(row).get("logits").get(k).asDouble(), after.get(row).get("logits").get(k).asDouble(), 1e-5);
            }
        }
    }

    /// The tiny BERT and the tiny RoBERTa have the same linear layers, under a head on the mean by the same names: shapes tell nothing.
    @Test
    void anAdapterOfAnotherModelOfTheSameSizesIsRefused() throws Exception {
        String bert = golden("bert").toString();
        Path rows = golden("bert").resolve("rows.jsonl");
        Path run = folder.resolve("run");
        Shell trained = Shell.run("train", "--model", bert, "--pooling", "mean", "--task", rows.toString(), "--method", "bi-lora", "--out",
                run.toString(), "--steps", "1");
        assertEquals(0, trained.exit(), trained.err());
        Path adapter = run.resolve("adapter");
        Path task = adapter.resolve("task.json");
        assertTrue(JSON.readTree(task.toFile()).get("fingerprint").asText().matches("bert [0-9a-f]{32}"), Files.readString(task));
        Path changed = copy("bert");
        Path shard = changed.resolve("model-00002-of-00002.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>(Safetensors.read(shard).byName());
        Tensor weight = tensors.get("encoder.layer.1.output.dense.weight");
        float[] data = weight.data().clone();
        data[3] += 1;
        tensors.put("encoder.layer.1.output.dense.weight", new Tensor(weight.shape(), data));
        Safetensors.write(shard, tensors);
        Path out = folder.resolve("out");
        for (String other : List.of(golden("roberta").toString(), changed.toString())) {
            for (String[] command : new String[][] {{"predict", "--input", rows.toString()}, {"evaluate", "--task", rows.toString()},
                    {"merge", "--out", out.toString()}}) {
                Shell refused = Shell.run(concat(command, "--model", other, "--adapter", adapter.toString()));
                assertEquals(1, refused.exit(), refused.err());
                assertEquals(1, refused.errors().size(), refused.err());
                assertTrue(refused.errors().getFirst().contains(adapter + " was trained on another model than " + other), refused.err());
                assertEquals("", refused.out());
            }
            for (String part : List.of("adapter", "auxiliary")) {
                Shell start = Shell.run("train", "--model", other, "--pooling", "mean", "--task", rows.toString(), "--method", "bi-lora",
                        "--out", out.toString(), "--init-" + part, run.resolve(part).toString());
                assertEquals(1, start.exit(), start.err());
                assertTrue(start.errors().getFirst().contains(run.resolve(part) + " was trained on another model than " + other), start.err());
                assertFalse(Files.exists(out), "something was written");
            }
        }
        Path same = Files.createDirectories(folder.resolve("elsewhere"));
        try (var files = Files.list(golden("bert"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, same.resolve(file.getFileName().toString()));
            }
        }
        assertEquals(predict(bert, adapter.toString(), rows), predict(same.toString(), adapter.toString(), rows));
        ObjectNode without = (ObjectNode) JSON.readTree(task.toFile());
        without.remove("fingerprint");
        JSON.writeValue(task.toFile(), without);
        assertEquals(rows(rows), predict(changed.toString(), adapter.toString(), rows).size());
    }

    private static int rows(Path file) throws IOException {
        return Files.readAllLines(file).size();
    }

    private void refused(int exit, Path model, String... expected) throws IOException {
        Path rows = model.resolve("rows.jsonl");
        Path out = folder.resolve("refused");
        Shell shell = Shell.run("train", "--model", model.toString(), "--task", rows.toString(), "--method", "lora", "--out",
                out.toString());
        assertEquals(1, shell.errors().size(), shell.err());
        for (String part : expected) {
            assertTrue(shell.errors().getFirst().contains(part), part + " is not in " + shell.err());
        }
        assertEquals(exit, shell.exit(), shell.err());
        assertFalse(Files.exists(out), "something was written");
    }

    private static void config(Path model, String key, Object value) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(model.resolve("config.json").toFile());
        config.putPOJO(key, value);
        JSON.writeValue(model.resolve("config.json").toFile(), config);
    }

    @Test
    void aShardThatIsMissingDamagedOrElsewhereIsNamed() throws Exception {
        Path model = copy("bert");
        Path index = model.resolve("model.safetensors.index.json");
        Path second = model.resolve("model-00002-of-00002.safetensors");
        String good = Files.readString(index);
        Files.writeString(index, good.replace("model-00002-of-00002.safetensors", "../model-00002-of-00002.safetensors"));
        refused(1, model, "index.json", "not the name of a file in this folder");
        Files.writeString(index, good.replaceFirst("model-00002-of-00002", "model-00001-of-00002"));
        refused(1, model, "model-00001-of-00002.safetensors", "lacks");
        Files.writeString(index, good.replaceFirst("\"encoder.layer.1[^\\n]*\\n", ""));
        refused(1, model, "model-00002-of-00002.safetensors", "does not list");
        Files.writeString(index, "{\"weight_map\":{}}");
        refused(1, model, "weight_map");
        Files.writeString(index, good);
        byte[] whole = Files.readAllBytes(second);
        Files.write(second, java.util.Arrays.copyOf(whole, whole.length - 2));
        refused(1, model, "model-00002-of-00002.safetensors", "truncated");
        Files.writeString(second, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
        refused(1, model, "model-00002-of-00002.safetensors", "git lfs pull");
        Files.delete(second);
        refused(1, model, "model-00002-of-00002.safetensors", "missing");
        Files.delete(index);
        refused(1, model, "neither model.safetensors nor");
        Files.writeString(model.resolve("pytorch_model.bin"), "pickle");
        refused(1, model, "pytorch_model.bin", "pickle", "safetensors.torch");
    }

    @Test
    void tensorsThatDoNotFitTheConfigurationAreNamed() throws Exception {
        Path model = copy("roberta");
        Files.copy(model.resolve("config.json"), folder.resolve("config"));
        for (Object[] change : new Object[][] {
                {"num_hidden_layers", 1, "encoder.layer.1."}, {"num_hidden_layers", 3, "encoder.layer.2."},
                {"intermediate_size", 41, "[40, 24]"}, {"vocab_size", 400, "embeddings.word_embeddings.weight"},
                {"model_type", "bert", "embeddings"}, {"model_type", "gpt2", "gpt2"}, {"num_attention_heads", 5, "5 heads"},
                {"id2label", Map.of("0", "a", "1", "b"), "label2id"}, {"label2id", Map.of("a", 0, "b", 1, "c", 1), "label2id"}}) {
            config(model, (String) change[0], change[1]);
            refused(1, model, (String) change[2]);
            Files.copy(folder.resolve("config"), model.resolve("config.json"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(Safetensors.read(model.resolve("model.safetensors")).byName());
        Tensor query = tensors.remove("roberta.encoder.layer.1.attention.self.query.weight");
        Safetensors.write(model.resolve("model.safetensors"), tensors);
        refused(1, model, "no tensor encoder.layer.1.attention.self.query.weight");
        tensors.put("roberta.encoder.layer.1.attention.self.query.weight", query);
        tensors.put("encoder.layer.1.attention.self.query.weight", query);
        Safetensors.write(model.resolve("model.safetensors"), tensors);
        refused(1, model, "once more");
        tensors.remove("encoder.layer.1.attention.self.query.weight");
        float[] data = query.data().clone();
        data[7] = Float.NaN;
        tensors.put("roberta.encoder.layer.1.attention.self.query.weight", new Tensor(query.shape(), data));
        Safetensors.write(model.resolve("model.safetensors"), tensors);
        refused(1, model, "encoder.layer.1.attention.self.query.weight", "NaN at index 7");
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            Failure failure = assertThrows(Failure.class, () -> checkpoint.weights().read("encoder.layer.1.attention.self.query.weight",
                    query.shape(), 5, new float[3], 3));
            assertTrue(failure.getMessage().contains("NaN at index 7"), failure.getMessage());
            checkpoint.weights().read("encoder.layer.1.attention.self.query.weight", query.shape(), 4, new float[3], 3);
        }
    }

    @Test
    void olderNamesOfLayerNormsAreRead() throws Exception {
        Path model = copy("roberta");
        Map<String, Tensor> older = new LinkedHashMap<>();
        Safetensors.read(model.resolve("model.safetensors")).byName().forEach((name, tensor) -> older.put(
                name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), tensor));
        Safetensors.write(model.resolve("model.safetensors"), older);
        Path rows = golden("roberta").resolve("rows.jsonl");
        assertEquals(predict(golden("roberta").toString(), null, rows), predict(model.toString(), null, rows));
    }

    @Test
    void aTokenizerOfAnotherModelIsRefused() throws Exception {
        Path model = copy("roberta");
        String vocabulary = Files.readString(model.resolve("vocab.json"));
        Files.writeString(model.resolve("vocab.json"), vocabulary.replaceFirst("\\}\\s*$", ", \"more\": 999}"));
        refused(1, model, "vocab.json", "vocab_size");
        Files.writeString(model.resolve("vocab.json"), vocabulary.replace("\"<s>\": 0, \"<pad>\": 1", "\"<pad>\": 0, \"<s>\": 1"));
        refused(1, model, "<pad> is token 0", "pad_token_id");
        Files.writeString(model.resolve("vocab.json"), vocabulary.replace("\"</s>\"", "\"<end>\""));
        refused(1, model, "vocab.json", "no token </s>");
        Files.writeString(model.resolve("vocab.json"), vocabulary);
        Files.writeString(model.resolve("merges.txt"), "#version: 0.2\na b c\n");
        refused(1, model, "merges.txt, line 2");
        Files.writeString(model.resolve("tokenizer.json"), """
                {"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
                "model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}}""");
        refused(1, model, "tokenizer.json", "special tokens");
        Files.delete(model.resolve("tokenizer.json"));
        Files.delete(model.resolve("merges.txt"));
        refused(1, model, "no tokenizer");
    }

    @Test
    void aPoolingThatTheModelDoesNotHaveIsRefused() throws Exception {
        Path rows = golden("bert").resolve("rows.jsonl");
        Shell shell = Shell.run("train", "--model", golden("bert").toString(), "--pooling", "first", "--task", rows.toString(), "--method",
                "lora", "--out", folder.resolve("run").toString());
        assertEquals(2, shell.exit());
        assertTrue(shell.errors().getFirst().contains("--pooling pooler or mean"), shell.err());
        Path model = copy("bert");
        Path second = model.resolve("model-00002-of-00002.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>(Safetensors.read(second).byName());
        tensors.keySet().removeIf(name -> name.startsWith("pooler"));
        Safetensors.write(second, tensors);
        Path index = model.resolve("model.safetensors.index.json");
        Files.writeString(index, Files.readString(index).replaceAll(",?\\s*\"pooler[^,}\\n]*", ""));
        refused(1, model, "pooler.dense.weight", "--pooling mean");
    }
}
