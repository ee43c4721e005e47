package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The parts of a tensor are the tensor, whatever the array held before.
class WeightsTest {
    @Test
    void randomWeights() {
        BertConfig config = new BertConfig("roberta", 1, 8, 2, 16, 11, 10, 1, 1, 1e-5, 0.1, 0.1, 0.1);
        parts(new RandomWeights(config), config.tensorShapes());
    }

    @Test
    void mappedWeights() throws Exception {
        for (String family : new String[] {"roberta", "bert"}) {
            try (Checkpoint checkpoint = Checkpoint.open(Path.of(WeightsTest.class.getResource("/golden/" + family).toURI()))) {
                parts(checkpoint.weights(), checkpoint.config().tensorShapes());
            }
        }
    }

    private static void parts(Weights weights, Map<String, int[]> shapes) {
        int seen = 0;
        for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
            if (!weights.names().contains(entry.getKey())) {
                continue;
            }
            float[] whole = weights.get(entry.getKey(), entry.getValue()).data();
            float[] part = new float[13];
            for (int from = 0; from < whole.length; from += part.length) {
                int count = Math.min(part.length, whole.length - from);
                Arrays.fill(part, Float.NaN);
                weights.read(entry.getKey(), entry.getValue(), from, part, count);
                assertArrayEquals(Arrays.copyOfRange(whole, from, from + count), Arrays.copyOf(part, count), entry.getKey());
            }
            seen++;
        }
        assertEquals(shapes.size(), seen);
    }
}
