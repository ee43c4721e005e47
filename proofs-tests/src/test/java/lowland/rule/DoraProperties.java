package lowland.rule;

import static lowland.rule.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.ejml.simple.SimpleMatrix;

/// DoRA, arXiv 2402.09353v6 Eq. 5.
class DoraProperties {

    /// With B = 0 and magnitudes as they start, W is W0; and always the norms of W's rows are the magnitudes.
    @Property(tries = 200)
    void rowsHaveTheirMagnitudes(@ForAll @IntRange(min = 1, max = 12) int out, @ForAll @IntRange(min = 1, max = 12) int in,
                                  @ForAll long seed) {
        Random random = new Random(seed);
        SimpleMatrix start = Layer.normal(out, in, random);
        LoraPair zero = Initialization.pair(seed, "w", 2, 2, in, out);
        SimpleMatrix magnitude = Dora.initialMagnitude(start);
        assertClose(start, Dora.of(start, zero, magnitude).weight(), 1e-14, start.normF());

        Dora moved = Dora.of(start, zero.withB(Layer.normal(out, 2, random)), magnitude.scale(1.7));
        for (int i = 0; i < out; i++) {
            assertEquals(1.7 * magnitude.get(i), moved.weight().getRow(i).normF(), 1e-13 * magnitude.get(i) * 1.7);
        }
    }

    /// Against central differences of the loss ‹G, W›: in m as it is; in A and B with the norms held, as §4.3 has it.
    @Property(tries = 50)
    void gradientsAreThoseWithTheNormHeld(@ForAll @IntRange(min = 1, max = 6) int out, @ForAll @IntRange(min = 1, max = 6) int in,
                                          @ForAll long seed) {
        Random random = new Random(seed);
        SimpleMatrix start = Layer.normal(out, in, random);
        LoraPair pair = new LoraPair("w", -1.5, Layer.normal(2, in, random), Layer.normal(out, 2, random));
        SimpleMatrix g = Layer.normal(out, in, random);
        SimpleMatrix magnitude = Layer.normal(out, 1, random);
        Dora at = Dora.of(start, pair, magnitude);
        double size = at.weight().normF() * g.normF();

        SimpleMatrix byM = at.magnitudeGradient(g);
        for (int i = 0; i < out; i++) {
            SimpleMatrix up = magnitude.copy();
            up.set(i, magnitude.get(i) + 1);
            // W is linear in m.
            double difference = Layer.inner(g, Dora.of(start, pair, up).weight()) - Layer.inner(g, at.weight());
            assertEquals(difference, byM.get(i), 1e-11 * (size + Math.abs(difference)));
        }
        PairGradient gradient = at.pairGradient(g);
        for (int i = 0; i < pair.a().getNumElements(); i++) {
            SimpleMatrix up = pair.a().copy();
            up.set(i, up.get(i) + 1);
            // With the norms held, W is linear in A.
            double difference = held(at, start, pair.withA(up), g) - Layer.inner(g, at.weight());
            assertEquals(difference, gradient.dA().get(i), 1e-11 * (size + Math.abs(difference)));
        }
        for (int i = 0; i < pair.b().getNumElements(); i++) {
            SimpleMatrix up = pair.b().copy();
            up.set(i, up.get(i) + 1);
            double difference = held(at, start, pair.withB(up), g) - Layer.inner(g, at.weight());
            assertEquals(difference, gradient.dB().get(i), 1e-11 * (size + Math.abs(difference)));
        }
    }

    /// ‹G, W› where only V moves.
    private static double held(Dora at, SimpleMatrix start, LoraPair pair, SimpleMatrix g) {
        SimpleMatrix v = start.plus(pair.weightChange());
        double sum = 0;
        for (int i = 0; i < v.getNumRows(); i++) {
            sum += at.magnitude().get(i) / at.norms().get(i) * g.getRow(i).dot(v.getRow(i));
        }
        return sum;
    }
}
