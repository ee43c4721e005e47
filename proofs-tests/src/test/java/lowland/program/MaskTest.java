package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import lowland.program.operation.Attention;
import lowland.program.operation.Dropout;
import lowland.program.operation.Mask;
import lowland.random.CounterRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Dropout is a function of where an element stands.
final class MaskTest {
    private static final int ROWS = 6;
    private static final int COLUMNS = 50;

    /// The factors of rows of two sequences: dropout of ones.
    private static double[] factors(double probability, int site, long step, int layer, int... positions) {
        Single m = new Single().at(layer);
        double[] ones = new double[ROWS * COLUMNS];
        Arrays.fill(ones, 1);
        Value x = m.real("x", Shape.of(ROWS, COLUMNS), ones);
        Value y = m.real("y", Shape.of(ROWS, COLUMNS));
        Mask mask = new Mask(probability, site, m.ints("key", Mask.halves(7, step, 3)));
        return m.interpret(new Dropout(x, m.ints("sequences", 0, 0, 0, 1, 1, 1), m.ints("positions", positions), mask, y));
    }

    private static double[] factors(int site, long step, int layer) {
        return factors(0.4, site, step, layer, 0, 1, 2, 0, 1, 2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.1, 0.5, 0.9})
    void keepsAsOftenAsItShould(double probability) {
        int kept = 0;
        int count = 0;
        for (int step = 0; step < 200; step++) {
            for (double factor : factors(probability, 1, step, 0, 0, 1, 2, 0, 1, 2)) {
                assertTrue(factor == 0 || factor == 1 / (1 - probability));
                kept += factor == 0 ? 0 : 1;
                count++;
            }
        }
        // Five standard deviations of a binomial.
        assertEquals(count * (1 - probability), kept, 5 * Math.sqrt(count * probability * (1 - probability)));
    }

    @Test
    void aFunctionOfSiteStepLayerAndPlace() {
        double[] base = factors(1, 2, 3);
        assertArrayEquals(base, factors(1, 2, 3));
        assertFalse(Arrays.equals(base, factors(2, 2, 3)), "site");
        assertFalse(Arrays.equals(base, factors(1, 3, 3)), "step");
        assertFalse(Arrays.equals(base, factors(1, 2, 4)), "layer");
        for (int row = 0; row < ROWS; row++) {
            for (int other = 0; other < row; other++) {
                assertFalse(Arrays.equals(Arrays.copyOfRange(base, row * COLUMNS, (row + 1) * COLUMNS),
                        Arrays.copyOfRange(base, other * COLUMNS, (other + 1) * COLUMNS)), "sequence or position");
            }
        }
        // Where a row lies in the batch means nothing: the same positions the other way round give the same rows.
        double[] turned = factors(0.4, 1, 2, 3, 2, 1, 0, 0, 1, 2);
        assertArrayEquals(Arrays.copyOfRange(base, 0, COLUMNS), Arrays.copyOfRange(turned, 2 * COLUMNS, 3 * COLUMNS));
    }

    @Test
    void theKeysOfTheCounterRandom() {
        long key = Mask.key(Mask.halves(-5, 17, 2));
        assertEquals(CounterRandom.maskRowKey(-5, 17, 2, 9, 4, 3, 11), Mask.row(key, 9, 4, 3, 11));
        Mask mask = new Mask(0.3, 9, new Single().ints("key", 0, 0));
        for (int channel = 0; channel < 100; channel++) {
            long bits = CounterRandom.maskBits(-5, 17, 2, 9, 4, 3, 11, channel);
            assertEquals(CounterRandom.keep(bits, CounterRandom.dropThreshold(0.3)) ? 1 / 0.7 : 0,
                    mask.factor(Mask.row(key, 9, 4, 3, 11), channel));
        }
    }

    /// With values that are unit vectors, attention's output is the row of kept probabilities; each head drops others.
    @Test
    void attentionDropsProbabilities() {
        int keys = 8;
        Single m = new Single();
        Value q = m.real("q", Shape.of(keys, 2 * keys), new double[2 * keys * keys]);
        Value k = m.real("k", Shape.of(keys, 2 * keys), new double[2 * keys * keys]);
        double[] units = new double[2 * keys * keys];
        for (int j = 0; j < keys; j++) {
            units[j * 2 * keys + j] = 1;
            units[j * 2 * keys + keys + j] = 1;
        }
        Value v = m.real("v", Shape.of(keys, 2 * keys), units);
        Value starts = m.ints("starts", 0, 3, 8);
        Mask mask = new Mask(0.5, 4, m.ints("key", 8, 9));
        Attention attention = new Attention(q, k, v, starts, starts, 2, 2, false, mask, null, m.real("y", Shape.of(keys, 2 * keys)));
        double[] y = m.interpret(attention);
        int zeros = 0;
        for (List<Integer> place : List.of(List.of(0, 0, 0), List.of(0, 1, 2), List.of(1, 0, 3), List.of(1, 1, 7))) {
            int n = place.get(0);
            int head = place.get(1);
            int row = place.get(2);
            int start = n == 0 ? 0 : 3;
            int count = n == 0 ? 3 : 5;
            for (int j = 0; j < count; j++) {
                double expected = attention.dropped(m, n, head, row, j) / count;
                assertEquals(expected, y[row * 2 * keys + head * keys + start + j], 1e-15);
                zeros += expected == 0 ? 1 : 0;
            }
        }
        assertTrue(zeros > 0 && zeros < 16);
        double[] first = new double[5];
        double[] second = new double[5];
        for (int j = 0; j < 5; j++) {
            first[j] = attention.dropped(m, 1, 0, 4, j) + 10 * attention.dropped(m, 1, 0, 5, j) + 100 * attention.dropped(m, 1, 0, 6, j);
            second[j] = attention.dropped(m, 1, 1, 4, j) + 10 * attention.dropped(m, 1, 1, 5, j) + 100 * attention.dropped(m, 1, 1, 6, j);
        }
        assertFalse(Arrays.equals(first, second));
    }
}
