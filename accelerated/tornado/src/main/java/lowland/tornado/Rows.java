package lowland.tornado;

import java.util.ArrayList;
import java.util.List;

/// The table of [Row]s under construction.
final class Rows {
    private final List<int[]> rows = new ArrayList<>();

    /// Where the next row starts.
    int size() {
        return rows.size() * Row.WIDTH;
    }

    void add(int[] row) {
        rows.add(row);
    }

    int[] table() {
        int[] table = new int[size()];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, table, i * Row.WIDTH, Row.WIDTH);
        }
        return table;
    }
}
