package lowland.rule;

import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.ejml.simple.SimpleMatrix;

/// Scaling and initialisation.
class StartProperties {

    private static final double GOLDEN_FIRST = 0.006844870668482747;
    private static final double GOLDEN_LAST = 0.01922986729277986;

    @Example
    void scaling() {
        assertEquals(2, Scaling.STANDARD.of(16, 8));
        assertEquals(8, Scaling.RANK_STABILIZED.of(16, 4));
        assertThrows(IllegalArgumentException.class, () -> Scaling.STANDARD.of(16, 0));
        assertThrows(IllegalArgumentException.class, () -> Scaling.STANDARD.of(0, 8));
        assertThrows(IllegalArgumentException.class, () -> Scaling.STANDARD.of(Double.NaN, 8));
    }

    @Property(tries = 100)
    void startsAtW0WithAWithinItsBound(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int rank,
                                       @ForAll @IntRange(min = 1, max = 50) int in, @ForAll @IntRange(min = 1, max = 50) int out) {
        LoraPair pair = Initialization.pair(seed, "w", 2, rank, in, out);
        assertEquals(0, pair.weightChange().elementMaxAbs());
        assertEquals(rank, pair.a().getNumRows());
        assertEquals(in, pair.a().getNumCols());
        assertEquals(out, pair.b().getNumRows());
        assertTrue(pair.a().elementMaxAbs() <= 1 / Math.sqrt(in));
        assertSameBits(pair.a(), Initialization.pair(seed, "w", 2, rank, in, out).a());
    }

    /// Of 40,000 entries uniform in ±1/√in: the variance is 1/(3·in) within five standard errors, the mean 0.
    @Example
    void uniform() {
        SimpleMatrix a = Initialization.kaimingUniform(1, "w", 100, 400);
        double variance = 1.0 / (3 * 400);
        assertEquals(0, a.elementSum() / 40_000, 5 * Math.sqrt(variance / 40_000));
        assertEquals(variance, a.elementMult(a).elementSum() / 40_000, 5 * variance * Math.sqrt(0.8 / 40_000));
    }

    /// Other names, seeds and Bi-LoRA's second pair start elsewhere.
    @Property(tries = 100)
    void startsDiffer(@ForAll long seed) {
        double a = Initialization.pair(seed, "w", 2, 1, 3, 3).a().get(0);
        assertNotEquals(a, Initialization.auxiliaryPair(seed, "w", 2, 1, 3, 3).a().get(0));
        assertNotEquals(a, Initialization.pair(seed, "v", 2, 1, 3, 3).a().get(0));
        assertNotEquals(a, Initialization.pair(seed + 1, "w", 2, 1, 3, 3).a().get(0));
    }

    /// The bits that every executor starts from: found with the formulas of `CounterRandom` in another language.
    @Example
    void firstElements() {
        SimpleMatrix a = Initialization.kaimingUniform(42, "encoder.layer.0.attention.self.query.lora_A.weight", 8, 384);
        assertEquals(GOLDEN_FIRST, a.get(0, 0));
        assertEquals(GOLDEN_LAST, a.get(7, 383));
    }
}
