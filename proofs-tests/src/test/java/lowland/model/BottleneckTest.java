package lowland.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import lowland.checkpoint.BertConfig;
import lowland.program.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BottleneckTest {
    private static final BertConfig LARGE = new BertConfig("roberta", 24, 1024, 16, 4096, 50265, 514, 1, 1, 1e-5, 0.1, 0.1, 0.1);

    private static List<State> inserted(Bottleneck bottleneck) {
        return new Bert(LARGE, "roberta.", Bert.Pooling.FIRST, 2, false, 0, true, bottleneck).inserted();
    }

    /// In RoBERTa-large: LoRA's tables (Hu et al., arXiv 2106.09685v2, Table 2) say 0.8M of the first two.
    @ParameterizedTest
    @CsvSource({"PFEIFFER, 16, 811392", "HOULSBY, 8, 835968", "LIN, 16, 860544", "NONE, 0, 0"})
    void soManyValuesAreTrained(Bottleneck.Kind kind, int size, long values) {
        long counted = 0;
        for (State state : inserted(new Bottleneck(kind, size))) {
            counted += (long) state.slices() * state.size();
        }
        assertEquals(values, counted);
    }

    @Test
    void aSizeIsThereWhereLayersAre() {
        assertThrows(IllegalArgumentException.class, () -> new Bottleneck(Bottleneck.Kind.NONE, 4));
        assertThrows(IllegalArgumentException.class, () -> new Bottleneck(Bottleneck.Kind.LIN, 0));
        assertThrows(IllegalArgumentException.class, () -> new Bottleneck(Bottleneck.Kind.LIN, -1));
    }
}
