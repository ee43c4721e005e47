package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.operation.Operation;
import lowland.program.operation.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// A session of the interpreter as its host sees it.
final class InterpreterTest {
    private static final State STACKED = new State("stacked", ElementType.REAL, Shape.of(2, 2), 3);
    private static final State PLAIN = new State("plain", ElementType.REAL, Shape.of(2), 0);

    /// plain ← factor·plain behind a guard; y = x·stackedᵀ of each layer, `doubled` is made behind the guard too.
    private static Program program() {
        Recording p = new Recording("test");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(2)));
        Value y = p.repeat("layers", 3, List.of(x), c -> List.of(p.product(c.getFirst(), false, p.read(STACKED), true, null))).getFirst();
        p.output("y", y);
        Value factor = p.scalar("factor");
        p.output("sum", p.sum(y));
        p.guard(factor);
        p.output("doubled", p.scalar(Scalar.Kind.ADD, factor, factor));
        p.output("rows", p.scale(y, factor));
        p.update(PLAIN, p.scale(p.read(PLAIN), factor));
        return p.finish();
    }

    private static Interpreter.Run open() {
        Interpreter.Run session = new Interpreter().open(List.of(program()), Map.of());
        for (int layer = 0; layer < 3; layer++) {
            session.write(STACKED, layer, new float[] {1, layer, 0, 1});
        }
        session.write(PLAIN, 0, new float[] {3, -4});
        return session;
    }

    private static Inputs inputs(double factor) {
        return new Inputs().extent("tokens", 1).reals("x", 5, 7, 99).scalar("factor", factor);
    }

    private static void refused(String message, Executable asked) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, asked).getMessage());
    }

    @Test
    void runs() {
        try (Interpreter.Run session = open()) {
            assertTrue(session.run("test", inputs(0.5)));
            // (5, 7) → (5, 7) → (12, 7) → (26, 7), and what is given beyond the run's size is not looked at.
            float[] y = new float[2];
            session.copy("test", "y", y);
            assertArrayEquals(new float[] {26, 7}, y);
            assertEquals(33, session.scalar("test", "sum"));
            assertEquals(1, session.scalar("test", "doubled"));
            assertArrayEquals(new double[] {13, 3.5}, session.output("test", "rows"));
            assertArrayEquals(new float[] {1.5f, -2}, session.read(PLAIN, 0));
            assertArrayEquals(new float[] {1, 2, 0, 1}, session.read(STACKED, 2));
        }
        assertEquals("interpreter", new Interpreter().name());
    }

    /// What was made before the guard stays to be read; what was not is not a number, in its own size.
    @Test
    void aGuardLeavesWhatWasMade() {
        try (Interpreter.Run session = open()) {
            assertFalse(session.run("test", inputs(Double.NaN)));
            assertEquals(33, session.scalar("test", "sum"));
            assertTrue(Double.isNaN(session.scalar("test", "doubled")));
            assertArrayEquals(new double[] {Double.NaN, Double.NaN}, session.output("test", "rows"));
            assertArrayEquals(new float[] {3, -4}, session.read(PLAIN, 0));
        }
    }

    /// Before an operation its outputs are zero, behind it they are made; each at its own layer.
    @Test
    void isObserved() {
        List<String> seen = new ArrayList<>();
        try (Interpreter.Run session = open()) {
            assertTrue(session.run("test", inputs(0.5), new Observer() {
                @Override
                public void before(Operation operation, Memory m) {
                    seen.add(operation.name() + " at " + m.layer());
                    operation.outputs().forEach(output -> assertArrayEquals(new double[m.size(output)], m.reals(output)));
                }

                @Override
                public void after(Operation operation, Memory m) {
                    operation.outputs().forEach(output -> seen.add(Arrays.toString(m.reals(output))));
                }
            }));
        }
        assertEquals(List.of("product at 0", "[5.0, 7.0]", "product at 1", "[12.0, 7.0]", "product at 2", "[26.0, 7.0]", "sum at 0",
                "[33.0]", "guard at 0", "scalar at 0", "[1.0]", "scale at 0", "[13.0, 3.5]", "scale at 0", "[1.5, -2.0]"), seen);
    }

    @Test
    void whatIsNotThereIsRefused() {
        try (Interpreter.Run session = open()) {
            assertTrue(session.run("test", inputs(1)));
            for (int layer : new int[] {-1, 3}) {
                refused("no program here reads slice " + layer + " of state 'stacked'", () -> session.values(STACKED, layer));
            }
            refused("no program here reads slice 0 of state 'other'", () -> session.read(PLAIN.like("other"), 0));
            refused("state 'plain' holds 2 values, not 3", () -> session.write(PLAIN, 0, new float[3]));
            refused("state 'plain' holds 2 values, not 2 from index 1 on", () -> session.write(PLAIN, 0, 1, new float[2], 2));
            refused("an array of 1 values does not hold 2 for state 'plain'", () -> session.write(PLAIN, 0, 0, new float[1], 2));
            session.write(PLAIN, 0, 1, new float[] {8, 9}, 1);
            assertEquals(8, session.values(PLAIN, 0)[1]);
            refused("program 'test' has no output 'z'", () -> session.output("test", "z"));
        }
        refused("program 'test' updates the state 'plain', which is to be frozen; leave it out of the frozen states",
                () -> new Interpreter().open(List.of(program()), Set.of(PLAIN), Map.of()));
    }

    /// 8 bytes for each of 3·4 and 2 numbers.
    @Test
    void planned() {
        try (Interpreter.Run session = new Interpreter().open(List.of(program()), Set.of(STACKED), Map.of())) {
            assertEquals(new Session.Planned(8 * 14, 0, 0), session.planned());
        }
        assertEquals(7, new Session.Planned(1, 2, 4).total());
    }

    /// Where nobody names them, the frozen states are those that no program updates.
    @Test
    void whatIsFrozen() {
        List<Set<State>> named = new ArrayList<>();
        Device device = new Device() {
            @Override
            public String name() {
                return "test";
            }

            @Override
            public Session open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
                named.add(frozen);
                return new Interpreter().open(programs, frozen, capacity);
            }
        };
        try (Session session = device.open(List.of(program()), Map.of())) {
            assertEquals(8 * 14, session.planned().states());
        }
        assertEquals(List.of(Set.of(STACKED)), named);
    }

    @Test
    void aStageThatRunsOnceHasNoDirection() {
        String once = "stage 'once' runs once: it has no layers, no direction and carries nothing";
        Value x = new Recording("x").scalar("x");
        refused(once, () -> new Stage("once", 0, 0, 1, true, List.of(), List.of(), List.of()));
        refused(once, () -> new Stage("once", 0, 1, 2, false, List.of(), List.of(), List.of()));
        refused(once, () -> new Stage("once", 0, 0, 2, false, List.of(), List.of(), List.of()));
        refused(once, () -> new Stage("once", 0, 0, 1, false, List.of(new Carry(x, x, x, x)), List.of(), List.of()));
        refused(once, () -> new Stage("once", 0, 0, 1, false, List.of(), List.of(new Patch(x, x, x)), List.of()));
        assertEquals(0, Stage.once("once", List.of()).layer(0));
    }

    @Test
    void theLayersOfAStage() {
        for (int[] range : new int[][] {{-1, 2}, {1, 1}, {2, 1}, {0, 4}}) {
            refused("stage 'some' runs for layers " + range[0] + " to " + (range[1] - 1) + " of 3",
                    () -> new Stage("some", 3, range[0], range[1], false, List.of(), List.of(), List.of()));
        }
        for (boolean reversed : new boolean[] {false, true}) {
            Stage some = new Stage("some", 5, 1, 4, reversed, List.of(), List.of(), List.of());
            assertEquals(3, some.iterations());
            assertEquals(reversed ? List.of(3, 2, 1) : List.of(1, 2, 3), List.of(some.layer(0), some.layer(1), some.layer(2)));
            for (int iteration = 0; iteration < 3; iteration++) {
                assertEquals(iteration, some.iteration(some.layer(iteration)));
            }
            assertEquals(List.of(false, true, true, true, false), java.util.stream.IntStream.range(0, 5).mapToObj(some::covers).toList());
        }
    }

    @Test
    void shapesAsText() {
        assertEquals("[tokens, sequences+1, 4]", Shape.of(Extent.TOKENS, Extent.STARTS, Extent.of(4)).toString());
        assertEquals("[]", Shape.SCALAR.toString());
        assertEquals(30, Shape.of(Extent.STARTS, Extent.of(5)).size(Map.of("sequences", 5)));
        assertArrayEquals(new int[] {2, 3}, Shape.of(2, 3).fixed());
        assertThrows(ArithmeticException.class, () -> Shape.of(1 << 16, 1 << 15).size(Map.of()));
    }
}
