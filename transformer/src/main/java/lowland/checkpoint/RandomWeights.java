package lowland.checkpoint;

import java.util.Arrays;
import java.util.Set;
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
        int size = 1;
        for (int extent : shape) {
            size = Math.multiplyExact(size, extent);
        }
        float[] values = new float[size];
        read(name, shape, 0, values, size);
        return new Tensor(shape, values);
    }

    @Override
    public void read(String name, int[] shape, int from, float[] to, int count) {
        if (shape.length != 2) {
            boolean ones = name.endsWith("LayerNorm.weight") || name.endsWith("layer_norm.weight");
            Arrays.fill(to, 0, count, ones ? 1 : 0);
            return;
        }
        boolean padded = name.equals("embeddings.word_embeddings.weight") || config.family().equals("roberta")
                && name.equals("embeddings.position_embeddings.weight");
        long key = CounterRandom.tensorKey(0, name);
        for (int i = 0; i < count; i++) {
            boolean padding = padded && (from + i) / shape[1] == config.padId();
            to[i] = padding ? 0 : (float) (DEVIATION * normal(CounterRandom.child(key, from + i)));
        }
    }

    /// A standard normal value by Marsaglia's polar method: x·√(−2 ln s / s) of the first point (x, y) with 0 < s = x² + y² < 1. A cosine of
    /// `StrictMath`, as in [CounterRandom#gaussian], makes an array: 11 GB of them for RoBERTa-large, which are collected while the memory
    /// of a run is measured.
    private static double normal(long key) {
        for (long attempt = 0; ; attempt++) {
            long bits = CounterRandom.child(key, attempt);
            double x = (int) bits * 0x1p-31;
            double y = (int) (bits >>> 32) * 0x1p-31;
            double s = x * x + y * y;
            if (s > 0 && s < 1) {
                return x * StrictMath.sqrt(-2 * StrictMath.log(s) / s);
            }
        }
    }
}
