package lowland.text;

import java.util.List;

/// The encodings of many rows in their order, and how many of them were cut to the maximal length.
public record Encodings(List<Encoding> rows, int truncated) {
    public Encodings {
        rows = List.copyOf(rows);
    }
}
