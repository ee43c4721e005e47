package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.TreeMap;
import lowland.cpu.EquivalenceTraining;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.descent.AdamW;
import lowland.program.Comparison;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.rule.EfmLora;
import lowland.rule.UpdateRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole training steps as task graphs: every operation on the device's own inputs within its bound; then the stages as graphs, which must
/// give the same bits as one graph an operation, and 20 steps beside the interpreter.
class TrainingTest {
    static List<UpdateRule> rules() {
        return List.of(EfmLora.defaults());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void stepsAreWithinTheirBounds(UpdateRule rule) {
        String name = rule.getClass().getSimpleName();
        AdamW adamW = new AdamW(0.9, 0.999, 1e-8, 0.01);
        Sizes sizes = new Sizes(36, 3, 40, 50, 4, 2, true);
        Comparison comparison = new Comparison();
        List<float[]> watchedValues;
        try (EquivalenceTraining watched = new EquivalenceTraining(Tornado.device(true), rule, adamW, sizes,
                EquivalenceTraining.CAPACITY)) {
            for (int t = 1; t <= 2; t++) {
                assertTrue(watched.train(t, 0.05, comparison));
            }
            Inputs inputs = EquivalenceTraining.inputs(EquivalenceTraining.LENGTHS, 50, 9, 1, 0.05);
            assertTrue(watched.session.run("evaluate", inputs, comparison));
            watchedValues = watched.values(watched.changing());
        }
        assertTrue(comparison.compared() > 80_000, "compared " + comparison.compared());
        TreeMap<String, String> ratios = new TreeMap<>();
        comparison.worst().forEach((operation, element) -> ratios.put(operation, "%.2f".formatted(element.ratio())));
        System.out.println(name + ": error/bound " + ratios);

        try (EquivalenceTraining floats = new EquivalenceTraining(Tornado.device(false), rule, adamW, sizes, EquivalenceTraining.CAPACITY);
                EquivalenceTraining doubles = new EquivalenceTraining(new Interpreter(), rule, adamW, sizes,
                        EquivalenceTraining.CAPACITY)) {
            StringBuilder line = new StringBuilder(name + ": largest difference of a factor after steps");
            for (int t = 1; t <= 20; t++) {
                assertTrue(floats.train(t, 0.05));
                assertTrue(doubles.train(t, 0.05));
                if (t == 2) {
                    List<float[]> values = floats.values(floats.changing());
                    for (int i = 0; i < values.size(); i++) {
                        assertArrayEquals(watchedValues.get(i), values.get(i), "state " + i);
                    }
                }
                if (t == 1 || t == 10 || t == 20) {
                    line.append(" %d: %.1e".formatted(t, drift(floats.values(floats.results()), doubles.values(doubles.results()))));
                }
            }
            System.out.println(line);
        }
    }

    private static double drift(List<float[]> a, List<float[]> b) {
        double largest = 0;
        for (int i = 0; i < a.size(); i++) {
            for (int j = 0; j < a.get(i).length; j++) {
                double away = Math.abs((double) a.get(i)[j] - b.get(i)[j]);
                assertTrue(Double.isFinite(away));
                largest = Math.max(largest, away);
            }
        }
        return largest;
    }
}
