package lowland.data;

import java.util.List;
import java.util.Locale;

/// A task as a gap in a sentence: the texts between words that stay, one place masked, and a word for each class that may stand there.
///
/// The pieces are tokenized each for itself, as LM-BFF does (Gao et al., arXiv 2012.15723v2, and its code, which MeZO's takes over): between
/// the model's first and last special token, all of one segment. A label word is one token, with a space before it.
///
/// @param labels in the order of the logits
/// @param words of the labels, in their order
public record Prompt(List<Piece> pieces, List<String> labels, List<String> words) {
    /// A part of a prompt.
    public sealed interface Piece {}

    /// Words that stay, a leading space among them.
    public record Words(String text) implements Piece {}

    /// The gap.
    public record Gap() implements Piece {}

    /// A text of the row.
    ///
    /// @param which 0 for the first, 1 for the second
    /// @param shortened whether its last token is left out: its full stop, before other words go on
    /// @param spaced whether a space stands before it
    /// @param small whether its first letter becomes small, to go on a sentence
    public record Text(int which, boolean shortened, boolean spaced, boolean small) implements Piece {}

    public Prompt {
        pieces = List.copyOf(pieces);
        labels = List.copyOf(labels);
        words = List.copyOf(words);
    }

    /// A row's text as its piece says it.
    public static String spoken(Example row, Text piece) {
        String text = piece.which == 0 ? row.text() : row.pair();
        if (piece.small && !text.isEmpty()) {
            int first = text.offsetByCodePoints(0, 1);
            text = text.substring(0, first).toLowerCase(Locale.ROOT) + text.substring(first);
        }
        return piece.spaced ? " " + text : text;
    }
}
