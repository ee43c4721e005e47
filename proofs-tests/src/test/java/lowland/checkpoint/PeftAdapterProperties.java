package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import lowland.Failure;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

class PeftAdapterProperties {
    private static final String PREFIX = "base_model.model.";
    private static final Map<String, int[]> LINEARS = linears();
    private static final Map<String, int[]> HEAD = Map.of("classifier.weight", new int[] {3, 5}, "classifier.bias", new int[] {3});

    private Path folder;

    private static Map<String, int[]> linears() {
        Map<String, int[]> linears = new LinkedHashMap<>();
        for (int l = 0; l < 2; l++) {
            linears.put("encoder.layer." + l + ".attention.self.query", new int[] {5, 5});
            linears.put("encoder.layer." + l + ".attention.self.value", new int[] {5, 5});
            linears.put("encoder.layer." + l + ".intermediate.dense", new int[] {7, 5});
        }
        return linears;
    }

    @BeforeTry
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory("adapter");
    }

    @AfterTry
    void removeFolder() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.toList().reversed()) {
                Files.delete(file);
            }
        }
    }

    @Property(tries = 100)
    void whatIsWrittenReadsBack(
            @ForAll @IntRange(min = 1, max = 9) int rank,
            @ForAll @DoubleRange(min = -100, max = 100) double alpha,
            @ForAll @DoubleRange(max = 0.99) double dropout,
            @ForAll boolean stabilized,
            @ForAll boolean dora,
            @ForAll long seed) {
        PeftConfig config = new PeftConfig("SEQ_CLS", "base", rank, alpha, dropout, List.of("value", "dense"), stabilized,
                List.of("classifier"), dora);
        PeftAdapter adapter = adapter(config, seed);
        adapter.write(folder.resolve("new/adapter"), LINEARS, HEAD);
        PeftAdapter read = PeftAdapter.read(folder.resolve("new/adapter"), LINEARS, HEAD);
        assertEquals(adapter, read);
        assertEquals(stabilized ? alpha / Math.sqrt(rank) : alpha / rank, read.config().scaling());
    }

    @Example
    void theKeysAreThoseOfPeft() {
        adapter(config(), 1).write(folder, LINEARS, HEAD);
        assertEquals(
                List.of(PREFIX + "classifier.bias", PREFIX + "classifier.weight",
                        PREFIX + "encoder.layer.0.attention.self.query.lora_A.weight", PREFIX + "encoder.layer.0.attention.self.query.lora_B.weight",
                        PREFIX + "encoder.layer.1.attention.self.query.lora_A.weight", PREFIX + "encoder.layer.1.attention.self.query.lora_B.weight"),
                List.copyOf(Safetensors.read(folder.resolve(PeftAdapter.NAME)).names()));
        Tensors stored = Safetensors.read(folder.resolve(PeftAdapter.NAME));
        stored.get(PREFIX + "encoder.layer.0.attention.self.query.lora_A.weight", 2, 5);
        stored.get(PREFIX + "encoder.layer.0.attention.self.query.lora_B.weight", 5, 2);
    }

    @Example
    void theConfigurationIsTheOneThatPeftReads() throws IOException {
        config().write(folder);
        assertEquals("""
                {"peft_type":"LORA","task_type":null,"base_model_name_or_path":"minilm","revision":null,"inference_mode":true,\
                "r":2,"lora_alpha":4,"lora_dropout":0.0,"target_modules":["query"],"bias":"none","fan_in_fan_out":false,\
                "modules_to_save":["classifier"],"init_lora_weights":true,"use_rslora":false,"use_dora":false,"rank_pattern":{},\
                "alpha_pattern":{},"layers_to_transform":null,"layers_pattern":null}""",
                JsonFile.read(folder.resolve(PeftConfig.NAME)).root().toString());
    }

    @Example
    void everyWrongKeyIsNamed() {
        String a = PREFIX + "encoder.layer.1.attention.self.query.lora_A.weight";
        String b = PREFIX + "encoder.layer.1.attention.self.query.lora_B.weight";
        refused(t -> without(t, a), a);
        refused(t -> without(t, b), b);
        refused(t -> without(without(t, a), b), a);
        refused(t -> without(t, PREFIX + "classifier.bias"), "classifier.bias");
        refused(t -> with(t, "classifier.bias", Tensor.vector(1, 2, 3)), "know");
        refused(t -> with(t, a.replace("query", "key"), Tensor.matrix(2, 5, new float[10])), "key.lora_A");
        refused(t -> with(t, a, Tensor.matrix(3, 5, new float[15])), a);
        refused(t -> with(t, a, Tensor.matrix(5, 2, new float[10])), a);
        refused(t -> with(t, b, Tensor.matrix(2, 5, new float[10])), b);
        refused(t -> with(t, b, Tensor.vector(new float[10])), b);
        refused(t -> with(t, PREFIX + "classifier.weight", Tensor.matrix(5, 3, new float[15])), "classifier.weight");
        refused(t -> with(t, a, Tensor.matrix(2, 5, 1, 2, 3, 4, 5, 6, 7, Float.NaN, 9, 10)), "NaN at index 7");
        String dense = PREFIX + "encoder.layer.0.intermediate.dense.lora_";
        refused(t -> with(with(t, dense + "A.weight", Tensor.matrix(2, 5, new float[10])), dense + "B.weight",
                Tensor.matrix(7, 2, new float[14])), "target_modules does not name");
    }

    @Example
    void anAdapterThatDoesNotFitIsNotWritten() {
        PeftAdapter good = adapter(config(), 1);
        good.write(folder, LINEARS, HEAD);
        Map<String, PeftAdapter.Factors> few = new LinkedHashMap<>(good.factors());
        few.remove("encoder.layer.1.attention.self.query");
        Map<String, PeftAdapter.Factors> foreign = new LinkedHashMap<>(good.factors());
        foreign.put("encoder.layer.9.attention.self.query", good.factors().get("encoder.layer.1.attention.self.query"));
        Map<String, PeftAdapter.Factors> turned = new LinkedHashMap<>(good.factors());
        turned.replaceAll((_, pair) -> new PeftAdapter.Factors(pair.b(), pair.a()));
        for (Map<String, PeftAdapter.Factors> bad : List.of(few, foreign, turned, Map.<String, PeftAdapter.Factors>of())) {
            assertThrows(Failure.class, () -> new PeftAdapter(config(), bad, good.head()).write(folder, LINEARS, HEAD));
        }
        assertThrows(Failure.class, () -> new PeftAdapter(config(), good.factors(), Map.of()).write(folder, LINEARS, HEAD));
        assertThrows(Failure.class, () -> good.write(folder, LINEARS, Map.of()));
        assertEquals(good, PeftAdapter.read(folder, LINEARS, HEAD));
    }

    @Example
    void aFewFieldsAreEnoughAndPeftsDefaultsHold() throws IOException {
        configuration("{\"peft_type\":\"LORA\"}");
        assertEquals(new PeftConfig(null, null, 8, 8, 0, List.of(), false, List.of()), PeftConfig.read(folder));
        configuration("""
                {"alora_invocation_tokens":null,"alpha_pattern":{},"arrow_config":null,"auto_mapping":null,"base_model_name_or_path":"x",
                "bias":"none","corda_config":null,"eva_config":null,"exclude_modules":null,"fan_in_fan_out":false,"inference_mode":true,
                "init_lora_weights":"gaussian","layer_replication":null,"loftq_config":{},"lora_alpha":16,"lora_bias":false,"lora_dropout":0.1,
                "megatron_config":null,"megatron_core":"megatron.core","modules_to_save":["classifier","score"],"peft_type":"LORA",
                "peft_version":"0.21.2","qalora_group_size":16,"r":4,"rank_pattern":{},"revision":null,"target_modules":["value","query"],
                "target_parameters":null,"task_type":"SEQ_CLS","trainable_token_indices":null,"use_dora":false,"use_qalora":false,"use_rslora":true}""");
        assertEquals(
                new PeftConfig("SEQ_CLS", "x", 4, 16, 0.1, List.of("query", "value"), true, List.of("classifier", "score")),
                PeftConfig.read(folder));
    }

    @Example
    void targetsAreWholePathsOrTheirLastParts() throws IOException {
        configuration("{\"peft_type\":\"LORA\",\"target_modules\":[\"query\",\"attention.output.dense\"]}");
        PeftConfig config = PeftConfig.read(folder);
        assertTrue(config.adapts("query") && config.adapts("a.query") && config.adapts("x.attention.output.dense"));
        assertFalse(config.adapts("a.subquery") || config.adapts("output.dense") || config.adapts("query.a"));
        configuration("{\"peft_type\":\"LORA\",\"target_modules\":\"all-linear\"}");
        assertTrue(PeftConfig.read(folder).adapts("anything"));
        // A regular expression: the tensors say which modules.
        adapter(config(), 1).write(folder, LINEARS, HEAD);
        configuration("{\"peft_type\":\"LORA\",\"r\":2,\"target_modules\":\".*(a+)+query\",\"modules_to_save\":[\"classifier\"]}");
        assertEquals(2, PeftAdapter.read(folder, LINEARS, HEAD).factors().size());
    }

    @Example
    void settingsThatWouldBeIgnoredAreRefused() throws IOException {
        for (String setting : List.of("\"use_dora\":1", "\"bias\":\"all\"", "\"rank_pattern\":{\"query\":3}", "\"lora_bias\":true",
                "\"fan_in_fan_out\":true", "\"init_lora_weights\":\"pissa\"", "\"r\":0", "\"r\":2.5", "\"r\":\"8\"", "\"lora_alpha\":\"x\"",
                "\"lora_alpha\":1e999", "\"lora_dropout\":1", "\"target_modules\":[1]", "\"use_rslora\":1", "\"r\":8,\"r\":9")) {
            configuration("{\"peft_type\":\"LORA\"," + setting + "}");
            Failure failure = assertThrows(Failure.class, () -> PeftConfig.read(folder), setting);
            assertTrue(failure.getMessage().contains(PeftConfig.NAME), failure.getMessage());
        }
        for (String whole : List.of("", "{", "[]", "{\"peft_type\":\"LORA\"} x", "{}", "{\"peft_type\":\"IA3\"}")) {
            configuration(whole);
            assertThrows(Failure.class, () -> PeftConfig.read(folder), whole);
        }
        Files.delete(folder.resolve(PeftConfig.NAME));
        assertThrows(Failure.class, () -> PeftConfig.read(folder));
    }

    /// A missing magnitude, one of another length, and one that the configuration does not speak of.
    @Example
    void magnitudesAreCheckedBothWays() {
        String key = PREFIX + "encoder.layer.1.attention.self.query.lora_magnitude_vector";
        PeftConfig dora = new PeftConfig(null, "minilm", 2, 4, 0, List.of("query"), false, List.of("classifier"), true);
        for (UnaryOperator<Map<String, Tensor>> damage : List.<UnaryOperator<Map<String, Tensor>>>of(
                tensors -> without(tensors, key), tensors -> with(tensors, key, new Tensor(new int[] {1}, new float[] {1})),
                tensors -> with(tensors, key, new Tensor(tensors.get(key).shape(), notFinite(tensors.get(key).data().length))))) {
            adapter(dora, 1).write(folder, LINEARS, HEAD);
            Path file = folder.resolve(PeftAdapter.NAME);
            Safetensors.write(file, damage.apply(new LinkedHashMap<>(Safetensors.read(file).byName())));
            Failure failure = assertThrows(Failure.class, () -> PeftAdapter.read(folder, LINEARS, HEAD));
            assertTrue(failure.getMessage().contains("lora_magnitude_vector"), failure.getMessage());
        }
        refused(tensors -> with(tensors, key, new Tensor(new int[] {1}, new float[] {1})), "lora_magnitude_vector");
    }

    private static float[] notFinite(int length) {
        float[] values = new float[length];
        values[0] = Float.NaN;
        return values;
    }

    private void refused(UnaryOperator<Map<String, Tensor>> damage, String named) {
        adapter(config(), 1).write(folder, LINEARS, HEAD);
        Path file = folder.resolve(PeftAdapter.NAME);
        Safetensors.write(file, damage.apply(new LinkedHashMap<>(Safetensors.read(file).byName())));
        Failure failure = assertThrows(Failure.class, () -> PeftAdapter.read(folder, LINEARS, HEAD), named);
        assertTrue(failure.getMessage().contains(named) && failure.getMessage().contains(PeftAdapter.NAME), failure.getMessage());
    }

    private static Map<String, Tensor> without(Map<String, Tensor> tensors, String key) {
        assertTrue(tensors.remove(key) != null, key);
        return tensors;
    }

    private static Map<String, Tensor> with(Map<String, Tensor> tensors, String key, Tensor tensor) {
        tensors.put(key, tensor);
        return tensors;
    }

    private void configuration(String json) throws IOException {
        Files.writeString(folder.resolve(PeftConfig.NAME), json);
    }

    private static PeftConfig config() {
        return new PeftConfig(null, "minilm", 2, 4, 0, List.of("query"), false, List.of("classifier"));
    }

    private static PeftAdapter adapter(PeftConfig config, long seed) {
        Random random = new Random(seed);
        Map<String, PeftAdapter.Factors> factors = new LinkedHashMap<>();
        LINEARS.forEach((path, outIn) -> {
            if (config.adapts(path)) {
                int r = config.rank();
                factors.put(path, new PeftAdapter.Factors(random(random, r, outIn[1]), random(random, outIn[0], r),
                        config.dora() ? random(random, outIn[0]) : null));
            }
        });
        Map<String, Tensor> head = new LinkedHashMap<>();
        head.put("classifier.weight", random(random, 3, 5));
        head.put("classifier.bias", random(random, 3));
        return new PeftAdapter(config, factors, head);
    }

    private static Tensor random(Random random, int... shape) {
        int size = 1;
        for (int extent : shape) {
            size *= extent;
        }
        float[] data = new float[size];
        for (int i = 0; i < size; i++) {
            data[i] = (float) random.nextGaussian();
        }
        return new Tensor(shape, data);
    }
}
