package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.step.Factors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Against transformers and torch: tokens, logits, loss, every gradient, and five steps of each method with AdamW and SGD. The truth is
/// the witness in float64; what the witness loses in float32 is what may be lost here on the CPU, four times at most, and on the
/// interpreter the same in units of double's precision.
class GoldenTest {
    private static final double SLACK = 4;
    /// The unit of double by that of float, with room for sums of another order.
    private static final double DOUBLE = 0x1p-29 * 16;

    private static Stream<DynamicTest> each(String what, Check check) {
        List<DynamicTest> tests = new ArrayList<>();
        for (String family : Golden.FAMILIES) {
            for (Device device : List.of(new Interpreter(), new CpuDevice(2))) {
                tests.add(DynamicTest.dynamicTest(family + " " + what + " on the " + device.name(), () -> {
                    try (Golden golden = new Golden(family)) {
                        check.run(golden, device, device instanceof Interpreter ? SLACK * DOUBLE : SLACK);
                    }
                }));
            }
        }
        return tests.stream();
    }

    /// @param slack times the witness's own error is allowed
    private interface Check {
        void run(Golden golden, Device device, double slack) throws IOException;
    }

    private static void within(String what, double error, JsonNode witness, double slack) {
        double bound = slack * witness.asDouble();
        assertTrue(error <= bound, () -> what + ": error " + error + ", allowed " + bound);
    }

    @TestFactory
    Stream<DynamicTest> tokens() {
        return Golden.FAMILIES.stream().map(family -> DynamicTest.dynamicTest(family, () -> {
            try (Golden golden = new Golden(family)) {
                assertEquals(10, golden.rows.size());
                for (int row = 0; row < golden.rows.size(); row++) {
                    JsonNode tokens = golden.json.get("tokens").get(row);
                    assertArrayEquals(ints(tokens.get("input_ids")), golden.rows.encodings().get(row).ids(), "row " + row);
                    int[] types = tokens.has("token_type_ids") ? ints(tokens.get("token_type_ids")) : new int[golden.rows.tokens(row)];
                    assertArrayEquals(types, golden.rows.encodings().get(row).typeIds(), "row " + row);
                }
            }
        }));
    }

    private static int[] ints(JsonNode array) {
        int[] ints = new int[array.size()];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = array.get(i).asInt();
        }
        return ints;
    }

    @TestFactory
    Stream<DynamicTest> logits() {
        return each("logits", (golden, device, slack) -> {
            try (Training training = golden.training(golden.wide(), "wide/start/", device)) {
                // Floats at the end of a double's run: a unit of float is lost there.
                double most = slack * golden.json.get("witness").get("logits").asDouble() + 0x1p-24;
                Evaluation adapted = training.evaluate(golden.rows);
                assertTrue(error(adapted, golden.tensor("wide/logits")) <= most, "adapted");
                for (Factors pair : training.program().adapter()) {
                    for (int layer = 0; layer < pair.b().slices(); layer++) {
                        training.session().write(pair.b(), layer, new float[pair.b().size()]);
                    }
                }
                assertTrue(error(training.evaluate(golden.rows), golden.tensor("logits")) <= most, "without an adapter");
                if (golden.pretrained.outputs() > 0) {
                    Adapters.loadHead(training, golden.pretrained);
                    assertTrue(error(training.evaluate(golden.rows), golden.tensor("logits")) <= most, "under the checkpoint's own head");
                }
            }
        });
    }

    private static double error(Evaluation evaluation, double[] truth) {
        double[] found = new double[truth.length];
        for (int i = 0; i < found.length; i++) {
            found[i] = evaluation.logits()[i / Golden.CLASSES][i % Golden.CLASSES];
        }
        return Golden.error(found, truth, new double[truth.length]);
    }

    @TestFactory
    Stream<DynamicTest> gradients() {
        return each("gradients", (golden, device, slack) -> {
            try (Training training = golden.training(golden.wide(), "wide/start/", device)) {
                double loss = training.step().loss();
                JsonNode witness = golden.json.get("witness");
                double truth = golden.json.get("loss").asDouble();
                // The witness's loss may be right by luck; its logits are not.
                within("loss", Math.abs(loss - truth) / truth, witness.get("logits"), slack);
                List<State> trained = new ArrayList<>(training.model().head());
                training.program().adapter().forEach(pair -> trained.addAll(List.of(pair.a(), pair.b())));
                for (State state : trained) {
                    State gradient = new State(state.name() + ".gradient", state.type(), state.shape(), state.repeat());
                    for (int layer = 0; layer < state.slices(); layer++) {
                        String name = Golden.name(state, layer);
                        double[] expected = golden.tensor("wide/gradient/" + name);
                        within(name, Golden.error(Golden.values(training, gradient, layer), expected, new double[expected.length]),
                                witness.get("gradient"), slack);
                    }
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> fiveSteps() {
        return Stream.of("lora", "lora-sam", "fmlora", "efmlora", "bi-lora").flatMap(method -> Stream.of("adamw", "sgd").flatMap(
                optimizer -> each(optimizer + "/" + method,
                        (golden, device, slack) -> fiveSteps(golden, device, slack, method, optimizer))));
    }

    private static void fiveSteps(Golden golden, Device device, double slack, String method, String optimizer) {
        String run = optimizer + "/" + method;
        JsonNode expected = golden.json.get("runs").get(run);
        JsonNode witness = expected.get("witness");
        try (Training training = golden.training(Golden.settings(method, optimizer.equals("adamw")), "start/", device)) {
            for (int t = 0; t < 5; t++) {
                double truth = expected.get("losses").get(t).asDouble();
                within(run + " loss of step " + (t + 1), Math.abs(training.step().loss() - truth) / truth,
                        golden.json.get("witness").get("losses"), slack);
            }
            List<State> trained = new ArrayList<>(training.model().head());
            training.program().adapter().forEach(pair -> trained.addAll(List.of(pair.a(), pair.b())));
            training.program().auxiliary().forEach(pair -> trained.addAll(List.of(pair.a(), pair.b())));
            for (State state : trained) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    String name = Golden.name(state, layer);
                    within(run + " " + name, Golden.error(Golden.values(training, state, layer), golden.tensor(run + "/" + name),
                            golden.tensor("start/" + name)), witness.get("values"), slack);
                }
            }
        }
    }
}
