package lowland.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lowland.cpu.CpuDevice;
import lowland.data.Example;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.step.Factors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// A head with one output under the squared error, as transformers has it for STS-B: logits, loss, every gradient. Bounds as in [GoldenTest].
class RegressionGoldenTest {
    private static final double SLACK = 4;
    private static final double DOUBLE = 0x1p-29 * 16;

    @TestFactory
    Stream<DynamicTest> oneOutputIsTrainedOnTheSquaredError() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String family : Golden.FAMILIES) {
            for (Device device : List.of(new Interpreter(), new CpuDevice(2))) {
                tests.add(DynamicTest.dynamicTest(family + " on the " + device.name(), () -> {
                    try (Golden golden = new Golden(family)) {
                        check(golden, device, device instanceof Interpreter ? SLACK * DOUBLE : SLACK);
                    }
                }));
            }
        }
        return tests.stream();
    }

    private static void check(Golden golden, Device device, double slack) throws Exception {
        JsonNode expected = new ObjectMapper().readTree(golden.folder.resolve("regression.json").toFile());
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < golden.rows.size(); i++) {
            Example row = golden.rows.examples().get(i);
            examples.add(new Example(row.row(), row.text(), row.pair(), -1, 1.25 * row.label() + i / 4.0));
        }
        Rows rows = Rows.of("rows", examples, golden.pretrained.tokenizer(), 0);
        Settings like = Golden.settings("lora", true);
        Settings settings = new Settings(like.rule(), like.rho(), like.pairs(), golden.wide().optimisation(),
                new Settings.Batching(rows.size(), 1, false, 0), Settings.Regularisation.NONE, 0);
        try (Training training = new Training(golden.pretrained, settings, rows, 1, true, rows.mostTokens(1), device)) {
            List<State> trained = new ArrayList<>(training.model().head());
            for (int n = 0; n < training.model().head().size(); n++) {
                State state = training.model().head().get(n);
                float[] values = new float[state.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (0.3 * Math.sin(i + n));
                }
                training.session().write(state, 0, values);
            }
            for (Factors pair : training.program().adapter()) {
                for (State factor : List.of(pair.a(), pair.b())) {
                    trained.add(factor);
                    for (int layer = 0; layer < factor.slices(); layer++) {
                        training.session().write(factor, layer, Golden.floats(golden.tensor("start/" + Golden.name(factor, layer))));
                    }
                }
            }
            JsonNode witness = expected.get("witness");
            double[] truth = doubles(expected.get("logits"));
            double[] found = new double[truth.length];
            Evaluation evaluation = training.evaluate(rows);
            for (int i = 0; i < found.length; i++) {
                assertEquals(1, evaluation.logits()[i].length);
                found[i] = evaluation.logits()[i][0];
            }
            // Floats at the end of a double's run: a unit of float is lost there.
            within("logits", Golden.error(found, truth, new double[truth.length]), slack * witness.get("logits").asDouble() + 0x1p-24);
            double loss = expected.get("loss").asDouble();
            // Of the mean of (z - y)^2: 2 |dz| / |z - y|, with |dz| as the logits are allowed.
            double size = 0;
            double distance = 0;
            for (int i = 0; i < truth.length; i++) {
                size += truth[i] * truth[i];
                distance += (truth[i] - examples.get(i).target()) * (truth[i] - examples.get(i).target());
            }
            within("loss", Math.abs(training.step().loss() - loss) / loss,
                    2 * slack * witness.get("logits").asDouble() * Math.sqrt(size / distance));
            for (State state : trained) {
                State gradient = new State(state.name() + ".gradient", state.type(), state.shape(), state.repeat());
                for (int layer = 0; layer < state.slices(); layer++) {
                    String name = Golden.name(state, layer);
                    double[] of = doubles(expected.get("gradient").get(name));
                    within(name, Golden.error(Golden.values(training, gradient, layer), of, new double[of.length]),
                            slack * witness.get("gradient").asDouble());
                }
            }
        }
    }

    private static double[] doubles(JsonNode array) {
        double[] values = new double[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asDouble();
        }
        return values;
    }

    private static void within(String what, double error, double bound) {
        assertTrue(error <= bound, () -> what + ": error " + error + ", allowed " + bound);
    }
}
