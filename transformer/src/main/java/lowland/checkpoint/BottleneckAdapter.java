package lowland.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import lowland.Failure;

/// Adapter layers and a head: `bottleneck_config.json` and `bottleneck.safetensors`. PEFT has no form for layers between a model's own, so
/// this form is Lowland's.
///
/// | key of the configuration | is |
/// |---|---|
/// | `kind` | `pfeiffer`, `houlsby` or `lin` |
/// | `size` | channels between down and up |
/// | `base_model_name_or_path` | the model, null for unknown |
///
/// | tensor | key | shape |
/// |---|---|---|
/// | W_down, b_down | path `.adapter.down.weight`, `.bias` | size×C, size |
/// | W_up, b_up | path `.adapter.up.weight`, `.bias` | C×size, C |
/// | Lin's own layer norm | path `.adapter.norm.weight`, `.bias` | C |
/// | head | name, as `classifier.weight` | as in the model |
///
/// A path is the checkpoint's of the sub-layer after which the adapter stands: `encoder.layer.0.attention.output`,
/// `roberta.encoder.layer.0.output`.
///
/// @param tensors all of them, by key
public record BottleneckAdapter(String kind, int size, String baseModel, Map<String, Tensor> tensors) implements SavedAdapter {
    /// The configuration's file in an adapter's folder.
    public static final String CONFIG = "bottleneck_config.json";
    /// The tensors' file.
    public static final String NAME = "bottleneck.safetensors";

    public BottleneckAdapter {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /// Whether a folder holds one.
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(CONFIG));
    }

    /// Reads the adapter in a folder; [#requireFit] says whether it is one of a model.
    ///
    /// @throws Failure if a file is missing or damaged
    public static BottleneckAdapter read(Path folder) {
        JsonFile json = JsonFile.read(folder.resolve(CONFIG));
        if (!json.has("kind")) {
            throw json.missing("kind");
        }
        return new BottleneckAdapter(json.text("kind", ""), json.whole("size", 1, 1 << 20), json.text("base_model_name_or_path", null),
                Safetensors.read(folder.resolve(NAME)).byName());
    }

    /// @param shapes of every tensor that the model has for it
    /// @throws Failure naming file and key if a tensor is missing, unknown, of another shape or not finite
    public void requireFit(Path folder, Map<String, int[]> shapes) {
        Path file = folder.resolve(NAME);
        Map<String, Tensor> rest = new TreeMap<>(tensors);
        shapes.forEach((name, shape) -> {
            Tensor tensor = rest.remove(name);
            if (tensor == null) {
                throw Failure.of(file + " has no " + name + "; take the adapter of this model, or write it again");
            }
            Tensors.checked(file.toString(), name, tensor, shape);
        });
        if (!rest.isEmpty()) {
            throw Failure.of(file + " holds " + rest.size() + " tensors that the model does not know, the first is "
                    + rest.keySet().iterator().next() + "; take the adapter of this model");
        }
    }

    /// Writes both files into a folder, which is made where it is missing: the tensors first, so that a configuration never stands
    /// without them.
    ///
    /// @throws Failure if a value is not finite, or a file cannot be written
    public void write(Path folder) {
        Path file = folder.resolve(NAME);
        tensors.forEach((name, tensor) -> Tensors.checked(file.toString(), name, tensor, tensor.shape()));
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Failure.of("cannot make the folder " + folder + ": " + Failure.reason(e) + "; choose another", e);
        }
        Safetensors.write(file, tensors);
        ObjectNode json = JsonFile.object().put("kind", kind).put("size", size).put("base_model_name_or_path", baseModel);
        JsonFile.write(folder.resolve(CONFIG), json);
    }
}
