package lowland.text;

/// A text as the model takes it: token ids and segment ids (0, and 1 for the second text where the model tells them
/// apart), special tokens among them. Both arrays belong to the encoding; nobody writes to them.
///
/// @param read the place of the token that a head on one token reads: the first, or a prompt's gap
public record Encoding(int[] ids, int[] typeIds, int read) {
    /// A text whose first token is read.
    public Encoding(int[] ids, int[] typeIds) {
        this(ids, typeIds, 0);
    }

    /// The number of tokens.
    public int length() {
        return ids.length;
    }
}
