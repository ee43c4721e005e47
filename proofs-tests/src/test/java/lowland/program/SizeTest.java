package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// The sizes of a run follow what its symbols are bound to, within the capacity of its session.
final class SizeTest {
    private static final boolean[] BOTH = {true, true};

    private final Size.Bindings bindings = new Size.Bindings(Map.of("tokens", 8, "sequences", 3));

    private static void refused(String message, Executable asked) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, asked).getMessage());
    }

    @Test
    void followsTheRun() {
        Size starts = Size.of(bindings, Extent.STARTS);
        Size matrix = Size.of(bindings, Shape.of(Extent.TOKENS, Extent.of(5), Extent.SEQUENCES));
        for (int tokens : new int[] {1, 7, 8}) {
            for (int sequences : new int[] {1, 3}) {
                bindings.bind(Map.of("tokens", tokens, "sequences", sequences), BOTH);
                assertEquals(sequences + 1, starts.get());
                assertEquals(5 * tokens * sequences, matrix.get());
            }
        }
        assertEquals(7, Size.of(7).get());
        assertEquals(1, Size.of(bindings, Shape.SCALAR).get());
        assertEquals(2, bindings.symbols());
    }

    @Test
    void whatARunNeedsIsBoundWithinTheCapacity() {
        refused("extent 'tokens' is not bound; bound are [sequences]", () -> bindings.bind(Map.of("sequences", 1), BOTH));
        for (int size : new int[] {0, 9}) {
            refused("extent 'tokens' is " + size + ": expected 1 to 8, the capacity that the session was opened for",
                    () -> bindings.bind(Map.of("sequences", 1, "tokens", size), BOTH));
        }
    }

    /// What a run does not need may be left out, and is then zero, or be anything.
    @Test
    void whatARunDoesNotNeed() {
        Size tokens = Size.of(bindings, Extent.TOKENS);
        boolean[] sequences = new boolean[2];
        bindings.mark(Shape.of(Extent.STARTS, Extent.of(2)), sequences);
        assertArrayEquals(new boolean[] {true, false}, sequences);
        bindings.bind(Map.of("sequences", 1, "tokens", 9), sequences);
        assertEquals(9, tokens.get());
        bindings.bind(Map.of("sequences", 1), sequences);
        assertEquals(0, tokens.get());
    }

    @Test
    void aSessionHasACapacity() {
        refused("the capacity of 'tokens' is 0: expected at least 1", () -> new Size.Bindings(Map.of("tokens", 0)));
        assertEquals(1, new Size.Bindings(Map.of("tokens", 1)).symbols());
        refused("no capacity is given for 'keys'; given are [sequences, tokens]", () -> Size.of(bindings, new Extent("keys", 0)));
    }
}
