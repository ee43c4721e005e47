package lowland.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import lowland.Failure;

/// The sizes of a BERT or RoBERTa encoder, as Hugging Face's `config.json` states them.
///
/// | component | key in `config.json` |
/// |---|---|
/// | `family` | `model_type`: `bert` or `roberta` |
/// | `layers`, `hidden`, `heads`, `intermediate` | `num_hidden_layers`, `hidden_size`, `num_attention_heads`, `intermediate_size` |
/// | `vocabulary`, `positions`, `types` | `vocab_size`, `max_position_embeddings`, `type_vocab_size` |
/// | `padId` | `pad_token_id`; RoBERTa's positions start after it |
/// | `layerNormEpsilon` | `layer_norm_eps` |
/// | `dropout`, `attentionDropout` | `hidden_dropout_prob`, `attention_probs_dropout_prob` |
/// | `headDropout` | `classifier_dropout`; where it is absent or null, `hidden_dropout_prob` |
public record BertConfig(
        String family,
        int layers,
        int hidden,
        int heads,
        int intermediate,
        int vocabulary,
        int positions,
        int types,
        int padId,
        double layerNormEpsilon,
        double dropout,
        double attentionDropout,
        double headDropout) {
    /// No published encoder comes near; beyond it a file is not what it says.
    private static final int LARGEST = 1 << 24;

    /// Reads a checkpoint's `config.json`.
    ///
    /// @throws Failure if it is missing, incomplete, contradictory, or of a model that this encoder does not compute
    public static BertConfig read(Path file) {
        JsonFile json = JsonFile.read(file);
        String family = json.text("model_type", "");
        if (!family.equals("bert") && !family.equals("roberta")) {
            throw Failure.of(file + ": \"model_type\" is \"" + family + "\"; take a bert or roberta checkpoint");
        }
        require(json, "hidden_act", "gelu");
        require(json, "position_embedding_type", "absolute");
        if (json.truth("is_decoder", false)) {
            throw Failure.of(file + ": \"is_decoder\" is true; take an encoder");
        }
        BertConfig config = new BertConfig(
                family,
                json.whole("num_hidden_layers", 1, LARGEST),
                json.whole("hidden_size", 1, LARGEST),
                json.whole("num_attention_heads", 1, LARGEST),
                json.whole("intermediate_size", 1, LARGEST),
                json.whole("vocab_size", 1, LARGEST),
                json.whole("max_position_embeddings", 1, LARGEST),
                json.whole("type_vocab_size", 2, 1, LARGEST),
                json.whole("pad_token_id", family.equals("bert") ? 0 : 1, 0, LARGEST),
                json.number("layer_norm_eps", 1e-12),
                json.number("hidden_dropout_prob", 0.1),
                json.number("attention_probs_dropout_prob", 0.1),
                json.number("classifier_dropout", json.number("hidden_dropout_prob", 0.1)));
        if (config.hidden % config.heads != 0) {
            throw Failure.of(file + ": " + config.hidden + " hidden channels do not divide into " + config.heads + " heads");
        }
        if (config.longest() < 1) {
            throw Failure.of(file + ": " + config.positions + " positions leave no room after the padding position " + config.padId);
        }
        if (!(config.layerNormEpsilon > 0) || !probability(config.dropout)
                || !probability(config.attentionDropout) || !probability(config.headDropout)) {
            throw Failure.of(file + ": \"layer_norm_eps\" must be above 0 and the dropouts from 0 to below 1");
        }
        return config;
    }

    /// The configuration as `config.json` states it.
    public ObjectNode json() {
        ObjectNode json = JsonFile.object().put("model_type", family).put("num_hidden_layers", layers).put("hidden_size", hidden);
        json.put("num_attention_heads", heads).put("intermediate_size", intermediate).put("vocab_size", vocabulary);
        json.put("max_position_embeddings", positions).put("type_vocab_size", types).put("pad_token_id", padId);
        json.put("layer_norm_eps", layerNormEpsilon).put("hidden_act", "gelu").put("hidden_dropout_prob", dropout);
        json.put("attention_probs_dropout_prob", attentionDropout);
        return headDropout == dropout ? json.putNull("classifier_dropout") : json.put("classifier_dropout", headDropout);
    }

    /// The same with every dropout of this probability.
    public BertConfig withDropout(double probability) {
        return new BertConfig(family, layers, hidden, heads, intermediate, vocabulary, positions, types, padId, layerNormEpsilon,
                probability, probability, probability);
    }

    /// Channels of one head.
    public int headWidth() {
        return hidden / heads;
    }

    /// The most tokens of one text, special ones among them.
    public int longest() {
        return positions - firstPosition();
    }

    /// The row of the position table that the first token takes.
    public int firstPosition() {
        return family.equals("roberta") ? padId + 1 : 0;
    }

    /// Whether a token, written out in a text, is taken for padding: RoBERTa does not count it and gives it the padding's position.
    public boolean isPadding(int id) {
        return family.equals("roberta") && id == padId;
    }

    /// The encoder's linear layers, which an adapter may change: module path (`encoder.layer.0.attention.self.query`)
    /// to {out, in}, in the order of computation.
    public Map<String, int[]> linearShapes() {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (int l = 0; l < layers; l++) {
            String layer = "encoder.layer." + l + ".";
            shapes.put(layer + "attention.self.query", new int[] {hidden, hidden});
            shapes.put(layer + "attention.self.key", new int[] {hidden, hidden});
            shapes.put(layer + "attention.self.value", new int[] {hidden, hidden});
            shapes.put(layer + "attention.output.dense", new int[] {hidden, hidden});
            shapes.put(layer + "intermediate.dense", new int[] {intermediate, hidden});
            shapes.put(layer + "output.dense", new int[] {hidden, intermediate});
        }
        return shapes;
    }

    /// Every tensor of the encoder under its name in `BertModel` (without the pooler): name to shape.
    public Map<String, int[]> tensorShapes() {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", new int[] {vocabulary, hidden});
        shapes.put("embeddings.position_embeddings.weight", new int[] {positions, hidden});
        shapes.put("embeddings.token_type_embeddings.weight", new int[] {types, hidden});
        layerNorm(shapes, "embeddings.LayerNorm");
        linearShapes().forEach((path, outIn) -> {
            shapes.put(path + ".weight", outIn);
            shapes.put(path + ".bias", new int[] {outIn[0]});
            if (path.endsWith("output.dense")) {
                layerNorm(shapes, path.substring(0, path.length() - "dense".length()) + "LayerNorm");
            }
        });
        return shapes;
    }

    private void layerNorm(Map<String, int[]> shapes, String path) {
        shapes.put(path + ".weight", new int[] {hidden});
        shapes.put(path + ".bias", new int[] {hidden});
    }

    private static void require(JsonFile json, String key, String only) {
        String found = json.text(key, only);
        if (!found.equals(only)) {
            throw Failure.of(json.source() + ": \"" + key + "\" is \"" + found + "\"; only \"" + only + "\" is supported");
        }
    }

    private static boolean probability(double p) {
        return p >= 0 && p < 1;
    }
}
