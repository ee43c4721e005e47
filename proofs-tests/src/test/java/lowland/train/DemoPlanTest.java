package lowland.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class DemoPlanTest {
    private static final DemoPlan SHORT = DemoPlan.verbSupersense(DemoMethod.usual(), List.of(0L, 1L), false);
    private static final DemoPlan FULL = DemoPlan.verbSupersense(DemoMethod.usual(), List.of(0L, 1L), true);
    private static final DemoPlan GLOSSES = DemoPlan.glossMatch(DemoMethod.usual(), List.of(0L, 1L));

    /// That is why no dropout is needed, and LoRA at twice the steps sees each row twice.
    @Test
    void everyRowIsSeenOnce() {
        for (DemoPlan plan : List.of(SHORT, FULL, GLOSSES)) {
            assertEquals(plan.trainRows(), plan.steps() * plan.batchSize(), plan.title());
        }
    }

    @Test
    void fullTakesMoreStepsOnMoreRowsAtTheSameRates() {
        assertTrue(FULL.steps() > SHORT.steps() && FULL.trainRows() > SHORT.trainRows());
        assertEquals(List.of(SHORT.batchSize(), SHORT.learningRate(), SHORT.headLearningRate()),
                List.of(FULL.batchSize(), FULL.learningRate(), FULL.headLearningRate()));
    }
}
