package lowland.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lowland.data.DataSet;
import lowland.data.WordNet;
import org.junit.jupiter.api.Test;

class DemoPlanTest {
    private static final List<Long> SEEDS = List.of(0L, 1L);
    private static final DemoPlan SHORT = DemoPlan.verbSupersense(DemoMethod.usual(), SEEDS, false);
    private static final DemoPlan FULL = DemoPlan.verbSupersense(DemoMethod.usual(), SEEDS, true);
    private static final DemoPlan GLOSSES = DemoPlan.glossMatch(DemoMethod.usual(), SEEDS);

    /// That is why no dropout is needed.
    @Test
    void everyRowIsSeenOnceAndTwiceAtTwiceTheSteps() {
        for (DemoPlan plan : List.of(SHORT, FULL, GLOSSES)) {
            DataSet data = plan == GLOSSES ? WordNet.glossMatch() : WordNet.verbSupersense();
            assertTrue(data.train().size() >= plan.trainRows(), plan.title() + " has no " + plan.trainRows() + " rows");
            for (DemoMethod method : plan.methods()) {
                Settings settings = plan.settings(method, 0);
                assertEquals(method.steps() * plan.trainRows(), settings.steps() * settings.batching().rows(), plan.title() + ", " + method.name());
            }
        }
    }

    @Test
    void fullTakesMoreStepsOnMoreRowsAtTheSameRates() {
        assertTrue(FULL.steps() > SHORT.steps() && FULL.trainRows() > SHORT.trainRows());
        assertEquals(List.of(SHORT.batchSize(), SHORT.learningRate(), SHORT.headLearningRate()),
                List.of(FULL.batchSize(), FULL.learningRate(), FULL.headLearningRate()));
    }
}
