package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import lowland.program.operation.*;
import org.junit.jupiter.api.Test;

/// What operations mean, by hand. A derivative agrees with central differences whatever the constant in front, zero too; this is where the
/// values themselves stand.
final class MeaningTest {
    private static final double ULPS = 1e-15;

    private final Single m = new Single();

    private Value one(double value) {
        return m.small("scalar", Shape.SCALAR, value);
    }

    private Value row(double... elements) {
        return m.real("row", Shape.of(elements.length), elements);
    }

    private Value matrix(int rows, int columns, double... elements) {
        return m.real("matrix", Shape.of(rows, columns), elements);
    }

    private Value small(int rows, int columns, double... elements) {
        return m.small("small", Shape.of(rows, columns), elements);
    }

    private void means(Operation operation, double... expected) {
        assertArrayEquals(expected, m.interpret(operation), operation.name());
    }

    @Test
    void adamW() {
        Value p = row(1, -3);
        Value nextM = row(7, 7);
        Value nextV = row(7, 7);
        AdamW step = new AdamW(p, row(2, -1), row(2, 4), row(8, 16), one(2), one(0.5), one(0.25), one(0.4), new AdamW.Constants(0.5, 0.75, 0.25, 0.125),
                row(7, 7), nextM, nextV);
        double[] next = m.interpret(step);
        assertArrayEquals(new double[] {3, 1}, m.reals(nextM));
        assertArrayEquals(new double[] {10, 13}, m.reals(nextV));
        assertEquals(1 - 0.5 * (0.125 * 1 + 12 / 5.25), next[0], ULPS);
        assertEquals(-3 - 0.5 * (0.125 * -3 + 4 / (Math.sqrt(32.5) + 0.25)), next[1], 4 * ULPS);
    }

    @Test
    void sgdMomentum() {
        Value nextU = row(7, 7);
        means(new SgdMomentum(row(4, -8), row(2, 3), row(16, 1), one(2), one(0.25), 0.5, 0.125, row(7, 7), nextU), 4 - 0.25 * 12.5, -8 - 0.25 * 5.5);
        assertArrayEquals(new double[] {0.5 * 16 + 2 * 2 + 0.125 * 4, 0.5 * 1 + 2 * 3 - 0.125 * 8}, m.reals(nextU));
    }

    @Test
    void smallMatrices() {
        means(new Gram(matrix(3, 2, 1, 2, 3, 4, 5, 6), matrix(3, 1, 1, 10, 100), 0, small(2, 1)), 531, 642);
        means(new Gram(matrix(2, 3, 1, 2, 3, 4, 5, 6), matrix(1, 3, 1, 10, 100), 1, small(2, 1)), 321, 654);
        means(new Gram(matrix(2, 2, 1, 2, 3, 4), matrix(2, 3, 1, 2, 3, 10, 20, 30), 0, small(2, 3)), 31, 62, 93, 42, 84, 126);
        means(new Gram(matrix(2, 2, 1, 2, 3, 4), matrix(3, 2, 1, 10, 2, 20, 3, 30), 1, small(2, 3)), 21, 42, 63, 43, 86, 129);
        means(new SmallProduct(small(2, 3, 1, 2, 3, 4, 5, 6), small(3, 2, 1, 7, 10, 70, 100, 700), small(2, 2)), 321, 2247, 654, 4578);
        means(new Inner(small(1, 3, 1, 2, 3), small(1, 3, 4, -5, 6), small(1, 1)), 12);
        means(new SquaredNorm(matrix(1, 3, 1, -2, 3), small(1, 1)), 14);
        means(new ToReal(small(1, 2, 3, 4), matrix(1, 2)), 3, 4);
        means(new RowNorms(matrix(2, 1, 2, 8), matrix(2, 2, 1, 2, 3, 4), matrix(2, 2, 3, -1, 2, 5), matrix(2, 1)), 3, 5);
    }

