package lowland.checkpoint;

import java.util.Arrays;
import java.util.Set;
import java.util.function.IntFunction;
import lowland.random.CounterRandom;

/// Weights as transformers starts a model that nobody trained: matrices and tables normal with deviation 0.02, the rows of the padding
/// zero, biases zero, layer norms one. Each value goes by its tensor's name and its index, so that every command sees the same model.
///
/// They answer nothing of use: they are for measuring time and memory at a model's full size.
public record RandomWeights(BertConfig config) implements Weights {
    private static final double DEVIATION = 0.02;

    @Override
    public Set<String> names() {
        return config.tensorShapes().keySet();
    }

    @Override
    public Tensor get(String name, int... shape) {
        return get(float[]::new, name, shape);
    }

    @Override
    public Tensor get(IntFunction<float[]> room, String name, int... shape) {
        int size = 1;
        for (int extent : shape) {
            size = Math.multiplyExact(size, extent);
        }
        float[] values = room.apply(size);
        if (name.endsWith("LayerNorm.weight") || name.endsWith("layer_norm.weight")) {
            Arrays.fill(values, 1);
        } else if (shape.length == 2) {
            long key = CounterRandom.tensorKey(0, name);
            for (int i = 0; i < size; i++) {
                values[i] = (float) (DEVIATION * CounterRandom.gaussian(CounterRandom.child(key, i)));
            }
            boolean padded = name.equals("embeddings.word_embeddings.weight") || config.family().equals("roberta")
                    && name.equals("embeddings.position_embeddings.weight");
            if (padded) {
                Arrays.fill(values, config.padId() * shape[1], (config.padId() + 1) * shape[1], 0);
            }
        } else {
            Arrays.fill(values, 0);
        }
        return new Tensor(shape, values);
    }
}
