package lowland.checkpoint;

import java.util.Set;
import lowland.Failure;

/// A checkpoint's weights, of whose masked-language head only the rows of some words are seen: `lm_head.decoder.weight` is then [K, C] and
/// `lm_head.bias` [K] (BERT: `cls.predictions.decoder.weight` and `cls.predictions.bias`).
///
/// @param words the rows, as tokens
/// @param tied whether the head's table is that of the word embeddings, and its two biases are one
public record MaskedHead(Weights weights, BertConfig config, int[] words, boolean tied) implements Weights {
    private String module() {
        return config.family().equals("roberta") ? "lm_head" : "cls.predictions";
    }

    /// Whether the checkpoint brings such a head.
    public static boolean isIn(Weights weights, BertConfig config) {
        String dense = config.family().equals("roberta") ? "lm_head.dense.weight" : "cls.predictions.transform.dense.weight";
        return weights instanceof RandomWeights || weights.names().contains(dense);
    }

    @Override
    public Set<String> names() {
        return weights.names();
    }

    @Override
    public Tensor get(String name, int... shape) {
        if (name.equals(module() + ".decoder.weight")) {
            return rows(weights.get(tied ? "embeddings.word_embeddings.weight" : name, config.vocabulary(), config.hidden()), shape);
        }
        if (name.equals(module() + ".bias")) {
            return rows(weights.get(bias(name), config.vocabulary()), shape);
        }
        return weights.get(name, shape);
    }

    /// A file may hold the bias beside the table, the bias of the table, or both: the latter acts, unless both are tied to be one.
    private String bias(String beside) {
        String ofTable = module() + ".decoder.bias";
        boolean there = names().contains(ofTable);
        return there && (!tied || !names().contains(beside)) ? ofTable : beside;
    }

    @Override
    public void read(String name, int[] shape, int from, float[] to, int count) {
        if (name.startsWith(module())) {
            Weights.super.read(name, shape, from, to, count);
        } else {
            weights.read(name, shape, from, to, count);
        }
    }

    private Tensor rows(Tensor table, int... shape) {
        int width = shape.length == 1 ? 1 : shape[1];
        if (shape[0] != words.length) {
            throw Failure.of("the prompt has " + words.length + " label words, " + shape[0] + " are asked for");
        }
        float[] rows = new float[words.length * width];
        for (int i = 0; i < words.length; i++) {
            System.arraycopy(table.data(), words[i] * width, rows, i * width, width);
        }
        return new Tensor(shape, rows);
    }

    @Override
    public void close() {
        weights.close();
    }
}
