package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Gaussian;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import org.junit.jupiter.api.Test;

/// What a run leaves alone, and that its random numbers are those of every executor.
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
