package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A task's labels under those of a checkpoint, and fewer of its rows.
class DataSetTest {
    private static DataSet numbered(int rows) {
        List<Example> examples = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            examples.add(new Example(row + 1, "text " + row, null, row % 3, Double.NaN));
        }
        return new DataSet("numbers", List.of("0", "1", "2"), examples, examples.subList(0, rows / 2), List.of(), false);
    }

    @Test
    void classNumbersTakeTheNamesOfACheckpointThatNamesAsMany() {
        DataSet set = numbered(6);
        List<String> names = List.of("entailment", "neutral", "contradiction");
        assertEquals(names, set.under(names).labels());
        assertEquals(set.train(), set.under(names).train());
        for (List<String> other : List.of(List.of("LABEL_0", "LABEL_1", "LABEL_2"), List.of("yes", "no"), List.<String>of())) {
            assertSame(set, set.under(other), other.toString());
        }
        // Names that are numbers in another order are the checkpoint's own: they say which logit is which.
        assertEquals(2, set.under(List.of("2", "0", "1")).train().get(1).label());
    }

    @Test
    void fewerRowsAreThoseOfTheLeastHashesInTheirOldOrder() {
        DataSet set = numbered(200);
        List<Example> kept = set.atMost(40).train();
        assertEquals(40, kept.size());
        double most = kept.stream().mapToDouble(Example::share).max().orElseThrow();
        int last = 0;
        for (Example example : set.train()) {
            boolean in = kept.contains(example);
            assertTrue(in == (example.share() <= most), "row " + example.row());
            assertTrue(!in || example.row() > last);
            last = in ? example.row() : last;
        }
        assertTrue(kept.containsAll(set.atMost(30).train()), "more rows hold the fewer ones");
        assertEquals(set.dev(), set.atMost(100).dev());
        assertEquals(set.labels(), set.atMost(1).labels());
    }
}
