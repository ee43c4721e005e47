package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.FewTries;
import lowland.program.Liveness.Place;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;

/// Executing a plan in one shared arena gives exactly what the interpreter gives.
final class LivenessProperties {
    private static final Map<String, Integer> CAPACITY = Map.of("tokens", 7);
    private static int passed;
    private static int stopped;
    private static int refused;

    private static Inputs inputs(Random random) {
        float[] x = new float[5 * RandomProgram.WIDTH];
        for (int i = 0; i < x.length; i++) {
            x[i] = 2 * random.nextFloat() - 1;
        }
        return new Inputs().extent("tokens", 5).reals("x", x).scalar("factor", random.nextInt(10) == 0 ? Double.NaN : 0.5);
    }

    /// Runs a program once on each, from the same states.
    /// @return whether it passed its guards
    private static boolean compare(Program program, Map<String, Integer> capacity, Inputs inputs, long seed) {
        try (Interpreter.Run session = new Interpreter().open(List.of(program), capacity)) {
            CentralDifferences.fill(session, program, seed);
            Map<State, double[][]> states = new HashMap<>();
            for (State state : program.reads().keySet()) {
                double[][] slices = new double[state.slices()][];
                for (int layer = 0; layer < slices.length; layer++) {
                    slices[layer] = session.values(state, layer).clone();
                }
                states.put(state, slices);
            }
            ArenaExecutor executor = new ArenaExecutor(program, capacity, states, inputs);
            checkLives(program, executor, capacity);
            boolean expected = session.run(program.name(), inputs);
            assertEquals(expected, executor.run());
            for (State state : program.reads().keySet()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    assertArrayEquals(session.values(state, layer), states.get(state)[layer], state.name());
                }
            }
            if (expected) {
                for (String output : program.outputs().keySet()) {
                    assertArrayEquals(session.output(program.name(), output), executor.output(output), output);
                }
            }
            return expected;
        }
    }

    /// No two cells that are alive together overlap, and the arena is not larger than all of them side by side.
    private static void checkLives(Program program, ArenaExecutor executor, Map<String, Integer> capacity) {
        Liveness plan = executor.plan();
        Map<Cell, int[]> lives = new HashMap<>();
        List<Instruction> instructions = plan.instructions();
        for (int i = 0; i < instructions.size(); i++) {
            for (Cell cell : instructions.get(i).outputs()) {
                lives.put(cell, new int[] {i, i});
            }
            for (Cell cell : instructions.get(i).inputs()) {
                if (lives.containsKey(cell)) {
                    lives.get(cell)[1] = i;
                }
            }
        }
        Unrolling unrolling = new Unrolling(program);
        List<Cell> kept = new ArrayList<>();
        program.outputs().values().forEach(value -> kept.add(unrolling.resolve(value, 0)));
        plan.copies().forEach(copy -> kept.add(copy.from()));
        for (Cell cell : kept) {
            if (lives.containsKey(cell)) {
                lives.get(cell)[1] = Integer.MAX_VALUE;
            }
        }
        Map<ElementType, Integer> sizes = new HashMap<>();
        List<Cell> cells = new ArrayList<>(lives.keySet());
        for (Cell a : cells) {
            int size = Math.ceilDiv(a.value().shape().size(capacity), Liveness.ALIGNMENT) * Liveness.ALIGNMENT;
            sizes.merge(a.value().type(), size, Integer::sum);
            if (plan.place(a) instanceof Place.InArena(int offset)) {
                assertTrue(offset % Liveness.ALIGNMENT == 0 && offset + size <= plan.arena(a.value().type()));
            }
            for (Cell b : cells) {
                int[] ofA = lives.get(a);
                int[] ofB = lives.get(b);
                if (!a.equals(b) && ofA[0] < ofB[1] && ofB[0] < ofA[1]) {
                    assertFalse(executor.overlap(a, b), () -> a + " and " + b + " live together");
                }
            }
        }
        for (ElementType type : ElementType.values()) {
            assertTrue(plan.arena(type) <= sizes.getOrDefault(type, 0));
        }
    }

    @Property(tries = 2000)
    void equalsTheInterpreter(@ForAll long seed) {
        Program program = RandomProgram.of(seed);
        try {
            if (compare(program, CAPACITY, inputs(new Random(seed)), seed)) {
                passed++;
            } else {
                stopped++;
            }
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains("exchanges the states") || e.getMessage().contains("as output"), e.getMessage());
            refused++;
        }
    }

    /// The property met programs that ran, and such that a guard stopped; and refused few, if it was not ended early.
    @AfterContainer
    static void metBoth() {
        assertTrue(FewTries.limited() || passed > 800 && stopped > 20 && refused < 800,
                () -> passed + " passed, " + stopped + " stopped, " + refused + " refused");
    }

    @Example
    void differentiatedPrograms() {
        State w = new State("w", ElementType.REAL, Shape.of(4, 4), 3);
        State first = new State("first", ElementType.REAL, Shape.of(4, 4), 0);
        Program backward = CentralDifferences.programs(p -> {
            Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(4)));
            List<Value> results = p.repeat("layers", 3, List.of(p.product(x, false, p.read(first), true, null)),
                    c -> List.of(p.add(c.get(0), p.tanh(p.product(c.get(0), false, p.read(w), true, null)))));
            return p.sum(p.multiply(results.get(0), results.get(0)));
        }, List.of(w, first)).get(1);
        assertTrue(compare(backward, CAPACITY, inputs(new Random(1)).scalar("factor", 1), 1));
    }

    private final State a = new State("a", ElementType.REAL, Shape.of(2, 2), 0);
    private final State b = new State("b", ElementType.REAL, Shape.of(2, 2), 0);
    private final State c = new State("c", ElementType.REAL, Shape.of(2, 2), 0);

    private static boolean compare(Recording p) {
        return compare(p.finish(), Map.of(), new Inputs().scalar("factor", 0.5), 3);
    }

    @Example
    void backupOfAStateThatIsUpdated() {
        for (boolean guarded : new boolean[] {false, true}) {
            for (boolean backupFirst : new boolean[] {false, true}) {
                Recording p = new Recording("backup");
                Value next = p.scale(p.read(a), p.scalar("factor"));
                if (guarded) {
                    p.guard(p.squaredNorm(next));
                }
                if (backupFirst) {
                    p.update(b, p.read(a));
                }
                p.update(a, next);
                if (!backupFirst) {
                    p.update(b, p.read(a));
                }
                assertTrue(compare(p));
            }
        }
    }

    @Example
    void aChainOfBackups() {
        Recording p = new Recording("chain");
        Value next = p.scale(p.read(a), p.scalar("factor"));
        p.guard(p.squaredNorm(next));
        p.update(a, next);
        p.update(b, p.read(a));
        p.update(c, p.read(b));
        assertTrue(compare(p));
    }

    @Example
    void oneValueForTwoStates() {
        Recording p = new Recording("two");
        Value next = p.scale(p.read(a), p.scalar("factor"));
        p.update(a, next);
        p.update(b, next);
        assertTrue(compare(p));
    }

    @Example
    void aSwapIsRefused() {
        Recording p = new Recording("swap");
        p.update(a, p.read(b));
        p.update(b, p.read(a));
        Program program = p.finish();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> new Liveness(program, Map.of()));
        assertEquals("program 'swap' exchanges the states [a, b] with each other; make one of the new values by an operation",
                e.getMessage());
    }

    @Example
    void theOldStateAsAnOutputIsRefused() {
        Recording p = new Recording("old");
        p.output("before", p.read(a));
        p.update(a, p.scale(p.read(a), p.scalar("factor")));
        Program program = p.finish();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> new Liveness(program, Map.of()));
        assertEquals("program 'old' offers the old state 'a' as output 'before' and updates it; offer what an operation made of it",
                e.getMessage());
    }

    /// A state is updated where it lives, if nothing stands against it; never in front of a guard.
    @Example
    void updatesInPlace() {
        Recording p = new Recording("in place");
        Value next = p.scale(p.read(a), p.scalar("factor"));
        p.update(a, next);
        Liveness plan = new Liveness(p.finish(), Map.of());
        assertEquals(new Place.InState(a, 0), plan.place(next));
        assertEquals(List.of(), plan.copies());
        assertEquals(0, plan.arena(ElementType.REAL));

        Recording guarded = new Recording("guarded");
        Value norm = guarded.squaredNorm(guarded.read(a));
        Value early = guarded.scale(guarded.read(a), guarded.scalar("factor"));
        guarded.guard(norm);
        guarded.update(a, early);
        plan = new Liveness(guarded.finish(), Map.of());
        assertEquals(new Place.InArena(0), plan.place(early));
        assertEquals(1, plan.made(early));
        assertEquals(-1, plan.made(guarded.read(a)));
        assertEquals(1, plan.copies().size());
    }

    @Example
    void aGuardThatMeetsNaNWritesNothing() {
        Recording p = new Recording("guard");
        Value next = p.scale(p.read(a), p.scalar("factor"));
        p.guard(p.squaredNorm(next));
        p.update(a, next);
        p.update(b, p.scale(p.read(b), p.constant(2)));
        Program program = p.finish();
        for (double factor : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1e200}) {
            assertFalse(compare(program, Map.of(), new Inputs().scalar("factor", factor), 4));
        }
        assertTrue(compare(program, Map.of(), new Inputs().scalar("factor", 0.5), 4));
        try (Interpreter.Run session = new Interpreter().open(List.of(program), Map.of())) {
            CentralDifferences.fill(session, program, 5);
            float[] before = session.read(a, 0);
            assertFalse(session.run("guard", new Inputs().scalar("factor", Double.NaN)));
            assertArrayEquals(before, session.read(a, 0));
        }
    }
}
