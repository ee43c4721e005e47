package lowland.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.AtomicFile;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.Checkpoint;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.MiniLm;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.PeftAdapter.Factors;
import lowland.checkpoint.Safetensors;
import lowland.checkpoint.TaskFile;
import lowland.checkpoint.Tensor;
import lowland.model.Bert;

/// A checkpoint in which an adapter is merged: W = W0 + s·B·A in each adapted layer, the head beside, in a Hugging Face folder.
///
/// Under transformers' poolings it is a `BertForSequenceClassification` or `RobertaForSequenceClassification`. A head on the mean has no
/// class there: the encoder is then a `BertModel` or `RobertaModel`, and the head lies beside it as `classifier.{weight,bias}`.
public final class MergedCheckpoint {
    private static final List<String> TOKENIZER_FILES = List.of("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
            "vocab.txt", "special_tokens_map.json", "added_tokens.json");
    private static final String POOLER = "pooler.dense";

    private final Pretrained pretrained;
    private final PeftAdapter adapter;
    private final TaskFile task;

    private MergedCheckpoint(Pretrained pretrained, PeftAdapter adapter, TaskFile task) {
        this.pretrained = pretrained;
        this.adapter = adapter;
        this.task = task;
    }

    /// Writes the folder, the configuration last, so that an unfinished one is none.
    ///
    /// @throws Failure if a weight cannot be read or is not finite, or a file cannot be written
    public static void write(Path folder, Pretrained pretrained, PeftAdapter adapter, TaskFile task) {
        if (pretrained.pooling() == Bert.Pooling.MASK) {
            throw Failure.of("an adapter of " + task.prompt() + " holds the rows of its label words only, no whole masked-language head:"
                    + " there is nothing that transformers could load; use evaluate and predict");
        }
        MergedCheckpoint merged = new MergedCheckpoint(pretrained, adapter, task);
        try {
            Files.createDirectories(folder);
            merged.tokenizer(folder);
        } catch (IOException e) {
            throw Failure.of("cannot write the folder " + folder + ": " + Failure.reason(e) + "; choose another", e);
        }
        Safetensors.write(folder.resolve("model.safetensors"), merged.shapes(), merged::tensor);
        if (!task.textColumns().isEmpty()) {
            task.write(folder);
        }
        JsonFile.write(folder.resolve(Checkpoint.CONFIG), merged.config());
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
        adapter.head().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return shapes;
    }

    private Tensor tensor(String name) {
        Tensor head = adapter.head().get(name);
        if (head != null) {
            return head;
        }
        Tensor weight = pretrained.weight(name, shapes().get(name));
        Factors pair = name.endsWith(".weight") ? adapter.factors().get(name.substring(0, name.length() - ".weight".length())) : null;
        return pair == null ? weight : merged(weight, pair, adapter.config().scaling());
    }

    /// W + s·B·A, each value summed in double and rounded once.
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
                double factor = b[i * rank + r];
                for (int j = 0; j < in; j++) {
                    row[j] += factor * a[r * in + j];
                }
            }
            for (int j = 0; j < in; j++) {
                sum[i * in + j] = (float) (weight.data()[i * in + j] + s * row[j]);
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
