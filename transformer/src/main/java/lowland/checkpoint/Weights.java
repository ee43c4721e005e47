package lowland.checkpoint;

import java.util.Set;
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

    /// Copies a part of it, `count` values from the index `from` on, to the beginning of an array: so a model is loaded without garbage of
    /// its own size.
    ///
    /// @throws Failure as [#get]; other values than these need not be looked at
    default void read(String name, int[] shape, int from, float[] to, int count) {
        System.arraycopy(get(name, shape).data(), from, to, 0, count);
    }

    @Override
    default void close() {}
}
