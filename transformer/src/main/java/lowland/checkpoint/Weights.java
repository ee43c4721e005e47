package lowland.checkpoint;

import java.util.Set;
import java.util.function.IntFunction;
import lowland.Failure;

/// A model's weights by their names in Hugging Face's `BertModel` and `RobertaModel` (`encoder.layer.0.attention.self.query.weight`),
/// the head's beside them (`classifier.weight`): in memory, in mapped files, or made at random.
public interface Weights extends AutoCloseable {
    /// The names that there are.
    Set<String> names();

    /// The tensor of this name and shape, all its values finite.
    ///
    /// @throws Failure if it is missing, has another shape, or holds a value that is not finite
    Tensor get(String name, int... shape);

    /// The same in an array that the caller lends, where the values are not in memory anyway: so a model is loaded without garbage of its
    /// own size. The tensor is good until its array is lent again.
    ///
    /// @param room gives an array of so many values
    default Tensor get(IntFunction<float[]> room, String name, int... shape) {
        return get(name, shape);
    }

    @Override
    default void close() {}
}
