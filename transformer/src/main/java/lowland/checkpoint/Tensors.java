package lowland.checkpoint;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import lowland.Failure;

/// The tensors of one file by their names, in the file's order. `source` is the file, for messages.
public record Tensors(String source, Map<String, Tensor> byName) implements Weights {
    public Tensors {
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
    }

    /// The names, in the file's order.
    @Override
    public Set<String> names() {
        return byName.keySet();
    }

    @Override
    public Tensor get(String name, int... shape) {
        Tensor tensor = byName.get(name);
        if (tensor == null) {
            throw Failure.of(source + " has no tensor " + name + "; take a complete checkpoint of this architecture");
        }
        return checked(source, name, tensor, shape);
    }

    /// @throws Failure if the tensor has another shape, or holds a value that is not finite
    public static Tensor checked(String source, String name, Tensor tensor, int... shape) {
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw Failure.of(source + ": " + name + " has shape " + Arrays.toString(tensor.shape()) + ", expected "
                    + Arrays.toString(shape) + "; the file belongs to another model");
        }
        int bad = tensor.firstNotFinite();
        if (bad >= 0) {
            throw notFinite(source, name, tensor.data()[bad], bad);
        }
        return tensor;
    }

    static Failure notFinite(String source, String name, float value, int index) {
        return Failure.of(source + ": " + name + " holds " + value + " at index " + index
                + "; the file is damaged or its training diverged");
    }
}
