package lowland.program;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.operation.Attention;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Integers that would lead a kernel out of bounds are refused in one line, before anything is computed.
final class IndicesTest {
    private static final Map<String, Integer> CAPACITY = Map.of("tokens", 8, "sequences", 3);
    private static final int TOKENS = 4;
    private static final int SEQUENCES = 2;

    private Recording p;
    private Value x;
    private Value places;
    private Value starts;
    private Value keyStarts;
    private Value table;
    private Value logits;
    private Value labels;

    @BeforeEach
    void record() {
        p = new Recording("test");
        x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(2)));
        places = p.input("places", ElementType.INT, Shape.of(Extent.TOKENS));
        starts = p.input("starts", ElementType.INT, Shape.of(Extent.STARTS));
        keyStarts = p.input("keyStarts", ElementType.INT, Shape.of(Extent.STARTS));
        table = p.input("table", ElementType.REAL, Shape.of(5, 2));
        logits = p.input("logits", ElementType.REAL, Shape.of(Extent.SEQUENCES, Extent.of(3)));
        labels = p.input("labels", ElementType.INT, Shape.of(Extent.SEQUENCES));
    }

    /// What is required for a value, of integers that are right and may be set otherwise.
    private List<Indices> required(Map<String, Ints> given, Value... made) {
        for (int i = 0; i < made.length; i++) {
            p.output("o" + i, made[i]);
        }
        Size.Bindings bindings = new Size.Bindings(CAPACITY);
        bindings.bind(Map.of("tokens", TOKENS, "sequences", SEQUENCES), new boolean[] {true, true});
        // Behind what a run is given there may be anything.
        int[][] right = {{0, 4, 2, 3, -7}, {0, 1, 4, -7}, {0, 4, 4, 9}, {2, 0, 3}};
        Value[] ints = {places, starts, keyStarts, labels};
        for (int i = 0; i < ints.length; i++) {
            given.put(ints[i].name(), new Ints(ints[i].name()));
            given.get(ints[i].name()).array = right[i];
        }
        List<Indices> required = Indices.of(new Liveness(p.finish(), CAPACITY), given::get, bindings);
        required.forEach(one -> assertDoesNotThrow(one::require));
        return required;
    }

    /// What exactly one requirement says of these values.
    private static void refused(List<Indices> required, Map<String, Ints> given, Value input, String message, int... values) {
        int[] before = given.get(input.name()).array;
        given.get(input.name()).array = values;
        assertEquals(List.of("input '" + input + "' has " + message), required.stream().flatMap(one -> {
            try {
                one.require();
                return java.util.stream.Stream.empty();
            } catch (IllegalArgumentException e) {
                return java.util.stream.Stream.of(e.getMessage());
            }
        }).toList());
        given.get(input.name()).array = before;
    }

    private void below(Value made, Value indices, int limit, String what) {
        Map<String, Ints> given = new HashMap<>();
        List<Indices> required = required(given, made);
        assertEquals(1, required.size());
        String expected = ": expected 0 to " + (limit - 1) + ", " + what;
        refused(required, given, indices, "-1 at 0" + expected, -1, 0, 0, 0);
        refused(required, given, indices, limit + " at 1" + expected, 0, limit, 0, 0);
        assertEquals(indices.equals(places) ? TOKENS : SEQUENCES, ((Indices.Below) required.getFirst()).count().get());
    }

    @Test
    void gather() {
        below(p.gather(table, places), places, 5, "rows of the table");
    }

    @Test
    void scatterAdd() {
        below(p.scatterAdd(x, places, table), places, 5, "rows of the table");
    }

    @Test
    void crossEntropy() {
        below(p.crossEntropy(logits, labels, 0), labels, 3, "classes");
    }

    @Test
    void crossEntropyBackward() {
        below(p.crossEntropyBackward(logits, labels, p.input("g", ElementType.REAL, Shape.of(Extent.SEQUENCES)), 0), labels, 3, "classes");
    }

    /// @param delimiting the starts that are required to end with the 4 rows, each for itself
    private void starts(Value made, Value... delimiting) {
        Map<String, Ints> given = new HashMap<>();
        List<Indices> required = required(given, made);
        assertEquals(delimiting.length, required.size());
        String expected = ": expected starts from 0 that do not descend and end with the 4 rows";
        for (Value one : delimiting) {
            refused(required, given, one, "1 at 0" + expected, 1, 2, 4);
            refused(required, given, one, "-1 at 0" + expected, -1, 2, 4);
            refused(required, given, one, "-1 at 1" + expected, 0, -1, 4);
            refused(required, given, one, "5 at 1" + expected, 0, 5, 4);
            refused(required, given, one, "2 at 2" + expected, 0, 3, 2);
            refused(required, given, one, "3 at 2" + expected, 0, 3, 3);
        }
    }

    @Test
    void segmentMean() {
        starts(p.segmentMean(x, starts), starts);
    }

    @Test
    void segmentSpread() {
        starts(p.segmentSpread(p.input("g", ElementType.REAL, Shape.of(Extent.SEQUENCES, Extent.of(2))), starts, Extent.TOKENS), starts);
    }

    @Test
    void attention() {
        starts(p.attention(x, x, x, starts, keyStarts, 1, 1, false, null), starts, keyStarts);
    }

    @Test
    void attentionBackward() {
        starts(p.attentionBackward(new Attention(x, x, x, starts, keyStarts, 1, 1, false, null, null, x), x, false).getFirst(), starts,
                keyStarts);
    }

    /// Table, labels, starts of queries and of keys; nothing else that a program may do asks for more.
    @Test
    void everyOperation() {
        Map<String, Integer> capacity = EveryOperation.CAPACITY;
        Liveness plan = new Liveness(new EveryOperation(4, 2).program, capacity);
        assertEquals(4, Indices.of(plan, Ints::new, new Size.Bindings(capacity)).size());
    }

    /// One requirement for what several operations need alike; one each where the limits differ.
    @Test
    void eachRequirementOnce() {
        Value longer = p.input("longer", ElementType.REAL, Shape.of(6, 2));
        Map<String, Ints> given = new HashMap<>();
        assertEquals(3, required(given, p.gather(table, places), p.scatterAdd(x, places, table), p.gather(longer, places),
                p.segmentMean(x, starts), p.attention(x, x, x, starts, starts, 1, 1, false, null)).size());
    }
}
