package lowland.program;

import java.util.Map;

/// The size of one axis: a constant, or a named symbol plus a constant (`tokens`, `sequences+1`) that is bound at every run.
///
/// @param symbol the symbol, or null for a fixed extent
/// @param constant the fixed size, or what is added to the symbol
public record Extent(String symbol, int constant) {
    /// Real tokens of a packed batch.
    public static final Extent TOKENS = new Extent("tokens", 0);
    /// Sequences of a packed batch.
    public static final Extent SEQUENCES = new Extent("sequences", 0);
    /// Starts of the sequences, and the end of the last.
    public static final Extent STARTS = new Extent("sequences", 1);

    public Extent {
        if (constant < 0 || symbol == null && constant == 0) {
            throw new IllegalArgumentException("an extent is at least 1, found " + constant);
        }
    }

    /// A fixed extent.
    public static Extent of(int size) {
        return new Extent(null, size);
    }

    /// The size under these bindings.
    /// @throws IllegalArgumentException if the symbol is not bound
    public int size(Map<String, Integer> bindings) {
        if (symbol == null) {
            return constant;
        }
        Integer bound = bindings.get(symbol);
        if (bound == null) {
            throw new IllegalArgumentException("extent '" + symbol + "' is not bound; bound are " + bindings.keySet());
        }
        return bound + constant;
    }

    @Override
    public String toString() {
        return symbol == null ? Integer.toString(constant) : constant == 0 ? symbol : symbol + "+" + constant;
    }
}
