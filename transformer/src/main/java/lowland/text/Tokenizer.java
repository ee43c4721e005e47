package lowland.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.MiniLm;
import lowland.data.Example;
import lowland.data.Prompt;

/// A model's tokenizer, as its `tokenizer.json` describes it, with padding and truncation off whatever the file says:
/// tokens are packed, and cutting is asked for by the user and counted.
///
/// Several threads may encode at the same time. Close it to free its native memory.
public final class Tokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;
    private final int longest;
    private final boolean segments;

    private Tokenizer(HuggingFaceTokenizer tokenizer, int longest, boolean segments) {
        this.tokenizer = tokenizer;
        this.longest = longest;
        this.segments = segments;
    }

    /// The embedded model's tokenizer.
    ///
    /// @throws Failure if the artifact is missing, or its native library cannot be unpacked or loaded
    public static Tokenizer miniLm() {
        return parse(MiniLm.TOKENIZER, MiniLm.tokenizer(), MiniLm.CONFIG);
    }

    /// The tokenizer in a checkpoint's folder, see [TokenizerJson], for a model of these sizes.
    ///
    /// @throws Failure if the files are missing, broken, or of another model, or the native library cannot be unpacked or loaded
    public static Tokenizer read(Path folder, BertConfig config) {
        TokenizerJson json = TokenizerJson.read(folder, config.family());
        json.check(config);
        Tokenizer tokenizer = parse(json.source(), json.bytes(), config);
        try {
            tokenizer.requireSpecial(json.source(), config);
            return tokenizer;
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /// A text begins with one special token and ends with another; without them a model sees what it was never trained on.
    private void requireSpecial(String source, BertConfig config) {
        int[] empty = encode("").ids();
        if (empty.length != 2) {
            throw Failure.of(source + " puts " + empty.length + " special tokens around a text, a " + config.family()
                    + " model takes two; take the tokenizer of this model");
        }
    }

    static Tokenizer parse(String source, byte[] json, BertConfig config) {
        Path cache = NativeLibrary.prepare();
        Map<String, String> options = Map.of("padding", "false", "truncation", "false", "addSpecialTokens", "true");
        try {
            // RoBERTa was trained with one segment, whatever its tokenizer counts.
            return new Tokenizer(HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options), config.longest(),
                    config.family().equals("bert"));
        } catch (LinkageError | EngineException | IllegalStateException e) {
            throw Failure.of("the tokenizer's native library cannot be unpacked to " + cache + " and loaded (" + e.getMessage()
                    + " " + NativeLibrary.free(cache) + " MB are free there); it needs Linux (glibc), macOS or Windows,"
                    + " and 16 MB in a folder"
                    + " from which programs may run: name one with LOWLAND_CACHE", e);
        } catch (RuntimeException | IOException e) {
            throw Failure.of(source + " is no tokenizer that can be read: " + e.getMessage() + "; fetch it again", e);
        }
    }

    /// The tokens of one text, of any length.
    public Encoding encode(String text) {
        return cut(tokens(text, null), Integer.MAX_VALUE);
    }

    /// The tokens of a pair of texts, of any length.
    public Encoding encode(String text, String pair) {
        return cut(tokens(text, pair), Integer.MAX_VALUE);
    }

    /// @throws Failure (exit code 2) if a text cannot be cut to so many tokens; 0 cuts nothing
    public void requireLength(int maxLength) {
        if (maxLength < 0 || maxLength > longest) {
            throw Failure.usage("--max-length " + maxLength + " is not from 1 to " + longest + ", the most that the model takes");
        }
    }

    /// The tokens of rows, each cut to `maxLength` tokens (special ones among them), the longest side first. With
    /// `maxLength` 0 nothing is cut, and a row longer than the model is a failure.
    ///
    /// @param source what the rows are called in messages
    /// @throws Failure naming the row if a text is longer than the model, or if `maxLength` is longer than it
    public Encodings encode(String source, List<Example> rows, int maxLength) {
        requireLength(maxLength);
        List<Encoding> encodings = new ArrayList<>(rows.size());
        int truncated = 0;
        for (Example row : rows) {
            ai.djl.huggingface.tokenizers.Encoding tokens = tokens(row.text(), row.pair());
            int length = tokens.getIds().length;
            if (maxLength == 0 && length > longest) {
                throw Failure.of(source + ", line " + row.row() + ": the text has " + length + " tokens, the model takes " + longest
                        + "; cut such texts with --max-length " + longest);
            }
            truncated += maxLength > 0 && length > maxLength ? 1 : 0;
            encodings.add(cut(tokens, maxLength == 0 ? longest : maxLength));
        }
        return new Encodings(encodings, truncated);
    }

    /// The tokens of rows in a prompt, the texts cut to `maxLength` tokens with all that stands around them, the longest side first.
    ///
    /// @throws Failure as without a prompt
    public Encodings encode(String source, List<Example> rows, Prompt prompt, int maxLength) {
        requireLength(maxLength);
        int[] around = encode("").ids();
        List<Encoding> encodings = new ArrayList<>(rows.size());
        int truncated = 0;
        for (Example row : rows) {
            List<int[]> parts = new ArrayList<>();
            int[] lengths = new int[2];
            int length = around.length;
            for (Prompt.Piece piece : prompt.pieces()) {
                int[] ids = switch (piece) {
                    case Prompt.Words words -> pieces(words.text());
                    case Prompt.Gap _ -> new int[] {mask()};
                    case Prompt.Text text -> {
                        int[] all = pieces(Prompt.spoken(row, text));
                        int[] kept = text.shortened() && all.length > 0 ? Arrays.copyOf(all, all.length - 1) : all;
                        lengths[text.which()] = kept.length;
                        yield kept;
                    }
                };
                parts.add(ids);
                length += ids.length;
            }
            int most = maxLength == 0 ? longest : maxLength;
            if (maxLength == 0 && length > longest) {
                throw Failure.of(source + ", line " + row.row() + ": the prompt has " + length + " tokens, the model takes " + longest
                        + "; cut such texts with --max-length " + longest);
            }
            int room = most - (length - lengths[0] - lengths[1]);
            if (room < 0) {
                throw Failure.usage("--max-length " + most + " leaves no room for the words of the prompt; take a larger one");
            }
            truncated += length > most ? 1 : 0;
            encodings.add(joined(prompt, parts, around, longestFirst(lengths[0], lengths[1], room)));
        }
        return new Encodings(encodings, truncated);
    }

    /// @param kept tokens of each text
    private static Encoding joined(Prompt prompt, List<int[]> parts, int[] around, int[] kept) {
        int[] ids = new int[around.length + parts.stream().mapToInt(part -> part.length).sum()];
        ids[0] = around[0];
        int n = 1;
        int gap = 0;
        for (int i = 0; i < parts.size(); i++) {
            int count = prompt.pieces().get(i) instanceof Prompt.Text text ? kept[text.which()] : parts.get(i).length;
            gap = prompt.pieces().get(i) instanceof Prompt.Gap ? n : gap;
            System.arraycopy(parts.get(i), 0, ids, n, count);
            n += count;
        }
        ids[n++] = around[1];
        return new Encoding(Arrays.copyOf(ids, n), new int[n], gap);
    }

    /// The token of each word, with a space before it.
    ///
    /// @throws Failure if a word is more than one token
    public int[] words(List<String> words) {
        int[] ids = new int[words.size()];
        for (int i = 0; i < ids.length; i++) {
            int[] tokens = pieces(" " + words.get(i));
            if (tokens.length != 1) {
                throw Failure.of("the label word " + words.get(i) + " is " + tokens.length + " tokens of this model's tokenizer, a prompt"
                        + " takes one; take a RoBERTa or BERT of English");
            }
            ids[i] = tokens[0];
        }
        return ids;
    }

    private int mask() {
        return pieces(segments ? "[MASK]" : "<mask>")[0];
    }

    /// Tokens without special ones around them.
    private int[] pieces(String text) {
        return Arrays.stream(tokenizer.encode(text, false, false).getIds()).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private ai.djl.huggingface.tokenizers.Encoding tokens(String text, String pair) {
        return pair == null ? tokenizer.encode(text, true, false) : tokenizer.encode(text, pair, true, false);
    }

    /// Keeps `most` tokens: all special ones, and of each text a beginning. Where both texts are longer than half of
    /// what is left, each keeps half of it (the longer one, or the second of equals, one more where it is odd);
    /// otherwise the shorter one stays whole.
    private Encoding cut(ai.djl.huggingface.tokenizers.Encoding tokens, int most) {
        long[] ids = tokens.getIds();
        long[] types = tokens.getTypeIds();
        long[] special = tokens.getSpecialTokenMask();
        long[] sides = tokens.getSequenceIds();
        int[] lengths = new int[2];
        for (int i = 0; i < ids.length; i++) {
            if (special[i] == 0) {
                lengths[sides[i] == 1 ? 1 : 0]++;
            }
        }
        int room = most - (ids.length - lengths[0] - lengths[1]);
        if (room < 0) {
            throw Failure.usage("--max-length " + most + " leaves no room for the model's special tokens; take a larger one");
        }
        int[] kept = longestFirst(lengths[0], lengths[1], room);
        int size = Math.min(ids.length, most);
        int[] keptIds = new int[size];
        int[] keptTypes = new int[size];
        int n = 0;
        for (int i = 0; i < ids.length; i++) {
            if (special[i] != 0 || kept[sides[i] == 1 ? 1 : 0]-- > 0) {
                keptIds[n] = Math.toIntExact(ids[i]);
                keptTypes[n++] = segments ? Math.toIntExact(types[i]) : 0;
            }
        }
        return new Encoding(keptIds, keptTypes);
    }

    private static int[] longestFirst(int first, int second, int room) {
        if (first + second <= room) {
            return new int[] {first, second};
        }
        int half = room / 2;
        if (first > second) {
            int shorter = Math.min(second, half);
            return new int[] {room - shorter, shorter};
        }
        int shorter = Math.min(first, half);
        return new int[] {shorter, room - shorter};
    }
}
