package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.descent.AdamW;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.operation.Operation;
import lowland.rule.FlatLora;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Equal bits where equality is promised: across thread counts, neighbours in the batch, capacities, and for ρ = 0.
class CpuDeviceExactnessTest {
    static final List<UpdateRule> RULES = EquivalenceTraining.RULES;

    /// Looks at nothing.
    private static final Observer WATCHER = new Observer() {
        @Override
        public void before(Operation operation, Memory memory) {}

        @Override
        public void after(Operation operation, Memory memory) {}
    };

    /// Large enough that every kind of operation is cut into several pieces.
    private static final Sizes WIDE = new Sizes(96, 3, 200, 50, 8, 2, false);

    @ParameterizedTest
    @FieldSource("RULES")
    void bitsDoNotDependOnThreads(UpdateRule rule) {
        List<float[]> one = trained(rule, 1);
        for (int threads : new int[] {2, 3, 8}) {
            List<float[]> many = trained(rule, threads);
            for (int i = 0; i < one.size(); i++) {
                assertArrayEquals(bits(one.get(i)), bits(many.get(i)), threads + " threads, slice " + i);
            }
        }
    }

    private static List<float[]> trained(UpdateRule rule, int threads) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(threads), rule, AdamW.defaults(), WIDE,
                Map.of("tokens", 256, "sequences", 16))) {
            List<float[]> results = new java.util.ArrayList<>();
            int[] lengths = {13, 1, 16, 7, 16, 16, 16, 15, 16, 16, 3, 16, 16, 16};
            for (int t = 1; t <= 4; t++) {
                Inputs inputs = EquivalenceTraining.inputs(lengths, 50, t, t, 0.05);
                training.session.run("clear", inputs);
                training.session.run("gradient", inputs);
                if (training.step.perturb() != null) {
                    training.session.run("perturb", inputs);
                    training.session.run("gradient", inputs);
                }
                assertTrue(training.session.run("descend", inputs));
                results.add(new float[] {(float) training.loss()});
                float[] logits = new float[lengths.length * EquivalenceTraining.CLASSES];
                training.session.copy("gradient", "logits", logits);
                results.add(logits);
            }
            results.addAll(training.values(training.changing()));
            return results;
        }
    }

    /// A watched step computes every product alone, another one joins those that add up; the tests of single operations watch.
    @ParameterizedTest
    @FieldSource("RULES")
    void aWatchedStepHasTheBitsOfAnother(UpdateRule rule) {
        for (Sizes sizes : List.of(new Sizes(36, 3, 40, 50, 4, 2, true), new Sizes(36, 3, 40, 50, 4, 2, true, true), WIDE)) {
            try (EquivalenceTraining watched = new EquivalenceTraining(new CpuDevice(2), rule, sizes);
                    EquivalenceTraining other = new EquivalenceTraining(new CpuDevice(2), rule, sizes)) {
                for (int t = 1; t <= 4; t++) {
                    // The third step ends at a guard.
                    double rho = t == 3 ? Double.NaN : 0.05;
                    assertEquals(watched.train(t, rho, WATCHER), other.train(t, rho));
                    assertArrayEquals(bits(watched.logits()), bits(other.logits()), "logits at step " + t);
                    List<float[]> expected = watched.values(watched.changing());
                    List<float[]> values = other.values(other.changing());
                    for (int i = 0; i < values.size(); i++) {
                        assertArrayEquals(bits(expected.get(i)), bits(values.get(i)), "slice " + i + " at step " + t);
                    }
                }
            }
        }
    }

    @Test
    void logitsOfARowDoNotDependOnNeighboursOrCapacity() {
        float[] alone = evaluate(new int[] {9}, Map.of("tokens", 9, "sequences", 1));
        for (Map<String, Integer> capacity : List.of(Map.of("tokens", 100, "sequences", 10), Map.of("tokens", 700, "sequences", 33))) {
            for (int[] lengths : new int[][] {{9}, {9, 1}, {9, 5, 16, 1, 2}, {9, 16, 16, 16, 16, 16}}) {
                float[] together = evaluate(lengths, capacity);
                assertArrayEquals(bits(alone), bits(Arrays.copyOf(together, EquivalenceTraining.CLASSES)),
                        Arrays.toString(lengths) + " in " + capacity);
            }
        }
    }

    private static float[] evaluate(int[] lengths, Map<String, Integer> capacity) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(2), Lora.defaults(), AdamW.defaults(), WIDE, capacity)) {
            assertTrue(training.session.run("evaluate", EquivalenceTraining.inputs(lengths, 50, 3, 1, 0)));
            float[] logits = new float[lengths.length * EquivalenceTraining.CLASSES];
            training.session.copy("evaluate", "logits", logits);
            return logits;
        }
    }

    /// A session that only evaluates has the bits of one that trains once it is told what is frozen; else it packs the factors too.
    @Test
    void evaluationAloneHasTheBitsOfTraining() {
        Inputs inputs = EquivalenceTraining.inputs(new int[] {9, 5, 16, 1, 2}, 50, 3, 1, 0);
        Map<String, Integer> capacity = Map.of("tokens", 100, "sequences", 10);
        CpuDevice device = new CpuDevice(2);
        try (EquivalenceTraining training = new EquivalenceTraining(device, Lora.defaults(), AdamW.defaults(), WIDE, capacity);
                Session alone = device.open(List.of(training.step.evaluate()), Set.copyOf(training.model.frozen()), capacity);
                Session unaware = device.open(List.of(training.step.evaluate()), capacity)) {
            EquivalenceTraining.initialise(alone, training.model, training.step);
            assertTrue(training.session.run("evaluate", inputs));
            assertTrue(alone.run("evaluate", inputs));
            float[][] outputs = new float[4][5 * EquivalenceTraining.CLASSES];
            for (String output : List.of("logits", "losses")) {
                training.session.copy("evaluate", output, outputs[output.equals("logits") ? 0 : 1]);
                alone.copy("evaluate", output, outputs[output.equals("logits") ? 2 : 3]);
            }
            assertArrayEquals(bits(outputs[0]), bits(outputs[2]));
            assertArrayEquals(bits(outputs[1]), bits(outputs[3]));
            assertEquals(training.session.planned().packed(), alone.planned().packed());
            assertTrue(alone.planned().packed() < unaware.planned().packed(), "nothing but frozen weights can be packed here");
        }
    }

    @Test
    void whatAProgramUpdatesIsNotFrozen() {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), Lora.defaults(), Sizes.TINY)) {
            Set<State> frozen = Set.of(training.step.adapter().getFirst().a());
            for (Device device : List.of(new CpuDevice(1), new Interpreter())) {
                IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                        () -> device.open(training.step.programs(), frozen, EquivalenceTraining.CAPACITY));
                assertTrue(e.getMessage().startsWith("program 'descend' updates the state "), e.getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutARadiusEveryRuleIsLora(boolean dropout) {
        Sizes sizes = new Sizes(36, 3, 40, 50, 4, 2, dropout);
        List<UpdateRule> rules = new ArrayList<>(RULES);
        rules.addAll(List.of(FlatLora.defaults(), FullSam.defaults()));
        for (UpdateRule rule : rules) {
            try (EquivalenceTraining lora = new EquivalenceTraining(new CpuDevice(2), Lora.defaults(), sizes);
                    EquivalenceTraining other = new EquivalenceTraining(new CpuDevice(2), rule, sizes)) {
                // The second pairs count as zero from the first step on, whatever they are given as.
                for (Factors pair : other.step.auxiliary()) {
                    for (int layer = 0; layer < pair.b().slices(); layer++) {
                        float[] b = new float[pair.b().size()];
                        Arrays.fill(b, 0.3f);
                        other.session.write(pair.b(), layer, b);
                    }
                }
                for (int t = 1; t <= 5; t++) {
                    assertTrue(lora.train(t, 0));
                    assertTrue(other.train(t, 0));
                    assertEquals(lora.loss(), other.loss(), "loss of " + rule + " at step " + t);
                    assertArrayEquals(lora.logits(), other.logits(), "logits of " + rule + " at step " + t);
                    assertSame(lora.values(lora.results()), other.values(other.results()), rule + " at step " + t);
                }
            }
        }
    }

    /// The same comparison must see a radius: else it sees nothing.
    @ParameterizedTest
    @FieldSource("RULES")
    void withARadiusAPerturbingRuleIsNotLora(UpdateRule rule) {
        if (rule instanceof Lora) {
            return;
        }
        try (EquivalenceTraining lora = new EquivalenceTraining(new CpuDevice(2), Lora.defaults(), Sizes.TINY);
                EquivalenceTraining other = new EquivalenceTraining(new CpuDevice(2), rule, Sizes.TINY)) {
            for (int t = 1; t <= 3; t++) {
                assertTrue(lora.train(t, 0.05));
                assertTrue(other.train(t, 0.05));
            }
            assertNotEquals(Arrays.toString(lora.logits()), Arrays.toString(other.logits()));
        }
    }

    /// Equal numbers, −0 equal to +0.
    private static void assertSame(List<float[]> expected, List<float[]> actual, String what) {
        for (int i = 0; i < expected.size(); i++) {
            for (int j = 0; j < expected.get(i).length; j++) {
                float e = expected.get(i)[j];
                float a = actual.get(i)[j];
                assertTrue(e == a, what + ": slice " + i + " has " + a + " at " + j + ", not " + e);
            }
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
