package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.descent.AdamW;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Guarded;
import lowland.program.Inputs;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a session keeps, refuses and costs.
class CpuDeviceSessionTest {
    static final List<UpdateRule> RULES = EquivalenceTraining.RULES;

    private static Inputs inputs(int... lengths) {
        return EquivalenceTraining.inputs(lengths, 50, 1, 1, 0.05);
    }

    private static EquivalenceTraining training(UpdateRule rule) {
        return new EquivalenceTraining(new CpuDevice(2), rule, Sizes.TINY);
    }

    @Test
    void twoMicroBatchesAddUpToTheirUnion() {
        try (EquivalenceTraining whole = training(Lora.defaults()); EquivalenceTraining halves = training(Lora.defaults())) {
            int[] lengths = {7, 1, 5, 3};
            Inputs union = inputs(lengths);
            whole.session.run("clear", union);
            whole.session.run("gradient", union);
            halves.session.run("clear", union);
            double loss = 0;
            for (int half = 0; half < 2; half++) {
                Inputs part = part(union, lengths, 2 * half, 2 * half + 2);
                halves.session.run("gradient", part);
                loss += halves.loss();
            }
            assertEquals(whole.loss(), loss, 1e-6 * Math.abs(loss));
            List<State> gradients = whole.results().stream().map(state -> state.like(state.name() + ".gradient")).toList();
            List<float[]> a = whole.values(gradients);
            List<float[]> b = halves.values(gradients);
            for (int i = 0; i < a.size(); i++) {
                // Norm-wise: one more addition an element, and sums of the same terms in another order.
                double largest = 0;
                for (float value : a.get(i)) {
                    largest = Math.max(largest, Math.abs(value));
                }
                assertTrue(largest > 0);
                for (int j = 0; j < a.get(i).length; j++) {
                    assertEquals(a.get(i)[j], b.get(i)[j], 64 * 0x1p-24 * largest);
                }
            }
        }
    }

    /// Sequences from … to − 1 of a batch, weighted as in the whole.
    private static Inputs part(Inputs union, int[] lengths, int from, int to) {
        int first = 0;
        for (int n = 0; n < from; n++) {
            first += lengths[n];
        }
        int[] some = java.util.Arrays.copyOfRange(lengths, from, to);
        Inputs part = inputs(some);
        for (String name : List.of("ids", "types", "positions")) {
            int[] values = union.ints(name);
            part.ints(name, java.util.Arrays.copyOfRange(values, first, values.length));
        }
        part.ints("labels", java.util.Arrays.copyOfRange(union.ints("labels"), from, to));
        return part.scalar("lossWeight", 1.0 / lengths.length);
    }

    @ParameterizedTest
    @FieldSource("RULES")
    void whatIsNotFiniteEndsAStepBeforeAnyWrite(UpdateRule rule) {
        try (EquivalenceTraining training = training(rule)) {
            assertTrue(training.train(1, 0.05));
            State bias = training.model.query().bias();
            float[] poisoned = training.session.read(bias, 1);
            poisoned[3] = Float.NaN;
            training.session.write(bias, 1, poisoned);
            List<float[]> before = training.values(training.results());
            List<float[]> carried = training.values(training.step.carried());
            Inputs inputs = inputs(7, 1, 5, 3);
            training.session.run("clear", inputs);
            training.session.run("gradient", inputs);
            if (training.step.perturb() != null) {
                assertFalse(training.session.run("perturb", inputs));
                training.session.run("gradient", inputs);
            }
            assertFalse(training.session.run("descend", inputs));
            assertSame(before, training.values(training.results()));
            assertSame(carried, training.values(training.step.carried()));
            assertTrue(Double.isNaN(training.session.scalar("descend", "gradientNorm")));
        }
    }

    @ParameterizedTest
    @FieldSource("RULES")
    void aLearningRateThatIsNoNumberEndsAStepBeforeAnyWrite(UpdateRule rule) {
        for (String name : List.of("learningRate", "headLearningRate")) {
            try (EquivalenceTraining training = training(rule)) {
                assertTrue(training.train(1, 0.05));
                List<float[]> before = training.values(training.changing());
                assertFalse(training.session.run("descend", inputs(7, 1, 5, 3).scalar(name, Double.NaN)));
                assertSame(before, training.values(training.changing()));
            }
        }
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokens", "sequences"})
    void aSizeAboveTheCapacityIsRefused(String symbol) {
        try (EquivalenceTraining training = training(Lora.defaults())) {
            Inputs inputs = inputs(7, 1, 5, 3).extent(symbol, 21);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> training.session.run("gradient", inputs));
            assertTrue(e.getMessage().startsWith("extent '" + symbol + "' is 21: expected 1 to "), e.getMessage());
        }
    }

    @Test
    void badIndicesAreRefusedBeforeAnythingIsComputed() {
        try (EquivalenceTraining training = training(Lora.defaults())) {
            List<float[]> before = training.values(training.changing());
            refused(training, inputs(7, 1).ints("ids", 1, 2, 3, 50, 1, 1, 1, 1), "input 'ids' has 50 at 3: expected 0 to 49");
            refused(training, inputs(7, 1).ints("ids", 1, 2, 3, 4, -1, 1, 1, 1), "input 'ids' has -1 at 4: expected 0 to 49");
            refused(training, inputs(7, 1).ints("positions", 0, 1, 2, 3, 4, 5, 6, 16), "input 'positions' has 16 at 7: expected 0 to 15");
            refused(training, inputs(7, 1).ints("labels", 0, 3), "input 'labels' has 3 at 1: expected 0 to 2");
            refused(training, inputs(7, 1).ints("starts", 0, 9, 8), "input 'starts' has 9 at 1");
            refused(training, inputs(7, 1).ints("starts", 0, 7, 7), "input 'starts' has 7 at 2");
            refused(training, inputs(7, 1).ints("starts", 1, 7, 8), "input 'starts' has 1 at 0");
            refused(training, inputs(7, 1).ints("ids", 1, 2), "input 'ids' has 2 values, the run needs 8");
            assertSame(before, training.values(training.changing()));
            assertTrue(training.train(1, 0));
        }
    }

