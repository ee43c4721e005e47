package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

/// A program that a guard may end, and what a device must have done by then.
public final class Guarded {
    private Guarded() {}

    /// What was made before the guard is there, what would have come after it is not a number, and no state has changed.
    public static void check(Device device) {
        Recording p = new Recording("guarded");
        State state = new State("s", ElementType.REAL, Shape.of(3), 0);
        Value scalar = p.scalar("x");
        Value x = p.read(state);
        p.output("before", p.squaredNorm(x));
        p.guard(scalar);
        Value moved = p.scale(x, scalar);
        p.update(state, moved);
        p.output("after", p.squaredNorm(moved));
        p.output("moved", p.scale(moved, p.constant(1)));
        try (Session session = device.open(List.of(p.finish()), Map.of())) {
            float[] copy = new float[3];
            session.write(state, 0, new float[] {1, 2, 3});
            assertTrue(session.run("guarded", new Inputs().scalar("x", 2)));
            assertEquals(14, session.scalar("guarded", "before"));
            assertEquals(56, session.scalar("guarded", "after"));
            session.copy("guarded", "moved", copy);
            assertArrayEquals(new float[] {2, 4, 6}, copy);
            assertFalse(session.run("guarded", new Inputs().scalar("x", Double.POSITIVE_INFINITY)));
            assertEquals(56, session.scalar("guarded", "before"));
            assertEquals(Double.NaN, session.scalar("guarded", "after"));
            session.copy("guarded", "moved", copy);
            assertArrayEquals(new float[] {Float.NaN, Float.NaN, Float.NaN}, copy);
            assertArrayEquals(new float[] {2, 4, 6}, session.read(state, 0));
        }
    }
}
