package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import lowland.program.Device;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Guarded;
import lowland.program.Inputs;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Gaussian;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import org.junit.jupiter.api.Test;

/// What a session does as every executor does: states, guards, random numbers, and where small eigenvalues end.
class SessionTest {
    /// A program without inputs reads a state and a constant: both are there after each run as they were before.
    @Test
    void aRunWithoutInputsChangesNoStateAndNoConstant() {
        State state = new State("state", ElementType.REAL, Shape.of(2), 0);
        State doubled = new State("doubled", ElementType.REAL, Shape.of(2), 0);
        Recording p = new Recording("p");
        Value x = p.read(state);
        p.output("norm", p.squareRoot(p.squaredNorm(x)));
        p.update(doubled, p.scale(x, p.constant(2)));
        Recording q = new Recording("q");
        q.update(state, q.add(q.read(state), q.read(state)));
        try (Session session = Tornado.device(false).open(List.of(p.finish(), q.finish()), Map.of())) {
            session.write(state, 0, new float[] {3, 4});
            for (int run = 0; run < 2; run++) {
                assertTrue(session.run("p", new Inputs()));
                assertEquals(5, session.scalar("p", "norm"));
                assertArrayEquals(new float[] {3, 4}, session.read(state, 0));
                assertArrayEquals(new float[] {6, 8}, session.read(doubled, 0));
            }
        }
    }

