package lowland.train;

import java.util.Arrays;
import java.util.List;
import lowland.data.Example;
import lowland.data.Prompt;
import lowland.text.Encoding;
import lowland.text.Encodings;
import lowland.text.Tokenizer;

/// Rows as the model takes them: tokens, and a label or a target each.
///
/// @param truncated how many rows were cut to the maximal length
public record Rows(List<Example> examples, List<Encoding> encodings, int truncated) {
    /// @param source what the rows are called in messages
    public static Rows of(String source, List<Example> examples, Tokenizer tokenizer, int maxLength) {
        Encodings encodings = tokenizer.encode(source, examples, maxLength);
        return new Rows(examples, encodings.rows(), encodings.truncated());
    }

    /// Rows in a prompt.
    public static Rows of(String source, List<Example> examples, Prompt prompt, Tokenizer tokenizer, int maxLength) {
        Encodings encodings = tokenizer.encode(source, examples, prompt, maxLength);
        return new Rows(examples, encodings.rows(), encodings.truncated());
    }

    public int size() {
        return examples.size();
    }

    public int tokens(int row) {
        return encodings.get(row).length();
    }

    /// The tokens of the `count` longest rows: no batch of so many rows has more.
    public int mostTokens(int count) {
        int[] lengths = new int[size()];
        for (int row = 0; row < lengths.length; row++) {
            lengths[row] = tokens(row);
        }
        Arrays.sort(lengths);
        int most = 0;
        for (int i = Math.max(0, lengths.length - count); i < lengths.length; i++) {
            most = Math.addExact(most, lengths[i]);
        }
        return most;
    }
}