    @Test
    void elementByElement() {
        means(new Multiply(row(2, -3), row(5, 7), row(9, 9)), 10, -21);
        means(new Divide(row(2, -3), row(4, 2), row(9, 9)), 0.5, -1.5);
        means(new Scale(row(2, -3), one(4), row(9, 9)), 8, -12);
        means(new Relu(row(2, -3, -0.0, Double.NaN), row(9, 9, 9, 9)), 2, 0, 0, Double.NaN);
        means(new ColumnSum(matrix(2, 2, 1, 2, 3, 4), null, row(9, 9)), 4, 6);
        means(new ColumnSum(matrix(2, 2, 1, 2, 3, 4), row(10, 20), row(9, 9)), 14, 26);
    }

    @Test
    void products() {
        Value left = matrix(1, 2, 2, 3);
        Value right = matrix(2, 2, 5, 7, 11, 13);
        means(new Product(left, false, right, false, null, matrix(1, 2, 9, 9)), 43, 53);
        means(new Product(left, false, right, true, null, matrix(1, 2, 9, 9)), 31, 61);
        means(new Product(matrix(2, 1, 2, 3), true, right, false, null, matrix(1, 2, 9, 9)), 43, 53);
        means(new Product(left, false, right, false, matrix(1, 2, 100, 200), matrix(1, 2, 9, 9)), 143, 253);
        Value two = matrix(2, 2, 1, 0, 0, 1);
        means(new Product(two, false, right, false, row(100, 200), matrix(2, 2)), 105, 207, 111, 213);
    }

    @Test
    void guardsPassWhatIsFinite() {
        assertTrue(new Guard(List.of(one(1), one(-0.0))).passes(m));
        assertFalse(new Guard(List.of(one(1), one(Double.NaN))).passes(m));
        assertFalse(new Guard(List.of(one(Double.NEGATIVE_INFINITY), one(1))).passes(m));
    }

    @Test
    void layerNormParametersOverwrite() {
        Value dBeta = row(9, 9);
        double[] dGamma = m.interpret(new LayerNormParameters(matrix(2, 2, 1, 3, 6, 2), matrix(2, 2, 1, 2, 10, 20), 0, row(9, 9), dBeta));
        assertArrayEquals(new double[] {-1 + 10, 2 - 20}, dGamma);
        assertArrayEquals(new double[] {11, 22}, m.reals(dBeta));
    }

