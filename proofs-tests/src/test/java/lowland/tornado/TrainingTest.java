package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import lowland.cpu.EquivalenceTraining;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Comparison;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole training steps as task graphs: every operation on the device's own inputs within its bound; then the stages as graphs, which must
/// give the same bits as one graph an operation, and 20 steps beside the interpreter.
class TrainingTest {
    private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01);
    static final Sizes SIZES = new Sizes(36, 3, 40, 50, 4, 2, true);
    private static final Sizes DECOMPOSED = new Sizes(36, 3, 40, 50, 4, 2, true, true);

    private static EquivalenceTraining open(Device device, UpdateRule rule, Bert.Pooling model) {
        return new EquivalenceTraining(device, rule, ADAMW, SIZES, EquivalenceTraining.CAPACITY, model);
    }

    /// BERT with the papers' rules but Bi-LoRA, and with Flat-LoRA and DoRA, which have products and norms that no other has. The other rules
    /// are in [RulesCheck].
    static List<Arguments> models() {
        List<Arguments> models = new ArrayList<>();
        for (UpdateRule rule : List.of(Lora.defaults(), LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(), FlatLora.defaults())) {
            models.add(Arguments.of(rule, SIZES));
        }
        models.add(Arguments.of(EfmLora.defaults(), DECOMPOSED));
        return models;
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyOperationOfAStepIsWithinItsBound(UpdateRule rule, Sizes sizes) {
        assertWithinBounds(rule, sizes);
    }

    static void assertWithinBounds(UpdateRule rule, Sizes sizes) {
        Comparison comparison = new Comparison();
        try (EquivalenceTraining watched = new EquivalenceTraining(Tornado.device(true), rule, ADAMW, sizes, EquivalenceTraining.CAPACITY)) {
            for (int t = 1; t <= 2; t++) {
                assertTrue(watched.train(t, 0.05, comparison));
            }
        }
        report(rule.getClass().getSimpleName() + (sizes.decomposed() ? " under DoRA" : ""), comparison);
    }

    private static void report(String what, Comparison comparison) {
        assertTrue(comparison.compared() > 60_000, "compared " + comparison.compared());
        TreeMap<String, String> ratios = new TreeMap<>();
        comparison.worst().forEach((operation, element) -> ratios.put(operation, "%.2f".formatted(element.ratio())));
        System.out.println(what + ": error/bound " + ratios);
    }

    /// RoBERTa, which differs from BERT in its head alone, under Bi-LoRA: every operation within its bound, and a graph a stage gives the bits
    /// of a graph an operation. Then it runs freely, beside the interpreter. Drift is reported: no bound holds end to end, since AdamW's first
    /// update is the gradient's sign.
    @Test
    void stagesGiveTheBitsOfTheirOperationsAndTheirDriftIsReported() {
        UpdateRule rule = BiLora.defaults();
        Bert.Pooling model = Bert.Pooling.FIRST;
        StringBuilder line = new StringBuilder("BiLora, RoBERTa: largest difference of a factor after steps");
        Comparison comparison = new Comparison();
        try (EquivalenceTraining single = open(Tornado.device(true), rule, model);
                EquivalenceTraining floats = open(Tornado.device(false), rule, model);
                EquivalenceTraining doubles = open(new Interpreter(), rule, model)) {
            for (int t = 1; t <= 20; t++) {
                assertTrue(floats.train(t, 0.05));
                assertTrue(doubles.train(t, 0.05));
                if (t <= 2) {
                    assertTrue(single.train(t, 0.05, comparison));
                    List<float[]> expected = single.values(single.changing());
                    List<float[]> values = floats.values(floats.changing());
                    for (int i = 0; i < values.size(); i++) {
                        assertArrayEquals(expected.get(i), values.get(i), "state " + i);
                    }
                }
                if (t == 1 || t == 10 || t == 20) {
                    line.append(" %d: %.1e".formatted(t, drift(floats.values(floats.results()), doubles.values(doubles.results()))));
                }
            }
        }
        report("BiLora, RoBERTa", comparison);
        System.out.println(line);
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
