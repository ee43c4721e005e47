package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class RandomWeightsTest {
    private static final String NAME = "encoder.layer.0.intermediate.dense.weight";
    private static final RandomWeights WEIGHTS = new RandomWeights(
            new BertConfig("roberta", 1, 768, 12, 3072, 50265, 514, 1, 1, 1e-5, 0.1, 0.1, 0.1));

    /// Moments and tails of a normal distribution of deviation 0.02 within five standard errors.
    @Test
    void matricesAreNormal() {
        float[] values = WEIGHTS.get(NAME, 3072, 768).data();
        double sum = 0;
        double squares = 0;
        double fourth = 0;
        int within = 0;
        for (float value : values) {
            double x = value / 0.02;
            sum += x;
            squares += x * x;
            fourth += x * x * x * x;
            within += Math.abs(x) < 1 ? 1 : 0;
        }
        double root = Math.sqrt(values.length);
        assertEquals(0, sum / values.length, 5 / root);
        assertEquals(1, squares / values.length, 5 * Math.sqrt(2) / root);
        assertEquals(3, fourth / values.length, 5 * Math.sqrt(96) / root);
        assertEquals(0.682689, (double) within / values.length, 5 * Math.sqrt(0.2166) / root);
    }

    /// A full-size model is drawn to measure its memory.
    @Test
    void drawingTakesNoMemory() {
        float[] values = new float[100_000];
        int[] shape = {3072, 768};
        WEIGHTS.read(NAME, shape, 0, values, 10);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        WEIGHTS.read(NAME, shape, 0, values, values.length);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < values.length, allocated + " bytes");
    }
}