    /// Two sequences of 2 queries and 4 keys, 3 and 5: the ends of both are aligned.
    private Attention attention(boolean causal, Mask mask, Value bias) {
        Value q = m.real("q", Shape.of(5, 2), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        Value k = m.real("k", Shape.of(9, 2), 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        Value v = m.real("v", Shape.of(9, 2), 1, 10, 2, 20, 3, 30, 10, 40, 5, 50, 6, 60, 7, 70, 8, 80, 9, 90);
        return new Attention(q, k, v, m.ints("queryStarts", 0, 2, 5), m.ints("keyStarts", 0, 4, 9), 2, 2, causal, mask, bias, m.real("y", Shape.of(5, 2)));
    }

    @Test
    void attentionOfEqualScoresIsTheMeanOfWhatIsSeen() {
        assertArrayEquals(new double[] {4, 25, 4, 25, 7, 70, 7, 70, 7, 70}, m.interpret(attention(false, null, null)), 100 * ULPS);
        assertArrayEquals(new double[] {2, 20, 4, 25, 6, 60, 6.5, 65, 7, 70}, m.interpret(attention(true, null, null)), 100 * ULPS);
    }

    @Test
    void whatAQuerySees() {
        Attention causal = attention(true, null, null);
        assertArrayEquals(new int[] {3, 4}, new int[] {causal.seen(m, 0, 0), causal.seen(m, 0, 1)});
        assertArrayEquals(new int[] {3, 4, 5}, new int[] {causal.seen(m, 1, 2), causal.seen(m, 1, 3), causal.seen(m, 1, 4)});
        Value x = matrix(3, 1, 1, 2, 3);
        Value y = matrix(1, 1, 1);
        Attention few = new Attention(x, y, y, m.ints("q", 0, 3), m.ints("k", 0, 1), 1, 1, true, null, null, matrix(3, 1));
        assertArrayEquals(new int[] {0, 0, 1}, new int[] {few.seen(m, 0, 0), few.seen(m, 0, 1), few.seen(m, 0, 2)});
    }

    /// By key minus query, up to two either way; of two heads.
    @Test
    void biasByDistance() {
        Attention attention = attention(false, null, m.real("bias", Shape.of(5, 2), 0, 1, 10, 11, 20, 21, 30, 31, 40, 41));
        int[] head0 = new int[4];
        int[] head1 = new int[5];
        for (int j = 0; j < 4; j++) {
            head0[j] = attention.biasIndex(m, 0, 0, 0, j);
        }
        for (int j = 0; j < 5; j++) {
            head1[j] = attention.biasIndex(m, 1, 1, 3, j);
        }
        // The first query of sequence 0 stands at key 2; the second of sequence 1 at key 3.
        assertArrayEquals(new int[] {0, 2, 4, 6}, head0);
        assertArrayEquals(new int[] {1, 1, 3, 5, 7}, head1);
        assertEquals(31, attention.biased(m, 1, 1, 3, 4));
    }

    @Test
    void attentionDropsByPlaceInTheSequence() {
        Mask mask = new Mask(0.5, 3, m.ints("key", 7, -9));
        Attention attention = attention(false, mask, null);
        long key = Mask.key(new int[] {7, -9});
        Set<Double> met = new HashSet<>();
        for (int i = 2; i < 5; i++) {
            for (int j = 0; j < 5; j++) {
                double factor = mask.factor(Mask.row(key, 3, 0, 1, i - 2), (1L << 16) + j);
                assertEquals(factor, attention.dropped(m, 1, 1, i, j), i + ", " + j);
                met.add(factor);
            }
        }
        assertEquals(Set.of(0.0, 2.0), met);
        assertEquals(3 * 65_536L + 5, Mask.channel(3, 5));
    }

    @Test
    void attentionBackwardOverwrites() {
        Attention forward = attention(true, null, m.real("bias", Shape.of(5, 2), 0, 1, 10, 11, 20, 21, 30, 31, 40, 41));
        double[] g = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        double[][] clean = null;
        for (double before : new double[] {0, 9}) {
            Value[] outputs = {filled(before, 5, 2), filled(before, 9, 2), filled(before, 9, 2), filled(before, 5, 2)};
            m.interpret(new AttentionBackward(forward, m.real("g", Shape.of(5, 2), g), outputs[0], outputs[1], outputs[2], outputs[3]));
            double[][] results = Arrays.stream(outputs).map(m::reals).toArray(double[][]::new);
            clean = clean == null ? results : clean;
            for (int i = 0; i < results.length; i++) {
                assertArrayEquals(clean[i], results[i], "output " + i + " over " + before);
            }
        }
    }

    private Value filled(double value, int rows, int columns) {
        double[] elements = new double[rows * columns];
        Arrays.fill(elements, value);
        return matrix(rows, columns, elements);
    }

    /// Every value that an operation holds is one of its inputs or outputs, or of those of the pass that it differentiates; all have shapes.
    @Test
    void everyOperandIsNamed() throws ReflectiveOperationException {
        for (Stage stage : new EveryOperation(4, 2).program.stages()) {
            for (Operation operation : stage.operations()) {
                Set<Value> held = new HashSet<>();
                hold(operation, held);
                Set<Value> named = new HashSet<>(operation.inputs());
                named.addAll(operation.outputs());
                if (operation instanceof AttentionBackward backward) {
                    named.addAll(backward.forward().outputs());
                }
                assertEquals(held, named, operation.name());
                named.forEach(value -> assertNotNull(value.shape(), operation.name()));
            }
        }
    }

    private static void hold(Object object, Set<Value> held) throws ReflectiveOperationException {
        if (object instanceof Value value) {
            held.add(value);
        } else if (object instanceof List<?> list) {
            for (Object element : list) {
                hold(element, held);
            }
        } else if (object instanceof Operation || object instanceof Mask) {
            for (RecordComponent component : object.getClass().getRecordComponents()) {
                hold(component.getAccessor().invoke(object), held);
            }
        }
    }
}
