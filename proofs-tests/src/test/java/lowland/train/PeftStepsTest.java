package lowland.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lowland.cpu.CpuDevice;
import lowland.descent.AdamW;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.rule.Lora;
import lowland.rule.Scaling;
import lowland.step.Factors;
import lowland.step.Linear;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// DoRA and rank-stabilised LoRA against peft's own modules under torch's AdamW: logits, loss, every gradient, five steps. Bounds as in
/// [GoldenTest].
class PeftStepsTest {
    private static final double SLACK = 4;
    private static final double DOUBLE = 0x1p-29 * 16;

    @TestFactory
    Stream<DynamicTest> whatPeftComputesIsComputedHere() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String family : Golden.FAMILIES) {
            for (String form : List.of("dora", "rslora")) {
                for (Device device : List.of(new Interpreter(), new CpuDevice(2))) {
                    tests.add(DynamicTest.dynamicTest(family + " " + form + " on the " + device.name(), () -> {
                        try (Golden golden = new Golden(family)) {
                            golden.read(golden.folder.resolve("peft-steps.safetensors"));
                            JsonNode expected = new ObjectMapper().readTree(golden.folder.resolve("peft-steps.json").toFile()).get(form);
                            double slack = device instanceof Interpreter ? SLACK * DOUBLE : SLACK;
                            atTheStart(golden, expected, form, device, slack);
                            fiveSteps(golden, expected, form, device, slack);
                        }
                    }));
                }
            }
        }
        return tests.stream();
    }

    /// @param rows of a batch
    private static Training training(Golden golden, String form, double rate, double headRate, int rows, Device device) {
        boolean dora = form.equals("dora");
        Settings settings = new Settings(Lora.defaults(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 5),
                new Settings.Pairs(List.of("query", "value"), dora ? Scaling.STANDARD : Scaling.RANK_STABILIZED, new Settings.Size(3, 5),
                        new Settings.Size(3, 5), dora ? AdapterForm.DORA : AdapterForm.LORA),
                new Settings.Optimisation(new AdamW(0.9, 0.999, 1e-8, 0.1), rate, headRate, new Schedule(Schedule.Shape.CONSTANT, 5, 0), 0),
                new Settings.Batching(rows, 1, false, 0), Settings.Regularisation.NONE, 0);
        Training training = golden.training(settings, "start/", device);
        for (Factors pair : training.program().adapter()) {
            assertEquals(dora, pair.decomposed());
            for (int layer = 0; dora && layer < pair.magnitude().slices(); layer++) {
                training.session().write(pair.magnitude(), layer,
                        Golden.floats(golden.tensor("dora/start/" + Golden.name(pair.magnitude(), layer))));
            }
            if (dora && training.session() instanceof Interpreter.Run run) {
                exactRowNorms(run, pair.linear());
            }
        }
        return training;
    }

    /// ‖W_i‖² of frozen weights is kept in float, on every device: here in double, for the bound of double.
    private static void exactRowNorms(Interpreter.Run run, Linear linear) {
        for (int layer = 0; layer < linear.layers(); layer++) {
            double[] norms = run.values(linear.squaredRowNorms(), layer);
            double[] weight = run.values(linear.weight(), layer);
            Arrays.fill(norms, 0);
            for (int i = 0; i < weight.length; i++) {
                norms[i / linear.in()] += weight[i] * weight[i];
            }
        }
    }

    private static List<State> trained(Training training) {
        List<State> trained = new ArrayList<>(training.model().head());
        for (Factors pair : training.program().adapter()) {
            trained.addAll(pair.decomposed() ? List.of(pair.a(), pair.b(), pair.magnitude()) : List.of(pair.a(), pair.b()));
        }
        return trained;
    }

    private static void atTheStart(Golden golden, JsonNode expected, String form, Device device, double slack) {
        JsonNode witness = expected.get("witness");
        try (Training training = training(golden, form, 0, 0, golden.rows.size(), device)) {
            double[] truth = golden.tensor(form + "/logits");
            double[] found = new double[truth.length];
            Evaluation evaluation = training.evaluate(golden.rows);
            for (int i = 0; i < found.length; i++) {
                found[i] = evaluation.logits()[i / Golden.CLASSES][i % Golden.CLASSES];
            }
            // Floats at the end of a double's run: a unit of float is lost there.
            within("logits", Golden.error(found, truth, new double[truth.length]), slack * witness.get("logits").asDouble() + 0x1p-24);
            double loss = expected.get("loss").asDouble();
            within("loss", Math.abs(training.step().loss() - loss) / loss, slack * witness.get("logits").asDouble());
            for (State state : trained(training)) {
                State gradient = new State(state.name() + ".gradient", state.type(), state.shape(), state.repeat());
                for (int layer = 0; layer < state.slices(); layer++) {
                    double[] of = golden.tensor(form + "/gradient/" + Golden.name(state, layer));
                    within("gradient of " + Golden.name(state, layer),
                            Golden.error(Golden.values(training, gradient, layer), of, new double[of.length]),
                            slack * witness.get("gradient").asDouble());
                }
            }
        }
    }

    private static void fiveSteps(Golden golden, JsonNode expected, String form, Device device, double slack) {
        JsonNode witness = expected.get("witness");
        try (Training training = training(golden, form, 5e-3, 1e-2, 4, device)) {
            for (int t = 0; t < 5; t++) {
                double loss = expected.get("losses").get(t).asDouble();
                within("loss of step " + (t + 1), Math.abs(training.step().loss() - loss) / loss, slack * witness.get("losses").asDouble());
            }
            for (State state : trained(training)) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    String name = Golden.name(state, layer);
                    boolean magnitude = name.endsWith("lora_magnitude_vector");
                    within(name, Golden.error(Golden.values(training, state, layer), golden.tensor(form + "/end/" + name),
                            golden.tensor((magnitude ? "dora/start/" : "start/") + name)), slack * witness.get("values").asDouble());
                }
            }
        }
    }

    private static void within(String what, double error, double bound) {
        assertTrue(error <= bound, () -> what + ": error " + error + ", allowed " + bound);
    }
}
