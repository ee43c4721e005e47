package lowland.random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class CounterRandomTest {

    private static final long MASK = 0xDB09059735C6007DL;
    private static final long TENSOR = 0x1C2F28C20A861BAAL;

    /// child(k, 0), child(k, 1), … is SplitMix64, which is what the JDK's SplittableRandom is.
    @Property(tries = 200)
    void childrenAreSplitMix64(@ForAll long k) {
        SplittableRandom splitMix = new SplittableRandom(k);
        for (long i = 0; i < 20; i++) {
            assertEquals(splitMix.nextLong(), CounterRandom.child(k, i));
        }
    }

    /// Published test vectors of FNV-1a.
    @Example
    void hashIsFnv1a() {
        assertEquals(0xCBF29CE484222325L, CounterRandom.hash(""));
        assertEquals(0xAF63DC4C8601EC8CL, CounterRandom.hash("a"));
        assertEquals(0x85944171F73967E8L, CounterRandom.hash("foobar"));
    }

    /// Found with the formulas of the class's documentation in another language.
    @Example
    void bits() {
        assertEquals(MASK, CounterRandom.maskBits(7, 1, 2, 3, 4, 5, 6, 8));
        assertEquals(TENSOR, CounterRandom.child(CounterRandom.tensorKey(-3, "größe"), 11));
    }

    /// Changing any one key changes the bits; permuting keys too.
    @Property(tries = 200)
    void everyKeyCounts(@ForAll long seed) {
        long[] keys = {1, 2, 3, 4, 5, 6, 7};
        Set<Long> seen = new HashSet<>();
        seen.add(mask(seed, keys));
        seen.add(mask(seed + 1, keys));
        for (int i = 0; i < keys.length; i++) {
            long[] other = keys.clone();
            other[i] += 100;
            seen.add(mask(seed, other));
        }
        assertEquals(9, seen.size());
        assertNotEquals(mask(seed, keys), mask(seed, new long[] {2, 1, 3, 4, 5, 6, 7}));
        assertNotEquals(mask(seed, keys), mask(seed, new long[] {1, 2, 3, 4, 5, 7, 6}));
    }

    /// A share within five standard errors, along channels and along steps.
    @Example
    void keepsItsShare() {
        long threshold = CounterRandom.dropThreshold(0.1);
        int n = 100_000;
        int alongChannels = 0;
        int alongSteps = 0;
        for (int i = 0; i < n; i++) {
            alongChannels += CounterRandom.keep(mask(5, new long[] {0, 0, 1, 0, 0, 0, i}), threshold) ? 1 : 0;
            alongSteps += CounterRandom.keep(mask(5, new long[] {i, 0, 1, 0, 0, 0, 0}), threshold) ? 1 : 0;
        }
        assertEquals(0.9, (double) alongChannels / n, 5 * Math.sqrt(0.09 / n));
        assertEquals(0.9, (double) alongSteps / n, 5 * Math.sqrt(0.09 / n));
    }

    /// The upper half of the bits, unsigned, against round(p·2³²).
    @Example
    void keepComparesTheUpperHalf() {
        long threshold = CounterRandom.dropThreshold(0.3);
        assertEquals(1_288_490_189, threshold, "0.3·2³² = 1288490188.8");
        assertTrue(CounterRandom.keep(threshold << 32, threshold));
        assertFalse(CounterRandom.keep((threshold << 32) - 1, threshold));
        assertTrue(CounterRandom.keep(-1L << 32, threshold));
        assertFalse(CounterRandom.keep(0xFFFFFFFFL, 1));
    }

    @Property(tries = 200)
    void dropoutZeroKeepsEverything(@ForAll long bits) {
        assertTrue(CounterRandom.keep(bits, CounterRandom.dropThreshold(0)));
    }

    @Example
    void dropoutOneIsRefused() {
        for (double probability : new double[] {1, -0.1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> CounterRandom.dropThreshold(probability));
        }
    }

    @Example
    void noiseIsAnotherInEveryStepAndForEverySeed() {
        Set<Long> keys = new HashSet<>();
        for (long seed = 0; seed < 30; seed++) {
            for (long step = 0; step < 30; step++) {
                keys.add(CounterRandom.noiseKey(seed, step));
                assertEquals(CounterRandom.noiseKey(seed, step), CounterRandom.noiseKey(seed, step));
            }
        }
        assertEquals(900, keys.size());
    }

    @Example
    void ends() {
        assertEquals(0, CounterRandom.uniform(0));
        assertEquals(1 - 0x1p-53, CounterRandom.uniform(-1));
        assertTrue(Double.isFinite(CounterRandom.gaussian(0)) && Double.isFinite(CounterRandom.gaussian(-1)));
    }

    /// Found with the formulas of the class's documentation in another language.
    @Example
    void gaussians() {
        double[] expected = {0.9253316581223571, -1.3535636420673378, -0.20745727514693554, -2.0972229319431515};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], CounterRandom.gaussian(CounterRandom.child(99, i)), 1e-15);
        }
    }

    /// Moments and tails of the standard normal within five standard errors.
    @Example
    void gaussian() {
        int n = 200_000;
        double sum = 0;
        double squares = 0;
        double fourth = 0;
        int within = 0;
        for (int i = 0; i < n; i++) {
            double x = CounterRandom.gaussian(CounterRandom.child(99, i));
            sum += x;
            squares += x * x;
            fourth += x * x * x * x;
            within += Math.abs(x) < 1 ? 1 : 0;
        }
        assertEquals(0, sum / n, 5 / Math.sqrt(n));
        assertEquals(1, squares / n, 5 * Math.sqrt(2.0 / n));
        assertEquals(3, fourth / n, 5 * Math.sqrt(96.0 / n));
        assertEquals(0.682689, (double) within / n, 5 * Math.sqrt(0.2166 / n));
    }

    private static long mask(long seed, long[] keys) {
        return CounterRandom.maskBits(seed, keys[0], keys[1], keys[2], keys[3], keys[4], keys[5], keys[6]);
    }
}