    private static void refused(EquivalenceTraining training, Inputs inputs, String start) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> training.session.run("gradient", inputs));
        assertTrue(e.getMessage().startsWith(start), e.getMessage());
    }

    @Test
    void unknownNamesAreRefused() {
        try (EquivalenceTraining training = training(Lora.defaults())) {
            Session session = training.session;
            assertThrows(IllegalArgumentException.class, () -> session.run("perturb", inputs(3)));
            assertThrows(IllegalArgumentException.class, () -> session.scalar("gradient", "lozz"));
            assertThrows(IllegalArgumentException.class, () -> session.read(new State("x", ElementType.REAL, Shape.of(2), 0), 0));
            assertThrows(IllegalArgumentException.class, () -> session.read(training.model.query().weight(), 2));
            assertThrows(IllegalArgumentException.class, () -> session.write(training.model.query().weight(), 0, new float[3]));
            assertThrows(IllegalArgumentException.class, () -> session.run("gradient", new Inputs()));
        }
    }

    @Test
    void aFrozenWeightIsHeldPackedOnlyAndReadsAsWritten() {
        try (EquivalenceTraining training = training(Lora.defaults())) {
            State weight = training.model.linears().getLast().weight();
            float[] written = new float[weight.size()];
            for (int i = 0; i < written.length; i++) {
                written[i] = i;
            }
            training.session.write(weight, 1, written);
            assertArrayEquals(written, training.session.read(weight, 1));
            State bias = training.model.linears().getLast().bias();
            for (State state : List.of(weight, bias)) {
                float[] expected = training.session.read(state, 1);
                float[] part = {-7, -8, -9, -10};
                training.session.write(state, 1, 17, part, 3);
                System.arraycopy(part, 0, expected, 17, 3);
                assertArrayEquals(expected, training.session.read(state, 1));
                for (int from : new int[] {-1, state.size() - 2}) {
                    assertThrows(IllegalArgumentException.class, () -> training.session.write(state, 1, from, part, 3));
                }
            }
            long linear = 4L * 2 * (4 * 36 * 36 + 2 * 36 * 40);
            Session.Planned planned = training.session.planned();
            assertTrue(planned.packed() >= linear && planned.packed() < 3 * linear, "packed " + planned + ", weights " + linear);
            // Tables, norms, biases, head, and four copies of what is trained: no packed weight among them.
            long plain = 68 * 36 + 2 * (10 * 36 + 40) + 200 + 4 * (2 * 4 * 4 * 36 + 3 * 37);
            assertTrue(planned.states() < 4 * plain, planned.toString());
            assertTrue(planned.arena() > 0);
        }
    }

    @Test
    void aWeightWrittenAgainIsTheOneThatRuns() {
        try (EquivalenceTraining training = training(FmLora.defaults())) {
            Inputs inputs = inputs(7, 1, 5, 3);
            training.session.run("gradient", inputs);
            double before = training.loss();
            State weight = training.model.query().weight();
            float[] values = training.session.read(weight, 0);
            float[] moved = values.clone();
            moved[5] += 10;
            training.session.write(weight, 0, moved);
            training.session.run("gradient", inputs);
            assertTrue(before != training.loss());
            training.session.write(weight, 0, values);
            training.session.run("gradient", inputs);
            assertEquals(before, training.loss());
        }
    }

    @Test
    void whatAGuardKeptFromBeingMadeIsNotANumber() {
        Guarded.check(new CpuDevice(1));
    }

    @Test
    void anAddendThatStaysIsCopiedFirst() {
        Recording p = new Recording("sum");
        Value a = p.input("a", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(2)));
        Value b = p.input("b", ElementType.REAL, Shape.of(2, 2));
        Value c = p.input("c", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(2)));
        p.output("y", p.product(a, false, b, false, c));
        try (Session session = new CpuDevice(1).open(List.of(p.finish()), Map.of("tokens", 4))) {
            float[] addend = {1, 2, 3, 4};
            Inputs inputs = new Inputs().extent("tokens", 2).reals("a", 1, 2, 3, 4).reals("b", 1, 0, 0, 1).reals("c", addend);
            for (int i = 0; i < 2; i++) {
                assertTrue(session.run("sum", inputs));
                float[] y = new float[4];
                session.copy("sum", "y", y);
                assertArrayEquals(new float[] {2, 4, 6, 8}, y);
                assertArrayEquals(new float[] {1, 2, 3, 4}, addend);
            }
        }
    }

    @Test
    void planningIsOfTheCapacity() {
        long small = arena(20);
        long large = arena(200);
        assertTrue(large > 5 * small && large < 10.5 * small, small + ", " + large);
    }

    private static long arena(int tokens) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), Lora.defaults(), AdamW.defaults(), Sizes.TINY,
                Map.of("tokens", tokens, "sequences", tokens / 4))) {
            return training.session.planned().arena();
        }
    }
}
