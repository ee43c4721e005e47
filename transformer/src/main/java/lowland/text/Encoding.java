package lowland.text;

/// A text as the model takes it: token ids and segment ids (0, and 1 for the second text where the model tells them
/// apart), special tokens among them. Both arrays belong to the encoding; nobody writes to them.
public record Encoding(int[] ids, int[] typeIds) {
    /// The number of tokens.
    public int length() {
        return ids.length;
    }
}
