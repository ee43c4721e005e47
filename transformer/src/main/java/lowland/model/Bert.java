package lowland.model;

import java.util.ArrayList;
import java.util.List;
import lowland.checkpoint.BertConfig;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Gelu;
import lowland.program.operation.Mask;
import lowland.step.Linear;
import lowland.step.LinearForm;
import lowland.step.Model;
import lowland.step.RowDropout;

/// BERT (Devlin et al., arXiv 1810.04805v2) and RoBERTa (Liu et al., arXiv 1907.11692v1): an encoder with post-layer-norm, and a
/// head on it, over packed tokens.
///
/// | letter | is                        | | input                | is                                                     |
/// |--------|---------------------------|-|----------------------|--------------------------------------------------------|
/// | T      | real tokens of the batch  | | ids, types           | [T], of each token                                     |
/// | N      | sequences of the batch    | | positions            | [T], the row of the position table                     |
/// | C      | channels                  | | starts               | [N+1], where each sequence starts, and the end         |
/// | L      | layers                    | | labels or targets    | [N], of each sequence                                  |
///
/// Where the head sees one token of each sequence alone, the last layer is computed for these: `firsts` [N] is where they are, `rowStarts`
/// [N+1] counts from 0. While training also `sequences` and `places` [T], the sequence of each token and its place in it, `rows` and
/// `rowPlaces` [N], the same of those that the head sees, and `maskKey` [2].
///
/// @param prefix what stands before `embeddings` and `encoder` in the checkpoint's names: empty, `bert.` or `roberta.`
/// @param classes classes of the head; 1 with `regression`
/// @param smoothing of the labels
/// @param dropout whether the config's dropouts act while training
/// @param bottleneck the adapter layers in it
public record Bert(BertConfig config, String prefix, Pooling pooling, int classes, boolean regression, double smoothing, boolean dropout,
        Bottleneck bottleneck) implements Model {
    /// Without adapter layers.
    public Bert(BertConfig config, String prefix, Pooling pooling, int classes, boolean regression, double smoothing, boolean dropout) {
        this(config, prefix, pooling, classes, regression, smoothing, dropout, Bottleneck.NONE);
    }

    /// What the head sees.
    public enum Pooling {
        /// The mean of all token states, [CLS] and [SEP] among them, and one linear layer: MiniLM's.
        MEAN,
        /// The first token through the checkpoint's frozen pooler (dense, tanh), and one linear layer: BERT's.
        POOLER,
        /// The first token through dense, tanh and a linear layer, all trained: RoBERTa's.
        FIRST,
        /// A prompt's gap through the checkpoint's masked-language head, of whose table only the label words' rows are there; all trained,
        /// the rows untied from the embeddings (as MeZO's code does).
        MASK
    }

    private static final String LAYER = "encoder.layer.*.";

    private static final int EMBEDDING = 0;
    private static final int PROBABILITIES = 1;
    private static final int ATTENTION = 2;
    private static final int FEED_FORWARD = 3;
    private static final int POOLED = 4;
    private static final int HIDDEN = 5;

    // ---- the forward pass ----

    @Override
    public Forward forward(Recording p, LinearForm form, boolean training) {
        p.stage("embeddings");
        Value starts = p.input("starts", ElementType.INT, Shape.of(Extent.STARTS));
        Value word = p.gather(p.read(table("word_embeddings", config.vocabulary())), tokens(p, "ids"));
        Value position = p.gather(p.read(table("position_embeddings", config.positions())), tokens(p, "positions"));
        Value type = p.gather(p.read(table("token_type_embeddings", config.types())), tokens(p, "types"));
        Value x = p.add(p.add(word, type), position);
        x = norm(p, x, "embeddings.LayerNorm", 0);
        x = drop(p, x, config.dropout(), EMBEDDING, training);

        int layers = config.layers();
        int whole = pooling == Pooling.MEAN ? layers : layers - 1;
        if (whole > 0) {
            x = p.repeat("layers", layers, 0, whole, false, List.of(x),
                    carried -> List.of(layer(p, carried.getFirst(), carried.getFirst(), starts, starts, form, training))).getFirst();
        }
        if (whole < layers) {
            Value firsts = p.input("firsts", ElementType.INT, Shape.of(Extent.SEQUENCES));
            Value rowStarts = p.input("rowStarts", ElementType.INT, Shape.of(Extent.STARTS));
            x = p.repeat("last layer", layers, whole, layers, false, List.of(x), carried -> List.of(layer(p,
                    p.gather(carried.getFirst(), firsts), carried.getFirst(), rowStarts, starts, form, training))).getFirst();
        }

        p.stage("head");
        Value logits = head(p, x, starts, training);
        Value losses = regression
                ? p.squaredError(logits, p.input("targets", ElementType.REAL, Shape.of(Extent.SEQUENCES)))
                : p.crossEntropy(logits, p.input("labels", ElementType.INT, Shape.of(Extent.SEQUENCES)), training ? smoothing : 0);
        return new Forward(logits, losses);
    }

    /// The states of some tokens, x, behind a layer that they pass; they attend to all tokens of their sequence.
    private Value layer(Recording p, Value x, Value all, Value starts, Value allStarts, LinearForm form, boolean training) {
        Value q = form.apply(p, x, query());
        Value k = form.apply(p, all, key());
        Value v = form.apply(p, all, value());
        Mask mask = dropped(config.attentionDropout(), training) ? mask(p, config.attentionDropout(), PROBABILITIES) : null;
        Value attended = p.attention(q, k, v, starts, allStarts, config.heads(), config.heads(), false, mask);
        attended = drop(p, form.apply(p, attended, attentionOutput()), config.dropout(), ATTENTION, training);
        x = joined(p, attended, x, "attention.output");
        Value wide = p.gelu(form.apply(p, x, intermediate()), Gelu.Form.ERF);
        Value narrow = drop(p, form.apply(p, wide, output()), config.dropout(), FEED_FORWARD, training);
        return joined(p, narrow, x, "output");
    }

    /// What a sub-layer gives, h, and what it was given, x, become the next one's input: see [Bottleneck.Kind].
    private Value joined(Recording p, Value h, Value x, String module) {
        String norm = module + ".LayerNorm";
        return switch (bottleneck.kind().after(module)) {
            case NONE -> layerNorm(p, p.add(h, x), norm);
            case PFEIFFER -> layerNorm(p, p.add(p.add(h, adapter(p, layerNorm(p, p.add(h, x), norm), module)), x), norm);
            case HOULSBY -> layerNorm(p, p.add(p.add(h, adapter(p, h, module)), x), norm);
            case LIN -> {
                Value y = layerNorm(p, p.add(h, x), norm);
                yield p.add(y, adapter(p, layerNorm(p, y, module + ".adapter.norm"), module));
            }
        };
    }

    private Value adapter(Recording p, Value x, String module) {
        return bottleneck.apply(p, x, down(module), up(module));
    }

    private Value layerNorm(Recording p, Value x, String module) {
        return norm(p, x, LAYER + module, config.layers());
    }

    /// @param x the states of all tokens with [Pooling#MEAN], else of those that the head sees
    private Value head(Recording p, Value x, Value starts, boolean training) {
        if (pooling == Pooling.MEAN) {
            Value mean = p.segmentMean(x, starts);
            return classifier(p, drop(p, mean, config.headDropout(), POOLED, training), classifier("classifier", config.hidden()));
        }
        if (pooling == Pooling.MASK) {
            Linear dense = maskedDense();
            Value words = p.layerNorm(p.gelu(classifier(p, x, dense), Gelu.Form.ERF), p.read(maskedNorm("weight")),
                    p.read(maskedNorm("bias")), config.layerNormEpsilon());
            return classifier(p, words, labelWords());
        }
        if (pooling == Pooling.POOLER) {
            Value pooled = p.tanh(classifier(p, x, pooler()));
            return classifier(p, drop(p, pooled, config.headDropout(), POOLED, training), classifier("classifier", config.hidden()));
        }
        Value dense = p.tanh(classifier(p, drop(p, x, config.headDropout(), POOLED, training), denseHead()));
        return classifier(p, drop(p, dense, config.headDropout(), HIDDEN, training), classifier("classifier.out_proj", config.hidden()));
    }

    private static Value classifier(Recording p, Value x, Linear linear) {
        return p.product(x, false, p.read(linear.weight()), true, p.read(linear.bias()));
    }

    private Value norm(Recording p, Value x, String module, int repeat) {
        Shape shape = Shape.of(config.hidden());
        return p.layerNorm(x, p.read(real(module + ".weight", shape, repeat)), p.read(real(module + ".bias", shape, repeat)),
                config.layerNormEpsilon());
    }

    private boolean dropped(double probability, boolean training) {
        return dropout && training && probability > 0;
    }

    private static Mask mask(Recording p, double probability, int site) {
        return new Mask(probability, site, p.input("maskKey", ElementType.INT, Shape.of(2)));
    }

    private Value drop(Recording p, Value x, double probability, int site, boolean training) {
        return dropped(probability, training) ? RowDropout.of(p, x, mask(p, probability, site)) : x;
    }

    private static Value tokens(Recording p, String name) {
        return p.input(name, ElementType.INT, Shape.of(Extent.TOKENS));
    }

    // ---- the weights, by their names in the checkpoint ----

    public Linear query() {
        return linear("encoder.layer.*.attention.self.query", config.hidden(), config.hidden());
    }

    public Linear key() {
        return linear("encoder.layer.*.attention.self.key", config.hidden(), config.hidden());
    }

    public Linear value() {
        return linear("encoder.layer.*.attention.self.value", config.hidden(), config.hidden());
    }

    private Linear attentionOutput() {
        return linear("encoder.layer.*.attention.output.dense", config.hidden(), config.hidden());
    }

    private Linear intermediate() {
        return linear("encoder.layer.*.intermediate.dense", config.intermediate(), config.hidden());
    }

    private Linear output() {
        return linear("encoder.layer.*.output.dense", config.hidden(), config.intermediate());
    }

    private Linear down(String module) {
        return linear(LAYER + module + ".adapter.down", bottleneck.size(), config.hidden());
    }

    private Linear up(String module) {
        return linear(LAYER + module + ".adapter.up", config.hidden(), bottleneck.size());
    }

    private Linear pooler() {
        return plain(prefix + "pooler.dense", config.hidden(), config.hidden());
    }

    private Linear denseHead() {
        return plain("classifier.dense", config.hidden(), config.hidden());
    }

    private boolean roberta() {
        return config.family().equals("roberta");
    }

    private Linear maskedDense() {
        return plain(roberta() ? "lm_head.dense" : "cls.predictions.transform.dense", config.hidden(), config.hidden());
    }

    private State maskedNorm(String part) {
        return new State((roberta() ? "lm_head.layer_norm." : "cls.predictions.transform.LayerNorm.") + part, ElementType.REAL,
                Shape.of(config.hidden()), 0);
    }

    private Linear labelWords() {
        String module = roberta() ? "lm_head" : "cls.predictions";
        return new Linear(module, new State(module + ".decoder.weight", ElementType.REAL, Shape.of(classes, config.hidden()), 0),
                new State(module + ".bias", ElementType.REAL, Shape.of(classes), 0));
    }

    private Linear classifier(String module, int in) {
        return plain(module, classes, in);
    }

    @Override
    public List<Linear> linears() {
        return List.of(query(), key(), value(), attentionOutput(), intermediate(), output());
    }

    @Override
    public List<State> frozen() {
        List<State> states = new ArrayList<>();
        states.add(table("word_embeddings", config.vocabulary()));
        states.add(table("position_embeddings", config.positions()));
        states.add(table("token_type_embeddings", config.types()));
        norms(states, "embeddings.LayerNorm", 0);
        for (Linear linear : linears()) {
            states.add(linear.weight());
            states.add(linear.bias());
        }
        norms(states, "encoder.layer.*.attention.output.LayerNorm", config.layers());
        norms(states, "encoder.layer.*.output.LayerNorm", config.layers());
        if (pooling == Pooling.POOLER) {
            states.add(pooler().weight());
            states.add(pooler().bias());
        }
        return states;
    }

    @Override
    public List<State> inserted() {
        List<State> states = new ArrayList<>();
        for (String module : bottleneck.kind().modules()) {
            if (bottleneck.kind() == Bottleneck.Kind.LIN) {
                norms(states, LAYER + module + ".adapter.norm", config.layers());
            }
            for (Linear linear : List.of(down(module), up(module))) {
                states.add(linear.weight());
                states.add(linear.bias());
            }
        }
        return states;
    }

    @Override
    public List<State> head() {
        List<State> states = new ArrayList<>();
        if (pooling == Pooling.MASK) {
            return List.of(maskedDense().weight(), maskedDense().bias(), maskedNorm("weight"), maskedNorm("bias"), labelWords().weight(),
                    labelWords().bias());
        }
        if (pooling == Pooling.FIRST) {
            states.add(denseHead().weight());
            states.add(denseHead().bias());
        }
        Linear last = classifier(pooling == Pooling.FIRST ? "classifier.out_proj" : "classifier", config.hidden());
        states.add(last.weight());
        states.add(last.bias());
        return states;
    }

    private void norms(List<State> states, String module, int repeat) {
        states.add(real(module + ".weight", Shape.of(config.hidden()), repeat));
        states.add(real(module + ".bias", Shape.of(config.hidden()), repeat));
    }

    private State table(String name, int rows) {
        return real("embeddings." + name + ".weight", Shape.of(rows, config.hidden()), 0);
    }

    private Linear linear(String module, int out, int in) {
        return new Linear(prefix + module, real(module + ".weight", Shape.of(out, in), config.layers()),
                real(module + ".bias", Shape.of(out), config.layers()));
    }

    private static Linear plain(String module, int out, int in) {
        return new Linear(module, new State(module + ".weight", ElementType.REAL, Shape.of(out, in), 0),
                new State(module + ".bias", ElementType.REAL, Shape.of(out), 0));
    }

    /// A weight of the encoder, under the checkpoint's prefix.
    private State real(String name, Shape shape, int repeat) {
        return new State(prefix + name, ElementType.REAL, shape, repeat);
    }
}
