package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import lowland.program.operation.AdamW;
import lowland.program.operation.Mask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// What cannot be recorded is refused in one line that names the operation, what it needs and what it found.
final class RecordingTest {
    private Recording p;
    private Value x;
    private Value row;
    private Value ids;
    private Value starts;

    @BeforeEach
    void record() {
        p = new Recording("test");
        x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(4)));
        row = p.input("row", ElementType.REAL, Shape.of(3));
        ids = p.input("ids", ElementType.INT, Shape.of(Extent.TOKENS));
        starts = p.input("starts", ElementType.INT, Shape.of(Extent.STARTS));
    }

    private Value matrix(int rows, int columns) {
        return p.input("m" + rows + "x" + columns, ElementType.REAL, Shape.of(rows, columns));
    }

    private static void refused(String message, Executable recording) {
        assertEquals(message, assertThrows(RuntimeException.class, recording).getMessage());
    }

    @Test
    void shapes() {
        refused("product needs equal inner extents (right transposed), found x: real[tokens, 4] m4x3: real[4, 3]",
                () -> p.product(x, false, matrix(4, 3), true, null));
        refused("product needs equal inner extents, found x: real[tokens, 4] m3x4: real[3, 4]",
                () -> p.product(x, false, matrix(3, 4), false, null));
        refused("product needs an addend of shape [tokens, 5] or a row of it, found row: real[3]",
                () -> p.product(x, false, matrix(4, 5), false, row));
        refused("product needs a real value of rank 2, found row: real[3]", () -> p.product(row, false, x, false, null));
        refused("add needs two values of one shape and type, found x: real[tokens, 4] and row: real[3]", () -> p.add(x, row));
        refused("add needs two values of one shape and type, found ids: int[tokens] and ids: int[tokens]", () -> p.add(ids, ids));
        refused("layerNorm needs real[4], found row: real[3]", () -> p.layerNorm(x, row, row, 1e-5));
        refused("layerNorm needs epsilon > 0, found 0.0",
                () -> p.layerNorm(x, p.input("g", ElementType.REAL, Shape.of(4)), p.input("g", ElementType.REAL, Shape.of(4)), 0));
        refused("gather needs an int value of rank 1, found x: real[tokens, 4]", () -> p.gather(x, x));
        refused("scale needs a double value of rank 0, found x: real[tokens, 4]", () -> p.scale(x, x));
        refused("crossEntropy needs a smoothing in [0, 1), found 1.0", () -> p.crossEntropy(x, ids, 1));
        refused("crossEntropy needs int[tokens], found starts: int[sequences+1]", () -> p.crossEntropy(x, starts, 0));
        refused("attention needs heads 3 and key heads 3 that divide the channels, found x: real[tokens, 4] x: real[tokens, 4]",
                () -> p.attention(x, x, x, starts, starts, 3, 3, false, null));
        refused("attention needs heads 0 and key heads 1 that divide the channels, found x: real[tokens, 4] x: real[tokens, 4]",
                () -> p.attention(x, x, x, starts, starts, 0, 1, false, null));
        refused("attention needs heads 1 and key heads 0 that divide the channels, found x: real[tokens, 4] x: real[tokens, 4]",
                () -> p.attention(x, x, x, starts, starts, 1, 0, false, null));
        refused("segmentMean needs starts with an end behind them, found ids: int[tokens]", () -> p.segmentMean(x, ids));
        refused("gelu needs a real value, found ids: int[tokens]", () -> p.gelu(ids, lowland.program.operation.Gelu.Form.ERF));
        refused("toReal needs a double value, found x: real[tokens, 4]", () -> p.toReal(x));
        refused("gram needs equal extents on axis 0, found x: real[tokens, 4] m3x4: real[3, 4]", () -> p.gram(x, matrix(3, 4), 0));
        refused("pseudoInverse needs a double value of rank 2, found x: real[tokens, 4]", () -> p.pseudoInverse(x));
        refused("guard needs a double value of rank 0, found x: real[tokens, 4]", () -> p.guard(x));
        refused("a mask needs a probability in (0, 1), found 0.0", () -> new Mask(0, 1, ids));
        refused("a mask needs a probability in (0, 1), found 1.0", () -> new Mask(1, 1, ids));
        refused("mask needs int[2], found ids: int[tokens]", () -> new Mask(0.1, 1, ids));
        refused("an extent is at least 1, found 0", () -> Shape.of(0));
        refused("axis 0 of [tokens, 4] has no fixed size", () -> x.shape().fixed(0));
        refused("extent 'tokens' is not bound; bound are [rows]", () -> x.shape().size(Map.of("rows", 2)));
        refused("state 'w' needs fixed extents, found [tokens, 4]", () -> new State("w", ElementType.REAL, x.shape(), 0));
    }

    @Test
    void stages() {
        List<Value> inside = new ArrayList<>();
        List<Value> results = p.repeat("layers", 3, List.of(x), c -> {
            inside.add(p.tanh(c.get(0)));
            return inside;
        });
        String stacked = ", which is one value for each of 3 layers; hand it on from iteration to iteration and read the result";
        refused("tanh runs once and cannot read 'tanh'" + stacked, () -> p.tanh(inside.get(0)));
        refused("output 'y' runs once and cannot read 'tanh'" + stacked, () -> p.output("y", inside.get(0)));
        refused("stage 'four' runs once and cannot read 'tanh'" + stacked, () -> p.repeat("four", 4, inside, c -> c));
        p.output("y", results.get(0));
        refused("output 'y' is offered twice", () -> p.output("y", results.get(0)));
        p.repeat("four", 4, List.of(x), c -> {
            refused("tanh runs for each of 4 layers and cannot read 'tanh'" + stacked, () -> p.tanh(inside.get(0)));
            return List.of(p.tanh(c.get(0)));
        });
        refused("input 'x' is real[tokens, 4], not int[tokens]", () -> p.input("x", ElementType.INT, Shape.of(Extent.TOKENS)));
        State state = new State("w", ElementType.REAL, Shape.of(4), 3);
        refused("state 'w' is real[4] x 3, cannot become real[tokens, 4] x 0 (x)", () -> p.update(state, x));
        p.update(state, p.read(state));
        refused("state 'w' is updated twice", () -> p.update(state, p.read(state)));
        refused("stage 'none' needs at least one layer and does not nest", () -> p.repeat("none", 0, List.of(x), c -> c));
        refused("stage 'keys' carries 'ids', which is int[tokens]: only real and double values are carried",
                () -> p.repeat("keys", 2, List.of(ids), c -> c));
    }

    /// What is made at some layers is read at these alone, until it is patched.
    @Test
    void partsOfAStack() {
        List<Value> inside = new ArrayList<>();
        State state = new State("w", ElementType.REAL, Shape.of(4), 3);
        p.repeat("low", 3, 0, 2, false, List.of(x), c -> {
            inside.add(p.add(p.read(state), p.read(state)));
            return c;
        });
        Value sum = inside.get(0);
        refused("state 'w' cannot become 'sum', which is not made at every layer; patch it", () -> p.update(state, sum));
        refused("stage 'low' cannot patch real[tokens, 4] x 0 (x) with real[4] x 3 (sum)", () -> p.patch(x, sum));
        refused("stage 'low' cannot patch real[4] x 3 (sum) with real[4] x 3 (sum)", () -> p.patch(sum, sum));
        Value whole = p.patch(p.read(state), sum);
        p.repeat("high", 3, 1, 3, false, List.of(x), c -> {
            refused("add runs for layers 1 to 2 and cannot read 'sum', which is made for 0 to 1; patch it", () -> p.add(sum, whole));
            inside.add(p.add(whole, p.read(state)));
            return c;
        });
        refused("stage 'high' cannot patch real[4] x 3 (w) with real[4] x 3 (sum)", () -> p.patch(p.read(state), sum));
        Recording other = new Recording("other");
        refused("there is no stage yet that could have made 'sum'", () -> other.patch(sum, sum));
        Value y = other.input("y", ElementType.REAL, Shape.of(4));
        List<Value> kept = new ArrayList<>();
        other.repeat("low", 3, 0, 1, false, List.of(y), c -> {
            kept.add(other.tanh(c.get(0)));
            return c;
        });
        refused("stage 'high' runs for layers 1 to 2 and cannot read 'tanh', which is made for 0 to 0; patch it",
                () -> other.repeat("high", 3, 1, 3, false, List.of(y), c -> kept));
        Recording plain = new Recording("plain");
        Value x4 = plain.input("x", ElementType.REAL, Shape.of(4));
        kept.clear();
        plain.repeat("low", 3, 0, 1, false, List.of(x4), c -> {
            kept.add(plain.tanh(c.get(0)));
            return c;
        });
        plain.stage("once");
        plain.tanh(x4);
        refused("stage 'once' cannot patch real[4] x 3 (w) with real[4] x 3 (tanh)", () -> plain.patch(plain.read(state), kept.get(0)));
        p.repeat("one", 3, 1, 2, false, List.of(x), c -> List.of(p.tanh(p.add(sum, inside.get(1)))));
        p.update(state, whole);
        for (int[] range : new int[][] {{-1, 2}, {2, 2}, {0, 4}}) {
            refused("stage 'range' runs for layers " + range[0] + " to " + (range[1] - 1) + " of 3",
                    () -> new Recording("range").repeat("range", 3, range[0], range[1], false, List.of(), c -> c));
        }
    }

    @Test
    void whatAnIterationHandsOnMustFit() {
        refused("stage 'layers' receives 1 values and hands on 0", () -> p.repeat("layers", 3, List.of(x), c -> List.of()));
        p = new Recording("again");
        refused("stage 'layers' receives real[tokens, 4] and hands on real[tokens, 4] (x)",
                () -> p.repeat("layers", 3, List.of(x), c -> List.of(x)));
        p = new Recording("again");
        refused("stage 'inner' needs at least one layer and does not nest",
                () -> p.repeat("outer", 3, List.of(x), c -> p.repeat("inner", 3, c, d -> d)));
    }

    @Test
    void namesAreUnique() {
        assertEquals("tanh", p.tanh(x).name());
        assertEquals("tanh.2", p.tanh(x).name());
        Value carried = p.repeat("layers", 2, List.of(p.tanh(x)), c -> List.of(p.tanh(c.get(0)))).get(0);
        assertEquals("tanh.6", carried.name());
        assertEquals("tanh.7", p.tanh(x).name());
        assertEquals("x", p.input("x", ElementType.REAL, x.shape()).name());
    }

    /// Inputs, states and what operations make are counted as they are recorded, the first time.
    @Test
    void valuesAreCounted() {
        Value state = p.read(new State("w", ElementType.REAL, Shape.of(4), 3));
        Value tanh = p.tanh(x);
        Value scalar = p.scalar("factor");
        p.input("x", ElementType.REAL, x.shape());
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7),
                java.util.stream.Stream.of(x, row, ids, starts, state, tanh, scalar, p.sum(x)).map(Value::id).toList());
    }

    @Test
    void severalResults() {
        Value w = matrix(4, 4);
        Value one = p.scalar("one");
        assertEquals("[nextP, nextM, nextV]",
                p.adamW(w, w, w, w, one, one, one, one, new AdamW.Constants(0.9, 0.99, 1e-8, 0)).toString());
        assertEquals("[nextP.2, nextU]", p.sgdMomentum(w, w, w, one, one, 0.9, 0).toString());
        assertEquals("[pseudoInverse, inverseRoot]", p.pseudoInverse(p.gram(w, w, 0)).toString());
        assertEquals("[dGamma, dBeta]", p.layerNormParameters(w, w, 1e-5).toString());
    }

    @Test
    void oneLayerIsAStageThatRepeats() {
        assertEquals(0, p.layers());
        List<Integer> layers = new ArrayList<>();
        for (int repeat : new int[] {1, 3}) {
            p.repeat("layers", repeat, List.of(x), c -> {
                layers.add(p.layers());
                return List.of(p.tanh(c.get(0)));
            });
        }
        assertEquals(List.of(1, 3), layers);
    }

    @Test
    void runsNeedTheirInputs() {
        p.output("total", p.sum(x));
        try (Interpreter.Run session = new Interpreter().open(List.of(p.finish()), Map.of())) {
            refused("extent 'tokens' is not bound; bound are []", () -> session.run("test", new Inputs()));
            refused("input 'x' was not given; given are []", () -> session.run("test", new Inputs().extent("tokens", 2)));
            Inputs few = new Inputs().extent("tokens", 2).extent("sequences", 1).reals("x", 1f).reals("row", 1, 2, 3).ints("ids", 0);
            refused("input 'x' needs 8 values, found 1", () -> session.run("test", few));
            refused("input 'ids' needs 2 values, found 1", () -> session.run("test", few.reals("x", new float[8])));
            refused("no program 'other'; there are [test]", () -> session.run("other", new Inputs()));
        }
    }
}
