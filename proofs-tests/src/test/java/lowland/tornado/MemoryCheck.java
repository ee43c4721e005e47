package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertTrue;

import lowland.cpu.EquivalenceTraining;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.rule.EfmLora;
import org.junit.jupiter.api.Test;

/// 2,000 steps of a tiny BERT, and what the process holds on the way. By hand, see README.md here.
class MemoryCheck {
    @Test
    void residentMemoryOfTrainingSteps() {
        try (EquivalenceTraining training = new EquivalenceTraining(Tornado.device(false), EfmLora.defaults(),
                new Sizes(36, 3, 40, 50, 4, 2, true))) {
            long before = 0;
            for (int t = 1; t <= 2_500; t++) {
                assertTrue(training.train(t, 0.05));
                if (t % 500 == 0) {
                    long now = ResidentMemory.now();
                    before = t == 500 ? now : before;
                    System.out.printf("after %d steps %.1f MB%n", t, now * 1e-6);
                }
            }
            assertTrue(ResidentMemory.now() - before < 0.05 * before);
        }
    }
}
