package lowland.step;

import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.Value;
import lowland.program.operation.Mask;

/// Dropout of rows, one a token or one a sequence: masks go by the sequence of a row and its place there, which are inputs of the program.
public final class RowDropout {
    private RowDropout() {}

    /// @param x [tokens, channels], which go by `sequences` and `places`; or [sequences, channels], by `rows` and `rowPlaces`
    public static Value of(Recording p, Value x, Mask mask) {
        boolean tokens = x.shape().extent(0).equals(Extent.TOKENS);
        Shape rows = Shape.of(x.shape().extent(0));
        return p.dropout(x, p.input(tokens ? "sequences" : "rows", ElementType.INT, rows),
                p.input(tokens ? "places" : "rowPlaces", ElementType.INT, rows), mask);
    }
}
