package lowland.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import lowland.Failure;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.Checkpoint;
import lowland.checkpoint.Fingerprint;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.MaskedHead;
import lowland.checkpoint.MiniLm;
import lowland.checkpoint.RandomWeights;
import lowland.checkpoint.TaskFile;
import lowland.checkpoint.Tensor;
import lowland.checkpoint.Weights;
import lowland.data.Prompt;
import lowland.model.Bert;
import lowland.model.Bottleneck;
import lowland.text.Tokenizer;

/// A pretrained encoder: its sizes, its weights and its tokenizer.
///
/// @param name what the user calls it
/// @param pooling what a head on it sees
/// @param labels the classes that the checkpoint names, in the order of the logits; empty where it names none
/// @param outputs the logits of the head that the checkpoint brings; 0 where it brings none for this pooling
/// @param init the size under which the weights were made at random; null for weights that were trained
/// @param bottleneck adapter layers that are put into it
public record Pretrained(String name, BertConfig config, Bert.Pooling pooling, Weights weights, List<String> labels, int outputs,
        String init, Tokenizer tokenizer, Bottleneck bottleneck) implements AutoCloseable {
    /// The embedded model's name.
    public static final String MINILM = "minilm";

    /// RoBERTa's published sizes (Liu et al., arXiv 1907.11692v1, table 9, and the checkpoints' configurations).
    static final Map<String, BertConfig> SIZES = new TreeMap<>(Map.of(
            "roberta-base", new BertConfig("roberta", 12, 768, 12, 3072, 50265, 514, 1, 1, 1e-5, 0.1, 0.1, 0.1),
            "roberta-large", new BertConfig("roberta", 24, 1024, 16, 4096, 50265, 514, 1, 1, 1e-5, 0.1, 0.1, 0.1)));

    public Pretrained {
        labels = List.copyOf(labels);
    }

    /// Without adapter layers.
    public Pretrained(String name, BertConfig config, Bert.Pooling pooling, Weights weights, List<String> labels, int outputs, String init,
            Tokenizer tokenizer) {
        this(name, config, pooling, weights, labels, outputs, init, tokenizer, Bottleneck.NONE);
    }

    /// `minilm`, or a Hugging Face folder, under the pooling of its own head.
    ///
    /// @throws Failure if there is no such model, or it is broken
    public static Pretrained open(String model) {
        return open(model, null);
    }

    /// The same under a pooling of choice.
    ///
    /// @param pooling one of [#poolings]; null for what the model's own head sees
    /// @throws Failure if there is no such model, it is broken, or has no such pooling
    public static Pretrained open(String model, String pooling) {
        if (pooling != null && !poolings(model).contains(pooling)) {
            throw Failure.usage("--pooling " + pooling + " is not there for " + model + ": its head takes --pooling "
                    + String.join(" or ", poolings(model)));
        }
        if (model.equals(MINILM)) {
            return new Pretrained(MINILM, MiniLm.CONFIG, Bert.Pooling.MEAN, MiniLm.tensors(), List.of(), 0, null, Tokenizer.miniLm());
        }
        Checkpoint checkpoint = Checkpoint.open(folder(model));
        try {
            return of(model, checkpoint, pooling);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /// The poolings of a model, that of transformers' classifiers first.
    ///
    /// @throws Failure if there is no such model, or its configuration is broken
    public static List<String> poolings(String model) {
        if (model.equals(MINILM)) {
            return List.of("mean");
        }
        String family = BertConfig.read(folder(model).resolve(Checkpoint.CONFIG)).family();
        return List.of(family.equals("roberta") ? "first" : "pooler", "mean");
    }

    /// A model of a known size with random weights, and the tokenizer of a folder.
    ///
    /// @param init `roberta-base` or `roberta-large`; null to open the folder's own model
    /// @param pooling one of the family's; null for that of transformers' classifier
    /// @throws Failure if there is no such size or pooling, or the folder has no tokenizer of the family
    public static Pretrained open(String model, String init, String pooling) {
        if (init == null) {
            return open(model, pooling);
        }
        BertConfig config = SIZES.get(init);
        if (config == null) {
            throw Failure.usage("--init " + init + " is not there; there are " + String.join(", ", SIZES.keySet()));
        }
        if (model.equals(MINILM) || pooling != null && !pooling.equals("first") && !pooling.equals("mean")) {
            throw Failure.usage(model.equals(MINILM) ? "--init takes the tokenizer of a folder: name one with --model, not minilm"
                    : "--pooling " + pooling + " is not there for " + init + ": its head takes --pooling first or mean");
        }
        return new Pretrained(model, config, "mean".equals(pooling) ? Bert.Pooling.MEAN : Bert.Pooling.FIRST, new RandomWeights(config),
                List.of(), 0, init, Tokenizer.read(folder(model), config));
    }

    private static Path folder(String model) {
        Path folder = Path.of(model);
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder) ? Failure.of("--model " + model + " is a file; name the folder that holds config.json")
                    : Failure.usage("--model " + model + " is neither minilm nor a folder");
        }
        return folder;
    }

    private static Pretrained of(String model, Checkpoint checkpoint, String pooling) {
        // A checkpoint that was merged here says what its head sees.
        TaskFile task = Files.exists(checkpoint.folder().resolve(TaskFile.NAME)) ? TaskFile.read(checkpoint.folder()) : null;
        String own = task == null ? poolings(model).getFirst() : task.pooling();
        Bert.Pooling chosen = Bert.Pooling.valueOf((pooling == null ? own : pooling).toUpperCase(Locale.ROOT));
        if (chosen == Bert.Pooling.POOLER && !checkpoint.weights().names().contains("pooler.dense.weight")) {
            throw Failure.of(model + " has no pooler.dense.weight, through which a classifier on BERT sees the first token;"
                    + " take --pooling mean, or a checkpoint with a pooler");
        }
        Tokenizer tokenizer = Tokenizer.read(checkpoint.folder(), checkpoint.config());
        try {
            boolean ownHead = pooling == null || pooling.equals(own);
            int outputs = ownHead ? checkpoint.outputs(chosen == Bert.Pooling.FIRST) : 0;
            List<String> labels = task == null ? checkpoint.labels(outputs) : task.labels();
            return new Pretrained(model, checkpoint.config(), chosen, checkpoint.weights(), labels, outputs, null, tokenizer);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /// The same under a prompt: its gap is read through the masked-language head, and the logits are its label words'.
    ///
    /// @throws Failure if the checkpoint has no such head, or its tokenizer not the words
    public Pretrained prompted(Prompt prompt) {
        if (!MaskedHead.isIn(weights, config)) {
            throw Failure.of((name.equals(MINILM) ? "minilm" : "--model " + name) + " has no masked-language head, which a prompt asks for; "
                    + "take a checkpoint of " + (config.family().equals("roberta") ? "RobertaForMaskedLM" : "BertForMaskedLM"));
        }
        boolean tied = init != null || JsonFile.read(Path.of(name).resolve(Checkpoint.CONFIG)).truth("tie_word_embeddings", true);
        return new Pretrained(name, config, Bert.Pooling.MASK, new MaskedHead(weights, config, tokenizer.words(prompt.words()), tied),
                prompt.labels(), prompt.words().size(), init, tokenizer);
    }

    /// The same with adapter layers in it.
    public Pretrained with(Bottleneck layers) {
        return new Pretrained(name, config, pooling, weights, labels, outputs, init, tokenizer, layers);
    }

    /// What stands before the encoder's names in an adapter: transformers names a model under a classifier by its family; one with
    /// a head on the mean, which transformers does not have, is a model of its own.
    public String prefix() {
        return pooling == Bert.Pooling.MEAN ? "" : config.family() + ".";
    }

    /// The linear layers that an adapter may change: the path under which adapters name one to {out, in}.
    public Map<String, int[]> linears() {
        Map<String, int[]> linears = new LinkedHashMap<>();
        config.linearShapes().forEach((path, shape) -> linears.put(prefix() + path, shape));
        return linears;
    }

    /// A weight by its name in an adapter's model.
    ///
    /// @throws Failure if it is missing, has another shape, or holds a value that is not finite
    public Tensor weight(String name, int... shape) {
        return weights.get(unprefixed(name), shape);
    }

    /// A part of it, see [Weights#read].
    void read(String name, int[] shape, int from, float[] to, int count) {
        weights.read(unprefixed(name), shape, from, to, count);
    }

    private String unprefixed(String name) {
        return name.startsWith(prefix()) ? name.substring(prefix().length()) : name;
    }

    /// What tells this encoder from others of its sizes.
    ///
    /// @throws Failure if a weight cannot be read
    public Fingerprint fingerprint() {
        return Fingerprint.of(config, weights);
    }

    /// The model with a head of so many classes.
    public Bert bert(int classes) {
        return bert(0, classes, false, 0, false);
    }

    /// @param dropout every dropout's probability; NaN for the model's own
    /// @param dropped whether dropouts act while training
    Bert bert(double dropout, int classes, boolean regression, double smoothing, boolean dropped) {
        return new Bert(Double.isNaN(dropout) ? config : config.withDropout(dropout), prefix(), pooling, classes, regression, smoothing,
                dropped, bottleneck);
    }

    /// The model's name where it is published, for whoever loads an adapter of it elsewhere.
    public String published() {
        return init != null ? init + " with random weights" : name.equals(MINILM) ? "sentence-transformers/all-MiniLM-L6-v2" : name;
    }

    @Override
    public void close() {
        weights.close();
        if (tokenizer != null) {
            tokenizer.close();
        }
    }
}
