package lowland.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import lowland.Failure;
import lowland.checkpoint.AtomicFile;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.Checkpoint;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.MergedAdapters;
import lowland.checkpoint.MiniLm;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.PeftAdapter.Factors;
import lowland.checkpoint.Safetensors;
import lowland.checkpoint.TaskFile;
import lowland.checkpoint.Tensor;
import lowland.checkpoint.Tensors;
import lowland.model.Bert;
import lowland.program.State;

/// A checkpoint in which an adapter is merged: W = W0 + s·B·A in each adapted layer (under DoRA with its rows' magnitudes), the head
/// beside, in a Hugging Face folder.
///
/// Under transformers' poolings it is a `BertForSequenceClassification` or `RobertaForSequenceClassification`. A head on the mean has no
/// class there: the encoder is then a `BertModel` or `RobertaModel`, and the head lies beside it as `classifier.{weight,bias}`.
public final class MergedCheckpoint {
    private static final List<String> TOKENIZER_FILES = List.of("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
            "vocab.txt", "special_tokens_map.json", "added_tokens.json");
    private static final String POOLER = "pooler.dense";

    private final Pretrained pretrained;
    private final Map<String, Tensor> head;
    private final BiFunction<String, int[], Tensor> weights;
    private final TaskFile task;
    private final MergedAdapters merged;

    /// @param weights every weight of the encoder by its name and shape
    private MergedCheckpoint(Pretrained pretrained, Map<String, Tensor> head, BiFunction<String, int[], Tensor> weights, TaskFile task,
            MergedAdapters merged) {
        this.pretrained = pretrained;
        this.head = head;
        this.weights = weights;
        this.task = task;
        this.merged = merged;
    }

    /// Writes the folder, the configuration last, so that an unfinished one is none.
    ///
    /// @param merged the adapter and those that the model holds already
    /// @throws Failure if a weight cannot be read or is not finite, or a file cannot be written
    public static void write(Path folder, Pretrained pretrained, PeftAdapter adapter, TaskFile task, MergedAdapters merged) {
        new MergedCheckpoint(pretrained, adapter.head(), (name, shape) -> {
            Tensor weight = pretrained.weight(name, shape);
            Factors pair = name.endsWith(".weight") ? adapter.factors().get(name.substring(0, name.length() - ".weight".length())) : null;
            return pair == null ? weight : merged(weight, pair, adapter.config().scaling());
        }, task, merged).write(folder);
    }

