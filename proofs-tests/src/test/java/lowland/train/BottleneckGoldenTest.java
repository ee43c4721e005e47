package lowland.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import lowland.cpu.CpuDevice;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.model.Bottleneck;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.rule.Lora;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Adapter layers around transformers' own modules in torch: logits, loss, every gradient, and a step along it. Bounds as in [GoldenTest].
class BottleneckGoldenTest {
    private static final double SLACK = 4;
    private static final double DOUBLE = 0x1p-29 * 16;
    private static final double RATE = 0.5;
    private static final double HEAD_RATE = 0.25;

    @TestFactory
    Stream<DynamicTest> adapterLayersAreWhereTheirPapersPutThem() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String family : Golden.FAMILIES) {
            for (Bottleneck.Kind kind : List.of(Bottleneck.Kind.PFEIFFER, Bottleneck.Kind.HOULSBY, Bottleneck.Kind.LIN)) {
                for (Device device : List.of(new Interpreter(), new CpuDevice(2))) {
                    tests.add(DynamicTest.dynamicTest(family + " " + kind + " on the " + device.name(),
                            () -> check(family, kind, device, device instanceof Interpreter ? SLACK * DOUBLE : SLACK)));
                }
            }
        }
        return tests.stream();
    }

    private static void check(String family, Bottleneck.Kind kind, Device device, double slack) throws Exception {
        JsonNode golden = new ObjectMapper().readTree(Golden.folder(family).resolve("bottleneck.json").toFile())
                .get(kind.name().toLowerCase(Locale.ROOT));
        try (Golden all = new Golden(family)) {
            Pretrained pretrained = all.pretrained.with(new Bottleneck(kind, golden.get("size").asInt()));
            Settings settings = new Settings(Lora.defaults(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 1), Settings.Pairs.NONE,
                    new Settings.Optimisation(Sgd.defaults(), RATE, HEAD_RATE, new Schedule(Schedule.Shape.CONSTANT, 1, 0), 0),
                    new Settings.Batching(all.rows.size(), 1, false, 0), Settings.Regularisation.NONE, 0);
            try (Training training = new Training(pretrained, settings, all.rows, Golden.CLASSES, false, all.rows.mostTokens(1), device)) {
                start(training, all);
                compare(training, all.rows, golden, slack);
            }
        }
    }

    /// What `bottleneck.py` starts from.
    private static void start(Training training, Golden golden) {
        List<State> inserted = training.model().inserted();
        int inLayer = inserted.size();
        for (int n = 0; n < inLayer; n++) {
            State state = inserted.get(n);
            for (int layer = 0; layer < state.slices(); layer++) {
                float[] values = new float[state.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (0.3 * Math.sin(i + n + layer * inLayer)) + (state.name().endsWith("norm.weight") ? 1 : 0);
                }
                training.session().write(state, layer, values);
            }
        }
        for (State state : training.model().head()) {
            training.session().write(state, 0, Golden.floats(golden.tensor("start/" + state.name())));
        }
    }

    private static void compare(Training training, Rows rows, JsonNode golden, double slack) {
        JsonNode witness = golden.get("witness");
        double[] logits = new double[rows.size() * Golden.CLASSES];
        double[] truth = new double[logits.length];
        Evaluation evaluation = training.evaluate(rows);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = evaluation.logits()[i / Golden.CLASSES][i % Golden.CLASSES];
            truth[i] = golden.get("logits").get(i / Golden.CLASSES).get(i % Golden.CLASSES).asDouble();
        }
        // Floats at the end of a double's run: a unit of float is lost there.
        within("logits", Golden.error(logits, truth, new double[truth.length]), slack * witness.get("logits").asDouble() + 0x1p-24);
        List<State> trained = new ArrayList<>(training.model().inserted());
        trained.addAll(training.model().head());
        List<double[]> before = new ArrayList<>();
        trained.forEach(state -> slices(state, layer -> before.add(Golden.values(training, state, layer))));
        double loss = golden.get("loss").asDouble();
        within("loss", Math.abs(training.step().loss() - loss) / loss, slack * witness.get("logits").asDouble());
        int[] at = new int[1];
        for (State state : trained) {
            State gradient = new State(state.name() + ".gradient", state.type(), state.shape(), state.repeat());
            double rate = training.model().inserted().contains(state) ? RATE : HEAD_RATE;
            slices(state, layer -> {
                String name = Golden.name(state, layer);
                double[] expected = numbers(golden.get("gradient").get(name));
                double[] found = Golden.values(training, gradient, layer);
                within(name, Golden.error(found, expected, new double[expected.length]), slack * witness.get("gradient").asDouble());
                double[] after = Golden.values(training, state, layer);
                double[] from = before.get(at[0]++);
                for (int i = 0; i < after.length; i++) {
                    double step = from[i] - rate * found[i];
                    assertEquals(step, after[i], 0x1p-22 * (Math.abs(from[i]) + Math.abs(rate * found[i])), name);
                }
            });
        }
        assertEquals(golden.get("gradient").size(), at[0]);
    }

    private static void slices(State state, java.util.function.IntConsumer each) {
        for (int layer = 0; layer < state.slices(); layer++) {
            each.accept(layer);
        }
    }

    private static double[] numbers(JsonNode list) {
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = list.get(i).asDouble();
        }
        return numbers;
    }

    private static void within(String what, double error, double bound) {
        assertTrue(error <= bound, () -> what + ": error " + error + ", allowed " + bound);
    }
}
