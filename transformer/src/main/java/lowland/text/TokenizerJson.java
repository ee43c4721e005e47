package lowland.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.JsonFile;

/// A tokenizer as `tokenizer.json` describes it: the file itself, or the same made of the older files, as transformers makes it.
///
/// | family | files | becomes |
/// |---|---|---|
/// | roberta | `vocab.json`, `merges.txt` | byte-level BPE; `<s>` text `</s>`, a pair with `</s></s>` between |
/// | bert | `vocab.txt` | lower-casing WordPiece; `[CLS]` text `[SEP]`, a second text's tokens of segment 1 |
///
/// Of `tokenizer_config.json` act `add_prefix_space`, `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`.
///
/// @param source the file that messages name
record TokenizerJson(String source, ObjectNode root) {
    static final String FILE = "tokenizer.json";
    /// Models have a few rows more than tokens, to make the table's size round; no published one has more of them.
    private static final int MOST_SPARE = 1024;
    private static final ObjectMapper JSON = new ObjectMapper();

    /// @throws Failure if the files are missing or broken
    static TokenizerJson read(Path folder, String family) {
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            return new TokenizerJson(file.toString(), JsonFile.read(file).root());
        }
        Path options = folder.resolve("tokenizer_config.json");
        ObjectNode given = Files.exists(options) ? JsonFile.read(options).root() : JsonFile.object();
        Path vocabulary = folder.resolve(family.equals("roberta") ? "vocab.json" : "vocab.txt");
        boolean merges = family.equals("bert") || Files.exists(folder.resolve("merges.txt"));
        if (!Files.exists(vocabulary) || !merges) {
            throw Failure.of(folder + " has no tokenizer: neither " + FILE + " nor "
                    + (family.equals("roberta") ? "vocab.json and merges.txt" : "vocab.txt") + "; fetch the files of this model");
        }
        return new TokenizerJson(vocabulary.toString(),
                family.equals("roberta") ? byteLevel(vocabulary, folder.resolve("merges.txt"), given) : wordPiece(vocabulary, given));
    }

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /// The tokenizer has to be of a model of these sizes: its ids are the rows of the model's table, and both mean the same padding.
    ///
    /// @throws Failure if not
    void check(BertConfig config) {
        int largest = -1;
        int padding = -1;
        String pad = config.family().equals("roberta") ? "<pad>" : "[PAD]";
        List<Map.Entry<String, Integer>> tokens = tokens();
        for (Map.Entry<String, Integer> token : tokens) {
            largest = Math.max(largest, token.getValue());
            padding = token.getKey().equals(pad) ? token.getValue() : padding;
        }
        if (largest >= config.vocabulary() || largest + MOST_SPARE < config.vocabulary()) {
            throw Failure.of(source + " has tokens 0 to " + largest + ", the model's table " + config.vocabulary()
                    + " rows (\"vocab_size\"); take the tokenizer of this model");
        }
        if (padding != -1 && padding != config.padId()) {
            throw Failure.of(source + ": " + pad + " is token " + padding + ", the model's \"pad_token_id\" is " + config.padId()
                    + "; take the tokenizer of this model");
        }
    }

    /// Tokens and their ids, added ones too; of a list of pieces, the places.
    private List<Map.Entry<String, Integer>> tokens() {
        List<Map.Entry<String, Integer>> tokens = new ArrayList<>();
        JsonNode vocabulary = root.path("model").path("vocab");
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            tokens.add(Map.entry(entry.getKey(), entry.getValue().asInt()));
        }
        for (int i = 0; vocabulary.isArray() && i < vocabulary.size(); i++) {
            tokens.add(Map.entry(vocabulary.get(i).path(0).asText(), i));
        }
        for (JsonNode added : root.path("added_tokens")) {
            tokens.add(Map.entry(added.path("content").asText(), added.path("id").asInt()));
        }
        return tokens;
    }

    private static ObjectNode byteLevel(Path vocabulary, Path merges, ObjectNode given) {
        ObjectNode vocab = JsonFile.read(vocabulary).root();
        boolean space = given.path("add_prefix_space").asBoolean(false);
        ObjectNode json = JSON.createObjectNode().put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        for (String token : List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>")) {
            // The mask takes the space before it, as if a word stood there.
            special(added, vocabulary, vocab, token, token.equals("<mask>"));
        }
        ObjectNode before = json.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", space);
        before.put("trim_offsets", true).put("use_regex", true);
        ObjectNode after = json.putObject("post_processor").put("type", "RobertaProcessing");
        after.put("trim_offsets", true).put("add_prefix_space", space);
        after.putArray("sep").add("</s>").add(vocab.get("</s>").intValue());
        after.putArray("cls").add("<s>").add(vocab.get("<s>").intValue());
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.put("continuing_subword_prefix", "").put("end_of_word_suffix", "").put("fuse_unk", false);
        model.set("vocab", vocab);
        ArrayNode pairs = model.putArray("merges");
        List<String> lines = lines(merges);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (i == 0 && line.startsWith("#version")) {
                continue;
            }
            int blank = line.indexOf(' ');
            if (blank < 1 || blank == line.length() - 1 || line.indexOf(' ', blank + 1) >= 0) {
                throw Failure.of(merges + ", line " + (i + 1) + ": \"" + line
                        + "\" is not two pieces with a space between; fetch it again");
            }
            pairs.add(line);
        }
        return json;
    }

    private static ObjectNode wordPiece(Path vocabulary, ObjectNode given) {
        ObjectNode vocab = JSON.createObjectNode();
        List<String> lines = lines(vocabulary);
        for (int id = 0; id < lines.size(); id++) {
            if (vocab.has(lines.get(id))) {
                throw Failure.of(vocabulary + ", line " + (id + 1) + ": \"" + lines.get(id) + "\" is there twice; fetch it again");
            }
            vocab.put(lines.get(id), id);
        }
        ObjectNode json = JSON.createObjectNode().put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        for (String token : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            special(added, vocabulary, vocab, token, false);
        }
        ObjectNode normalizer = json.putObject("normalizer").put("type", "BertNormalizer").put("clean_text", true);
        normalizer.put("handle_chinese_chars", given.path("tokenize_chinese_chars").asBoolean(true));
        normalizer.put("lowercase", given.path("do_lower_case").asBoolean(true));
        if (given.path("strip_accents").isBoolean()) {
            normalizer.put("strip_accents", given.path("strip_accents").booleanValue());
        } else {
            normalizer.putNull("strip_accents");
        }
        json.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        ObjectNode after = json.putObject("post_processor").put("type", "BertProcessing");
        after.putArray("sep").add("[SEP]").add(vocab.get("[SEP]").intValue());
        after.putArray("cls").add("[CLS]").add(vocab.get("[CLS]").intValue());
        ObjectNode model = json.putObject("model").put("type", "WordPiece").put("unk_token", "[UNK]");
        model.put("continuing_subword_prefix", "##").put("max_input_chars_per_word", 100);
        model.set("vocab", vocab);
        return json;
    }

    private static void special(ArrayNode added, Path file, ObjectNode vocab, String token, boolean takesSpace) {
        if (!vocab.path(token).isIntegralNumber()) {
            throw Failure.of(file + " has no token " + token + "; take the vocabulary of this model");
        }
        added.addObject().put("id", vocab.get(token).intValue()).put("content", token).put("single_word", false)
                .put("lstrip", takesSpace).put("rstrip", false).put("normalized", false).put("special", true);
    }

    /// The lines of a text file: only a line feed ends one, other separators of Unicode may be tokens.
    private static List<String> lines(Path file) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(file))).toString();
            List<String> lines = new ArrayList<>();
            for (int start = 0; start < text.length(); ) {
                int end = text.indexOf('\n', start);
                end = end < 0 ? text.length() : end;
                lines.add(text.substring(start, end > start && text.charAt(end - 1) == '\r' ? end - 1 : end));
                start = end + 1;
            }
            return lines;
        } catch (CharacterCodingException e) {
            throw Failure.of(file + " is not UTF-8; it is damaged or not the expected file", e);
        } catch (IOException e) {
            throw Failure.reading(file, e);
        }
    }
}
