package lowland.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.data.Columns;
import lowland.data.Labels;
import lowland.data.TableFile;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.Scaling;
import lowland.rule.UpdateRule;
import lowland.step.Factors;

/// A tiny checkpoint and what transformers and torch made of it, see `golden/README.md`.
final class Golden implements AutoCloseable {
    static final List<String> FAMILIES = List.of("roberta", "bert");
    static final int CLASSES = 3;

    final Path folder;
    final JsonNode json;
    final Pretrained pretrained;
    final Rows rows;
    private final Map<String, double[]> tensors = new HashMap<>();

    Golden(String family) throws IOException {
        folder = folder(family);
        json = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
        pretrained = Pretrained.open(folder.toString());
        TableFile table = TableFile.read(folder.resolve("rows.jsonl"));
        rows = Rows.of("rows", table.examples(new Columns(List.of("sentence1", "sentence2"), "label"),
                new Labels(List.of("0", "1", "2"), false)), pretrained.tokenizer(), 0);
        read(folder.resolve("golden.safetensors"));
    }

    static Path folder(String family) {
        try {
            return Path.of(Golden.class.getResource("/golden/" + family).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /// The doubles of a tensor.
    double[] tensor(String name) {
        double[] values = tensors.get(name);
        if (values == null) {
            throw new AssertionError("no golden tensor " + name);
        }
        return values;
    }

    /// Reads the tensors of a file in this folder too, each under its name in it.
    void read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) bytes.getLong(0);
        JsonNode entries = new ObjectMapper().readTree(new String(bytes.array(), 8, header));
        entries.properties().forEach(entry -> {
            if (!entry.getKey().equals("__metadata__")) {
                int at = 8 + header + entry.getValue().get("data_offsets").get(0).asInt();
                int end = 8 + header + entry.getValue().get("data_offsets").get(1).asInt();
                boolean wide = entry.getValue().get("dtype").asText().equals("F64");
                double[] values = new double[(end - at) / (wide ? 8 : 4)];
                for (int i = 0; i < values.length; i++) {
                    values[i] = wide ? bytes.getDouble(at + 8 * i) : bytes.getFloat(at + 4 * i);
                }
                tensors.put(entry.getKey(), values);
            }
        });
    }

    /// The settings of `make.py`'s runs.
    static Settings settings(String method, boolean adamW) {
        Descent descent = adamW ? new AdamW(0.9, 0.999, 1e-8, 0.1) : new Sgd(0.9, 0.02);
        double rate = adamW ? 5e-3 : 5e-2;
        double headRate = adamW ? 1e-2 : 2e-2;
        UpdateRule rule = switch (method) {
            case "lora" -> Lora.defaults();
            case "lora-sam" -> LoraSam.defaults();
            case "fmlora" -> FmLora.defaults();
            case "efmlora" -> EfmLora.defaults();
            case "bi-lora" -> new BiLora(descent, 1, true);
            default -> throw new AssertionError(method);
        };
        double rho = Map.of("lora", 0.0, "lora-sam", 0.05, "fmlora", 0.1, "efmlora", 0.1, "bi-lora", 0.05).get(method);
        return new Settings(rule, new RhoSchedule(RhoSchedule.Shape.CONSTANT, rho, 5),
                new Settings.Pairs(List.of("query", "value"), Scaling.STANDARD, new Settings.Size(3, 5), new Settings.Size(2, 4)),
                new Settings.Optimisation(descent, rate, headRate, new Schedule(Schedule.Shape.CONSTANT, 5, 0), adamW ? 0 : 0.7),
                new Settings.Batching(4, 1, false, 0), new Settings.Regularisation(0, 0, adamW ? 0 : 0.1), 0);
    }

    /// Pairs on every linear layer, all rows in one batch.
    Settings wide() {
        return new Settings(Lora.defaults(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 1),
                new Settings.Pairs(List.of("all-linear"), new Settings.Size(2, 3)),
                new Settings.Optimisation(Sgd.defaults(), 0, 0, new Schedule(Schedule.Shape.CONSTANT, 1, 0), 0),
                new Settings.Batching(rows.size(), 1, false, 0), Settings.Regularisation.NONE, 0);
    }

    /// A training that starts from the golden factors and head.
    Training training(Settings settings, String start, Device device) {
        Training training = new Training(pretrained, settings, rows, CLASSES, false, rows.mostTokens(4), device);
        for (List<Factors> pairs : List.of(training.program().adapter(), training.program().auxiliary())) {
            for (Factors pair : pairs) {
                for (State factor : List.of(pair.a(), pair.b())) {
                    for (int layer = 0; layer < factor.slices(); layer++) {
                        training.session().write(factor, layer, floats(tensor(start + name(factor, layer))));
                    }
                }
            }
        }
        for (State state : training.model().head()) {
            training.session().write(state, 0, floats(tensor("start/" + state.name())));
        }
        return training;
    }

    static String name(State state, int layer) {
        return state.name().replace("*", Integer.toString(layer));
    }

    /// A slice as the device holds it, in double where it does.
    static double[] values(Training training, State state, int layer) {
        if (training.session() instanceof Interpreter.Run run) {
            return run.values(state, layer).clone();
        }
        float[] floats = training.session().read(state, layer);
        double[] values = new double[floats.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = floats[i];
        }
        return values;
    }

    static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /// ‖found − truth‖ / ‖truth − origin‖, NaN included.
    static double error(double[] found, double[] truth, double[] origin) {
        double difference = 0;
        double moved = 0;
        for (int i = 0; i < truth.length; i++) {
            difference += (found[i] - truth[i]) * (found[i] - truth[i]);
            moved += (truth[i] - origin[i]) * (truth[i] - origin[i]);
        }
        return found.length == truth.length ? Math.sqrt(difference / moved) : Double.NaN;
    }

    @Override
    public void close() {
        pretrained.close();
    }
}
