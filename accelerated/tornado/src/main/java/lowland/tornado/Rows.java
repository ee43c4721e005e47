package lowland.tornado;

import java.util.ArrayList;
import java.util.List;

/// The table of [Row]s under construction. The first is for the count of kernels.
final class Rows {
    private final List<int[]> rows = new ArrayList<>(List.of(new int[Row.WIDTH]));
    private final List<Integer> slots = new ArrayList<>();

    /// The slot of the rows that come next, within the graph under construction.
    int slot() {
        slots.add(rows.size() * Row.WIDTH);
        return slots.size() - 1;
    }

    /// Where the rows of each slot start, of the graph whose last task was made.
    int[] slots() {
        int[] starts = slots.stream().mapToInt(start -> start).toArray();
        slots.clear();
        return starts;
    }

    void add(int[] row) {
        rows.add(row);
    }

    int[] table() {
        int[] table = new int[rows.size() * Row.WIDTH];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, table, i * Row.WIDTH, Row.WIDTH);
        }
        return table;
    }
}