    /// What one state becomes of another is copied at the end of a run, at each layer from and to its own place.
    @Test
    void aStateTakesAnotherAtEveryLayer() {
        State from = new State("layers.*.from", ElementType.REAL, Shape.of(2), 3);
        State to = new State("layers.*.to", ElementType.REAL, Shape.of(2), 3);
        Recording p = new Recording("p");
        p.repeat("layers", 3, List.of(), _ -> {
            p.update(to, p.read(from));
            return List.of();
        });
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            for (int layer = 0; layer < 3; layer++) {
                session.write(from, layer, new float[] {layer + 1, -layer - 1});
            }
            assertTrue(session.run("p", new Inputs()));
            for (int layer = 0; layer < 3; layer++) {
                assertArrayEquals(new float[] {layer + 1, -layer - 1}, session.read(from, layer));
                assertArrayEquals(new float[] {layer + 1, -layer - 1}, session.read(to, layer));
            }
        }
    }

    /// More elements than are moved at once, 16,384 out and 262,144 in, and not a multiple of them.
    @Test
    void largeStatesAreWrittenAndReadInParts() {
        State[] states = {new State("one", ElementType.REAL, Shape.of(300, 1001), 0), new State("two", ElementType.REAL, Shape.of(300, 1001), 0)};
        Recording p = new Recording("p");
        float[][] values = new float[2][300 * 1001];
        for (int i = 0; i < 2; i++) {
            p.output("norm" + i, p.squaredNorm(p.read(states[i])));
            for (int at = 0; at < values[i].length; at++) {
                values[i][at] = i * values[i].length + at;
            }
        }
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            for (int i = 0; i < 2; i++) {
                session.write(states[i], 0, values[i]);
            }
            for (int i = 0; i < 2; i++) {
                assertArrayEquals(values[i], session.read(states[i], 0));
            }
        }
    }

    /// Frozen states that kernels read from the buffers of weights are written and read back there. Where such a buffer ends and how many tasks a
    /// graph has changes no bit: three states fit into the first of small ones, and a state each into the others.
    @Test
    void limitsOfBuffersAndGraphsChangeNoBit() throws Exception {
        Limited whole = new Limited(Tornado.device(false));
        assertEquals(1, whole.buffers);
        Limited limited = new Limited(Tornado.within(700, 3));
        assertEquals(3, limited.buffers);
        // Of those that move data each buffer has two.
        int more = limited.graphs - whole.graphs - 2 * (limited.buffers - whole.buffers);
        assertTrue(more > 1, "graphs: " + whole.graphs + " and " + limited.graphs);
        assertArrayEquals(whole.y, limited.y);
        assertArrayEquals(whole.total, limited.total);
        assertEquals(Double.doubleToLongBits(whole.norm), Double.doubleToLongBits(limited.norm));
    }

    /// Two runs of a program with weights of all kinds, in a repeated stage too.
    private static final class Limited {
        private static final State TABLE = new State("table", ElementType.REAL, Shape.of(9, 6), 0);
        private static final State GAMMA = new State("gamma", ElementType.REAL, Shape.of(6), 0);
        private static final State BETA = new State("beta", ElementType.REAL, Shape.of(6), 0);
        private static final State UP = new State("layers.*.up", ElementType.REAL, Shape.of(7, 6), 3);
        private static final State DOWN = new State("layers.*.down", ElementType.REAL, Shape.of(6, 7), 3);
        private static final State TOTAL = new State("total", ElementType.REAL, Shape.of(6), 0);
        static final List<State> FROZEN = List.of(TABLE, GAMMA, BETA, UP, DOWN);

        final int buffers;
        final int graphs;
        final float[] y = new float[5 * 6];
        final float[] total;
        final double norm;

        Limited(Device device) throws Exception {
            try (Session session = device.open(List.of(program()), Map.of("tokens", 8))) {
                buffers = ((List<?>) Tornado.hidden(Tornado.hidden(session, "buffers"), "weights")).size();
                graphs = ((List<?>) Tornado.hidden(Tornado.hidden(session, "graphs"), "graphs")).size();
                for (State state : FROZEN) {
                    for (int layer = 0; layer < state.slices(); layer++) {
                        session.write(state, layer, values(state, layer));
                    }
                }
                Inputs inputs = new Inputs().extent("tokens", 5).ints("ids", 3, 0, 8, 3, 5).scalar("factor", 0.3);
                for (int run = 0; run < 2; run++) {
                    assertTrue(session.run("p", inputs));
                }
                for (State state : FROZEN) {
                    for (int layer = 0; layer < state.slices(); layer++) {
                        assertArrayEquals(values(state, layer), session.read(state, layer), state.name());
                    }
                }
                session.copy("p", "y", y);
                total = session.read(TOTAL, 0);
                norm = session.scalar("p", "norm");
            }
        }

        private static float[] values(State state, int layer) {
            float[] values = new float[state.size()];
            long key = CounterRandom.child(CounterRandom.tensorKey(7, state.name()), layer);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) CounterRandom.gaussian(CounterRandom.child(key, i));
            }
            return values;
        }

        private static Program program() {
            Recording p = new Recording("p");
            Value factor = p.scalar("factor");
            Value x = p.gather(p.read(TABLE), p.input("ids", ElementType.INT, Shape.of(Extent.TOKENS)));
            x = p.layerNorm(x, p.read(GAMMA), p.read(BETA), 1e-5);
            Value y = p.repeat("layers", 3, List.of(x), carried -> List.of(p.add(carried.getFirst(), p.product(
                    p.tanh(p.product(carried.getFirst(), false, p.read(UP), true, null)), false, p.read(DOWN), true, null)))).getFirst();
            p.output("y", y);
            Value norm = p.squareRoot(p.squaredNorm(y));
            p.guard(norm);
            p.output("norm", p.squareRoot(norm));
            p.update(TOTAL, p.add(p.read(TOTAL), p.columnSum(p.scale(y, factor), null)));
            return p.finish();
        }
    }

    @Test
    void whatAGuardKeptFromBeingMadeIsNotANumber() {
        Guarded.check(Tornado.device(false));
    }

    /// Eigenvalues of 2⁻³⁸ and 2⁻⁴⁰ of the largest are on either side of the cut at 10⁻¹².
    @Test
    void thePseudoInverseCutsWhatTheInterpreterCuts() {
        State factor = new State("factor", ElementType.REAL, Shape.of(4, 4), 0);
        Recording p = new Recording("p");
        List<Value> inverse = p.pseudoInverse(p.gram(p.read(factor), p.read(factor), 0));
        p.output("inverse", p.toReal(inverse.getFirst()));
        p.output("root", p.toReal(inverse.getLast()));
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            session.write(factor, 0, diagonal(1, 0x1p-10f, 0x1p-19f, 0x1p-20f));
            assertTrue(session.run("p", new Inputs()));
            float[] found = new float[16];
            session.copy("p", "inverse", found);
            assertArrayEquals(diagonal(1, 0x1p20f, 0x1p38f, 0), found);
            session.copy("p", "root", found);
            assertArrayEquals(diagonal(1, 0x1p10f, 0x1p19f, 0), found);
        }
    }

    private static float[] diagonal(float... values) {
        float[] matrix = new float[values.length * values.length];
        for (int i = 0; i < values.length; i++) {
            matrix[i * values.length + i] = values[i];
        }
        return matrix;
    }

    /// The bits are integers, and the same; their logarithm and cosine are taken in double, and rounded once.
    @Test
    void noiseIsThatOfTheCpuAtEveryLayer() {
        State noise = new State("layers.*.noise", ElementType.REAL, Shape.of(11, 7), 3);
        Recording p = new Recording("p");
        Value key = p.input("key", ElementType.INT, Shape.of(2));
        p.repeat("layers", 3, List.of(), _ -> {
            p.update(noise, p.gaussian(noise.name(), key, noise.shape()));
            return List.of();
        });
        int[] halves = Mask.halves(CounterRandom.noiseKey(-3, 1));
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            assertTrue(session.run("p", new Inputs().ints("key", halves)));
            for (int layer = 0; layer < 3; layer++) {
                long elements = Gaussian.elements(Mask.key(halves), noise.name(), layer);
                float[] found = session.read(noise, layer);
                for (int i = 0; i < found.length; i++) {
                    double expected = CounterRandom.gaussian(CounterRandom.child(elements, i));
                    assertEquals(expected, found[i], 0x1p-24 * (1 + 0x1p-20) * Math.abs(expected), "layer " + layer + ", element " + i);
                }
            }
        }
    }
}
