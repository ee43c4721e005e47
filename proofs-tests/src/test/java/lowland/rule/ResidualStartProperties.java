package lowland.rule;

import static lowland.rule.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.ejml.simple.SimpleMatrix;

/// PiSSA (arXiv 2404.02948v4) and LoRA-GA (arXiv 2407.05000v1): pairs that do not start at zero.
class ResidualStartProperties {

    private static final double[] SCALINGS = {0.25, 1, 2, -1.5};

    /// The model starts as it was, and a trained pair is the same model as plain LoRA of twice the rank on W0.
    @Property(tries = 200)
    void nothingChangesAndTheExportIsTheSame(@ForAll @IntRange(min = 2, max = 12) int out, @ForAll @IntRange(min = 2, max = 12) int in,
                                             @ForAll @IntRange(min = 1, max = 6) int rank, @ForAll long seed) {
        int r = Math.min(rank, Math.min(out, in) / 2);
        Random random = new Random(seed);
        double s = SCALINGS[random.nextInt(4)];
        SimpleMatrix start = Layer.normal(out, in, random);
        for (ResidualStart made : new ResidualStart[] {Pissa.of("w", s, r, start),
            LoraGa.of("w", s, r, start, Layer.normal(out, in, random))}) {
            assertClose(start, made.residual().plus(made.pair().weightChange()), 1e-14, start.normF() + made.pair().weightChange().normF());
            LoraPair trained = made.pair().withA(Layer.normal(r, in, random)).withB(Layer.normal(out, r, random));
            LoraPair plain = made.onStart(trained);
            assertEquals(2 * r, plain.a().getNumRows());
            assertEquals(s, plain.scaling());
            SimpleMatrix expected = made.residual().plus(trained.weightChange());
            assertClose(expected, start.plus(plain.weightChange()), 1e-13, expected.normF() + start.normF() + trained.weightChange().normF()
                    + made.pair().weightChange().normF());
        }
    }

    /// PiSSA's pair is the best approximation of rank R (Eckart and Young), its factors share the singular values, and the residual has
    /// the rest of them.
    @Property(tries = 200)
    void pissaTakesThePrincipalPart(@ForAll @IntRange(min = 1, max = 12) int out, @ForAll @IntRange(min = 1, max = 12) int in,
                                    @ForAll @IntRange(min = 1, max = 12) int rank, @ForAll long seed) {
        int r = Math.min(rank, Math.min(out, in));
        Random random = new Random(seed);
        double s = SCALINGS[random.nextInt(4)];
        SimpleMatrix start = Layer.normal(out, in, random);
        double[] sigma = start.svd().getSingularValues();
        ResidualStart made = Pissa.of("w", s, r, start);
        double rest = 0;
        for (int k = r; k < sigma.length; k++) {
            rest += sigma[k] * sigma[k];
        }
        assertEquals(Math.sqrt(rest), made.residual().normF(), 1e-13 * start.normF());
        SimpleMatrix gramA = made.pair().a().mult(made.pair().a().transpose());
        SimpleMatrix gramB = made.pair().b().transpose().mult(made.pair().b());
        SimpleMatrix expected = new SimpleMatrix(r, r);
        for (int k = 0; k < r; k++) {
            expected.set(k, k, sigma[k] / Math.abs(s));
        }
        assertClose(expected, gramA, 1e-12, sigma[0] / Math.abs(s));
        assertClose(expected, gramB, 1e-12, sigma[0] / Math.abs(s));
    }

    /// LoRA-GA's factors are orthonormal but for out^¼/√γ, A along the first R right singular vectors of G, B along the next R left ones:
    /// then of all orthonormal choices ‖G·A0ᵀ‖² + ‖B0ᵀ·G‖² is largest (its Theorem 3.1 of the first step).
    @Property(tries = 200)
    void loraGaFollowsTheGradient(@ForAll @IntRange(min = 2, max = 12) int out, @ForAll @IntRange(min = 2, max = 12) int in,
                                  @ForAll @IntRange(min = 1, max = 6) int rank, @ForAll long seed) {
        int r = Math.min(rank, Math.min(out, in) / 2);
        Random random = new Random(seed);
        SimpleMatrix g = Layer.normal(out, in, random);
        double[] sigma = g.svd().getSingularValues();
        double square = Math.sqrt(out) / LoraGa.GAMMA;
        LoraPair pair = LoraGa.of("w", 2, r, Layer.normal(out, in, random), g).pair();
        assertClose(SimpleMatrix.identity(r).scale(square), pair.a().mult(pair.a().transpose()), 1e-12, square);
        assertClose(SimpleMatrix.identity(r).scale(square), pair.b().transpose().mult(pair.b()), 1e-12, square);
        double first = 0;
        double second = 0;
        for (int k = 0; k < r; k++) {
            first += square * sigma[k] * sigma[k];
            second += square * sigma[r + k] * sigma[r + k];
        }
        assertEquals(first, Math.pow(g.mult(pair.a().transpose()).normF(), 2), 1e-12 * first);
        assertEquals(second, Math.pow(pair.b().transpose().mult(g).normF(), 2), 1e-12 * first);
        // The B part of the first step's change lies outside the A part's.
        assertTrue(pair.b().transpose().mult(g.mult(pair.a().transpose())).normF() <= 1e-12 * first / Math.max(square, 1e-300) + 1e-12);
    }

    @Example
    void tooLargeARankIsRefused() {
        Random random = new Random(1);
        assertThrows(IllegalArgumentException.class,
                () -> LoraGa.of("w", 1, 3, Layer.normal(5, 7, random), Layer.normal(5, 7, random)));
    }
}
