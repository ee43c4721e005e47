package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.List;
import lowland.checkpoint.BertConfig;
import lowland.data.Example;
import lowland.text.Encoding;
import org.junit.jupiter.api.Test;

/// Which rows of the position table a sequence's tokens take.
class BatchTest {
    private static int[] positions(String family, int... ids) {
        BertConfig config = new BertConfig(family, 1, 8, 1, 8, 20, 20, 2, 1, 1e-5, 0, 0, 0);
        Rows rows = new Rows(List.of(new Example(1, "", null, 0, Double.NaN)), List.of(new Encoding(ids, new int[ids.length])), 0);
        Batch batch = new Batch(2 * ids.length, 2, config);
        batch.clear();
        batch.add(rows, 0);
        batch.add(rows, 0);
        return Arrays.copyOf(batch.inputs().ints("positions"), 2 * ids.length);
    }

    @Test
    void robertaCountsFromAfterThePaddingAndSkipsPaddingThatATextSpellsOut() {
        assertArrayEquals(new int[] {2, 3, 4, 2, 3, 4}, positions("roberta", 0, 7, 2));
        // transformers: the cumulative count of tokens that are not padding, plus the padding's id; padding itself at that id.
        assertArrayEquals(new int[] {2, 1, 3, 4, 2, 1, 3, 4}, positions("roberta", 0, 1, 7, 2));
    }

    @Test
    void bertCountsEveryToken() {
        assertArrayEquals(new int[] {0, 1, 2, 3, 0, 1, 2, 3}, positions("bert", 0, 1, 7, 2));
    }
}
