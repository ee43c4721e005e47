package lowland.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import lowland.Failure;

/// A LoRA adapter in PEFT's form: `adapter_config.json` and `adapter_model.safetensors`.
///
/// | tensor | key | shape |
/// |---|---|---|
/// | A of a module | `base_model.model.` path `.lora_A.weight` | r×in |
/// | B of a module | `base_model.model.` path `.lora_B.weight` | out×r |
/// | DoRA's magnitudes of its rows | `base_model.model.` path `.lora_magnitude_vector` | out |
/// | head | `base_model.model.` name, as `base_model.model.classifier.weight` | as in the model |
///
/// `factors` goes by module path (`encoder.layer.0.attention.self.query`), `head` by tensor name (`classifier.weight`).
/// PEFT itself only warns of missing keys and ignores unknown ones in silence, so both directions check them here.
public record PeftAdapter(PeftConfig config, Map<String, Factors> factors, Map<String, Tensor> head) implements SavedAdapter {
    /// The tensors' file in an adapter's folder.
    public static final String NAME = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    private static final String MAGNITUDE = ".lora_magnitude_vector";

    /// The pair of a module: its weight becomes W + s·B·A, or with magnitudes m that with each row brought to the norm m_i.
    ///
    /// @param magnitude null where the adapter is not DoRA's
    public record Factors(Tensor a, Tensor b, Tensor magnitude) {
        public Factors(Tensor a, Tensor b) {
            this(a, b, null);
        }
    }

    public PeftAdapter {
        factors = Collections.unmodifiableMap(new LinkedHashMap<>(factors));
        head = Collections.unmodifiableMap(new LinkedHashMap<>(head));
    }

    /// Reads the adapter in `folder` for a model with these linear modules (path to {out, in}) and this head (name to
    /// shape).
    ///
    /// @throws Failure naming file and key if a key is missing, unknown, or of another shape, rank or not finite
    public static PeftAdapter read(Path folder, Map<String, int[]> linears, Map<String, int[]> head) {
        PeftConfig config = PeftConfig.read(folder);
        Path file = folder.resolve(NAME);
        Tensors stored = Safetensors.read(file);
        Map<String, Factors> factors = new LinkedHashMap<>();
        Map<String, Tensor> headTensors = new LinkedHashMap<>();
        Map<String, Tensor> rest = new TreeMap<>(stored.byName());
        linears.forEach((path, outIn) -> {
            Tensor a = rest.remove(PREFIX + path + A);
            Tensor b = rest.remove(PREFIX + path + B);
            Tensor magnitude = config.dora() ? rest.remove(PREFIX + path + MAGNITUDE) : null;
            if (a != null && b != null && (magnitude != null || !config.dora())) {
                factors.put(path, new Factors(a, b, magnitude));
            } else if (a != null || b != null || magnitude != null || config.adapts(path)) {
                throw Failure.of(file + " has no " + PREFIX + path + (a == null ? A : b == null ? B : MAGNITUDE)
                        + "; take the adapter of this model, or write it again");
            }
        });
        for (String name : head.keySet()) {
            Tensor tensor = rest.remove(PREFIX + name);
            if (tensor == null) {
                throw Failure.of(file + " has no head tensor " + PREFIX + name + "; take an adapter that was trained with its head");
            }
            headTensors.put(name, tensor);
        }
        if (!rest.isEmpty()) {
            throw Failure.of(file + " holds " + rest.size() + " tensors that the model does not know, the first is "
                    + rest.keySet().iterator().next() + "; take the adapter of this model");
        }
        PeftAdapter adapter = new PeftAdapter(config, factors, headTensors);
        adapter.check(file, linears, head);
        return adapter;
    }

    /// The rows of a matrix of the head, from the file's header alone.
    ///
    /// @throws Failure if the file is missing or damaged, or has no such matrix
    public static int rows(Path folder, String name) {
        Path file = folder.resolve(NAME);
        try (Safetensors stored = Safetensors.open(file)) {
            int[] shape = stored.shape(PREFIX + name);
            if (shape == null || shape.length != 2) {
                throw Failure.of(file + " has no head tensor " + PREFIX + name + "; take an adapter that was trained with its head");
            }
            return shape[0];
        }
    }

    /// Writes both files into `folder`, which is made where it is missing: the tensors first, so that a configuration
    /// never stands without them.
    ///
    /// @throws Failure naming file and key if the adapter does not fit the model, or if a file cannot be written
    public void write(Path folder, Map<String, int[]> linears, Map<String, int[]> headShapes) {
        Path file = folder.resolve(NAME);
        check(file, linears, headShapes);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw Failure.of("cannot make the folder " + folder + ": " + Failure.reason(e) + "; choose another", e);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        factors.forEach((path, pair) -> {
            tensors.put(PREFIX + path + A, pair.a);
            tensors.put(PREFIX + path + B, pair.b);
            if (pair.magnitude != null) {
                tensors.put(PREFIX + path + MAGNITUDE, pair.magnitude);
            }
        });
        head.forEach((name, tensor) -> tensors.put(PREFIX + name, tensor));
        Safetensors.write(file, tensors);
        config.write(folder);
    }

    private void check(Path file, Map<String, int[]> linears, Map<String, int[]> headShapes) {
        String source = file.toString();
        if (factors.isEmpty()) {
            throw Failure.of(source + " adapts no module; check target_modules against the model's module names");
        }
        linears.forEach((path, _) -> {
            if (config.adapts(path) && !factors.containsKey(path)) {
                throw Failure.of(source + ": no factors for " + path + ", which target_modules names");
            }
        });
        int rank = config.rank();
        factors.forEach((path, pair) -> {
            int[] outIn = linears.get(path);
            if (outIn == null || !config.targets().isEmpty() && !config.adapts(path)) {
                throw Failure.of(source + ": factors for " + path + ", which "
                        + (outIn == null ? "is no linear module of the model" : "target_modules does not name"));
            }
            Tensors.checked(source, PREFIX + path + A, pair.a, rank, outIn[1]);
            Tensors.checked(source, PREFIX + path + B, pair.b, outIn[0], rank);
            if (config.dora()) {
                Tensors.checked(source, PREFIX + path + MAGNITUDE, pair.magnitude, outIn[0]);
            }
        });
        headShapes.forEach((name, shape) -> {
            if (!head.containsKey(name)) {
                throw Failure.of(source + ": no head tensor " + PREFIX + name);
            }
            if (config.modulesToSave().stream().noneMatch(module -> name.startsWith(module + "."))) {
                throw Failure.of(source + ": " + name + " is no part of modules_to_save " + config.modulesToSave());
            }
            Tensors.checked(source, PREFIX + name, head.get(name), shape);
        });
        head.forEach((name, _) -> {
            if (!headShapes.containsKey(name)) {
                throw Failure.of(source + ": " + PREFIX + name + " is no part of the model's head");
            }
        });
    }
}