    /// Writes the folder of a model whose every weight was trained, as it is now.
    ///
    /// @throws Failure if a value is not finite, or a file cannot be written
    public static void write(Path folder, Pretrained pretrained, Training training, TaskFile task) {
        Map<String, Tensor> head = new LinkedHashMap<>();
        training.model().head().forEach(
                state -> head.put(state.name(), new Tensor(state.shape().fixed(), training.session().read(state, 0))));
        Map<String, Supplier<float[]>> trained = new HashMap<>();
        for (State state : training.program().whole()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                int at = layer;
                trained.put(state.name().replace("*", Integer.toString(layer)), () -> training.session().read(state, at));
            }
        }
        new MergedCheckpoint(pretrained, head, (name, shape) -> !trained.containsKey(name) ? pretrained.weight(name, shape)
                : Tensors.checked(folder.toString(), name, new Tensor(shape, trained.get(name).get()), shape), task,
                new MergedAdapters(List.of())).write(folder);
    }

    private void write(Path folder) {
        if (pretrained.pooling() == Bert.Pooling.MASK) {
            throw Failure.of("an adapter of " + task.prompt() + " holds the rows of its label words only, no whole masked-language head:"
                    + " there is nothing that transformers could load; use evaluate and predict");
        }
        try {
            Files.createDirectories(folder);
            tokenizer(folder);
        } catch (IOException e) {
            throw Failure.of("cannot write the folder " + folder + ": " + Failure.reason(e) + "; choose another", e);
        }
        Safetensors.write(folder.resolve("model.safetensors"), shapes(), this::tensor);
        if (!task.textColumns().isEmpty()) {
            task.on(null).write(folder);
        }
        if (!merged.hashes().isEmpty()) {
            merged.write(folder);
        }
        JsonFile.write(folder.resolve(Checkpoint.CONFIG), config());
    }

    private void tokenizer(Path folder) throws IOException {
        if (pretrained.name().equals(Pretrained.MINILM)) {
            // Its file pads and cuts to 128 tokens, which is no part of the model.
            ObjectNode json = JsonFile.parse(MiniLm.TOKENIZER, MiniLm.tokenizer()).root();
            JsonFile.write(folder.resolve("tokenizer.json"), json.putNull("padding").putNull("truncation"));
            return;
        }
        for (String name : TOKENIZER_FILES) {
            Path file = Path.of(pretrained.name()).resolve(name);
            if (Files.exists(file)) {
                byte[] bytes = Files.readAllBytes(file);
                AtomicFile.write(folder.resolve(name), out -> out.write(bytes));
            }
        }
    }

    private Map<String, int[]> shapes() {
        BertConfig config = pretrained.config();
        Map<String, int[]> shapes = new LinkedHashMap<>();
        config.tensorShapes().forEach((name, shape) -> shapes.put(pretrained.prefix() + name, shape));
        boolean pooler = pretrained.pooling() != Bert.Pooling.FIRST && pretrained.weights().names().contains(POOLER + ".weight");
        if (pooler) {
            shapes.put(pretrained.prefix() + POOLER + ".weight", new int[] {config.hidden(), config.hidden()});
            shapes.put(pretrained.prefix() + POOLER + ".bias", new int[] {config.hidden()});
        }
        head.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return shapes;
    }

    private Tensor tensor(String name) {
        return head.containsKey(name) ? head.get(name) : weights.apply(name, shapes().get(name));
    }

    /// W + s·B·A, each row of it brought to its magnitude where there are any; each value made in double and rounded once.
    private static Tensor merged(Tensor weight, Factors pair, double s) {
        int out = weight.shape()[0];
        int in = weight.shape()[1];
        int rank = pair.a().shape()[0];
        float[] a = pair.a().data();
        float[] b = pair.b().data();
        float[] sum = new float[out * in];
        double[] row = new double[in];
        for (int i = 0; i < out; i++) {
            java.util.Arrays.fill(row, 0);
            for (int r = 0; r < rank; r++) {
                double left = b[i * rank + r];
                for (int j = 0; j < in; j++) {
                    row[j] += left * a[r * in + j];
                }
            }
            double squared = 0;
            for (int j = 0; j < in; j++) {
                row[j] = weight.data()[i * in + j] + s * row[j];
                squared += row[j] * row[j];
            }
            double factor = pair.magnitude() == null ? 1 : pair.magnitude().data()[i] / Math.sqrt(squared);
            for (int j = 0; j < in; j++) {
                sum[i * in + j] = (float) (factor * row[j]);
            }
        }
        return Tensor.matrix(out, in, sum);
    }

    private ObjectNode config() {
        boolean miniLm = pretrained.name().equals(Pretrained.MINILM);
        ObjectNode json = miniLm ? pretrained.config().json() : JsonFile.read(Path.of(pretrained.name()).resolve(Checkpoint.CONFIG)).root();
        String family = pretrained.config().family();
        String model = family.substring(0, 1).toUpperCase(Locale.ROOT) + family.substring(1)
                + (pretrained.pooling() == Bert.Pooling.MEAN ? "Model" : "ForSequenceClassification");
        json.putArray("architectures").add(model);
        json.remove(List.of("torch_dtype", "num_labels", "_num_labels"));
        json.put("dtype", "float32");
        json.put("problem_type", task.regression() ? "regression" : "single_label_classification");
        ObjectNode names = json.putObject("id2label");
        ObjectNode numbers = json.putObject("label2id");
        List<String> labels = task.regression() ? Checkpoint.unnamed(1) : task.labels();
        for (int k = 0; k < labels.size(); k++) {
            names.put(Integer.toString(k), labels.get(k));
            numbers.put(labels.get(k), k);
        }
        return json;
    }
}
