package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lowland.cpu.CpuDevice;
import lowland.data.Example;
import lowland.data.FewShot;
import lowland.data.Prompt;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.rule.Lora;
import lowland.step.Factors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Prompts against transformers' masked-language models: tokens and gap, the label words' logits, the loss, the gradients of the head and
/// of a pair below it. Two checkpoints have the hub's shape: `tokenizer.json`, whole numbers among the tensors, a head with a table and a bias
/// of its own. Bounds as in [GoldenTest].
class MaskedGoldenTest {
    private static final double SLACK = 4;
    private static final double DOUBLE = 0x1p-29 * 16;
    private static final Map<String, List<String>> HEAD = Map.of(
            "roberta", List.of("lm_head.dense.weight", "lm_head.dense.bias", "lm_head.layer_norm.weight", "lm_head.layer_norm.bias",
                    "lm_head.decoder.weight", "lm_head.bias"),
            "bert", List.of("cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.bias",
                    "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.bias", "cls.predictions.decoder.weight",
                    "cls.predictions.bias"));
    private static final List<String> NAMES = List.of("dense.weight", "dense.bias", "norm.weight", "norm.bias", "words.weight", "words.bias");

    @TestFactory
    Stream<DynamicTest> aPromptIsReadAndAnsweredAsThere() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String folder : List.of("masked-roberta", "masked-bert", "hub-roberta", "hub-bert")) {
            for (String task : folder.startsWith("hub") ? List.of("sst-2", "mnli") : List.of("sst-2", "sst-5", "mnli", "rte", "trec")) {
                for (Device device : List.of(new Interpreter(), new CpuDevice(2))) {
                    tests.add(DynamicTest.dynamicTest(folder + " " + task + " on the " + device.name(),
                            () -> check(folder, task, device, device instanceof Interpreter ? SLACK * DOUBLE : SLACK)));
                }
            }
        }
        return tests.stream();
    }

    private static void check(String name, String task, Device device, double slack) throws Exception {
        Path folder = Golden.folder(name);
        JsonNode json = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
        JsonNode golden = json.get("tasks").get(task);
        Prompt prompt = FewShot.of("fewshot/" + task).prompt();
        List<Example> examples = new ArrayList<>();
        for (int row = 0; row < json.get("rows").size(); row++) {
            JsonNode texts = json.get("rows").get(row);
            examples.add(new Example(row + 1, texts.get(0).asText(), texts.get(1).asText(), golden.get("labels").get(row).asInt(), Double.NaN));
        }
        try (Pretrained opened = Pretrained.open(folder.toString(), "mean")) {
            Pretrained pretrained = opened.prompted(prompt);
            Rows rows = Rows.of("rows", examples, prompt, pretrained.tokenizer(), 0);
            for (int row = 0; row < rows.size(); row++) {
                assertArrayEquals(ints(golden.get("tokens").get(row)), rows.encodings().get(row).ids(), "row " + row);
                assertEquals(golden.get("gaps").get(row).asInt(), rows.encodings().get(row).read(), "row " + row);
            }
            for (int row = 0; json.has("pairs") && row < rows.size(); row++) {
                int[] ids = pretrained.tokenizer().encode(examples.get(row).text(), examples.get(row).pair()).ids();
                assertArrayEquals(ints(json.get("pairs").get(row)), ids, "pair " + row);
            }
            assertArrayEquals(ints(golden.get("words")), pretrained.tokenizer().words(prompt.words()));
            Settings settings = new Settings(Lora.defaults(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 1),
                    new Settings.Pairs(List.of("query"), new Settings.Size(2, 3)),
                    new Settings.Optimisation(Sgd.defaults(), 0, 0, new Schedule(Schedule.Shape.CONSTANT, 1, 0), 0),
                    new Settings.Batching(rows.size(), 1, false, 0), Settings.Regularisation.NONE, 0);
            try (Training training = new Training(pretrained, settings, rows, prompt.words().size(), false, rows.mostTokens(1), device)) {
                compare(name.substring(name.indexOf('-') + 1), golden, pretrained, training, rows, slack);
            }
        }
    }

    private static void compare(String family, JsonNode golden, Pretrained pretrained, Training training, Rows rows, double slack) {
        Adapters.loadHead(training, pretrained);
        Factors pair = training.program().adapter().getFirst();
        float[] a = new float[pair.a().size()];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) Math.sin(i);
        }
        for (int layer = 0; layer < 2; layer++) {
            training.session().write(pair.a(), layer, a);
        }
        JsonNode witness = golden.get("witness");
        int classes = golden.get("words").size();
        double[] logits = new double[rows.size() * classes];
        double[] truth = new double[logits.length];
        Evaluation evaluation = training.evaluate(rows);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = evaluation.logits()[i / classes][i % classes];
            truth[i] = golden.get("logits").get(i / classes).get(i % classes).asDouble();
        }
        // Floats at the end of a double's run: a unit of float is lost there.
        within("logits", Golden.error(logits, truth, new double[truth.length]), slack * witness.get("logits").asDouble() + 0x1p-24);
        double loss = golden.get("loss").asDouble();
        within("loss", Math.abs(training.step().loss() - loss) / loss, slack * witness.get("logits").asDouble());
        assertEquals(HEAD.get(family), training.model().head().stream().map(State::name).toList());
        for (int i = 0; i < NAMES.size(); i++) {
            gradient(training, training.model().head().get(i), 0, golden, NAMES.get(i), slack);
        }
        for (int layer = 0; layer < 2; layer++) {
            gradient(training, pair.b(), layer, golden, "query." + layer + ".B", slack);
        }
    }

    private static void gradient(Training training, State state, int layer, JsonNode golden, String name, double slack) {
        State gradient = new State(state.name() + ".gradient", state.type(), state.shape(), state.repeat());
        JsonNode expected = golden.get("gradient").get(name);
        double[] truth = new double[expected.size()];
        for (int i = 0; i < truth.length; i++) {
            truth[i] = expected.get(i).asDouble();
        }
        within(name, Golden.error(Golden.values(training, gradient, layer), truth, new double[truth.length]),
                slack * golden.get("witness").get("gradient").asDouble());
    }

    private static void within(String what, double error, double bound) {
        assertTrue(error <= bound, () -> what + ": error " + error + ", allowed " + bound);
    }

    private static int[] ints(JsonNode array) {
        int[] ints = new int[array.size()];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = array.get(i).asInt();
        }
        return ints;
    }
}
