package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A tensor in a lent array is the tensor in an array of its own, whatever the array held before.
class WeightsTest {
    @Test
    void randomWeightsFillALentArray() {
        BertConfig config = new BertConfig("roberta", 1, 8, 2, 16, 11, 10, 1, 1, 1e-5, 0.1, 0.1, 0.1);
        lent(new RandomWeights(config), config.tensorShapes());
    }

    @Test
    void mappedWeightsFillALentArray() throws Exception {
        for (String family : new String[] {"roberta", "bert"}) {
            try (Checkpoint checkpoint = Checkpoint.open(Path.of(WeightsTest.class.getResource("/golden/" + family).toURI()))) {
                lent(checkpoint.weights(), checkpoint.config().tensorShapes());
            }
        }
    }

    private static void lent(Weights weights, Map<String, int[]> shapes) {
        int seen = 0;
        for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
            if (!weights.names().contains(entry.getKey())) {
                continue;
            }
            Tensor own = weights.get(entry.getKey(), entry.getValue());
            float[] array = new float[own.data().length];
            Arrays.fill(array, Float.NaN);
            Tensor tensor = weights.get(size -> {
                assertEquals(array.length, size);
                return array;
            }, entry.getKey(), entry.getValue());
            assertSame(array, tensor.data());
            assertArrayEquals(own.data(), array, entry.getKey());
            seen++;
        }
        assertEquals(shapes.size(), seen);
    }
}
