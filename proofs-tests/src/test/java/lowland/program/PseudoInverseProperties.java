package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import lowland.program.operation.PseudoInverse;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// The Jacobi pseudo-inverse against EJML's, which takes singular values.
final class PseudoInverseProperties {
    /// A matrix' pseudo-inverse, its root, and the bounds of both.
    private record Inverted(SimpleMatrix inverse, SimpleMatrix root, double bound, double rootBound) {
        static Inverted of(SimpleMatrix gram) {
            int r = gram.getNumRows();
            Single m = new Single();
            Value x = m.small("x", Shape.of(r, r), gram.getDDRM().getData().clone());
            PseudoInverse operation = new PseudoInverse(x, m.small("y", Shape.of(r, r)), m.small("root", Shape.of(r, r)));
            m.interpret(operation);
            return new Inverted(new SimpleMatrix(r, r, true, m.reals(operation.y())), new SimpleMatrix(r, r, true, m.reals(operation.root())),
                    ErrorBound.of(operation, operation.y(), m)[0], ErrorBound.of(operation, operation.root(), m)[0]);
        }
    }

    private static SimpleMatrix inverse(SimpleMatrix gram) {
        return Inverted.of(gram).inverse;
    }

    private static double bound(SimpleMatrix gram) {
        return Inverted.of(gram).bound;
    }

    /// The root is Σ vᵢvᵢᵀ/σᵢ of the factor's own singular values; its square is the pseudo-inverse.
    @Property(tries = 500)
    void theRootIsTheFactorsOwn(@ForAll @IntRange(min = 1, max = 9) int r, @ForAll @IntRange(min = 1, max = 9) int rank,
            @ForAll long seed) {
        Random random = new Random(seed);
        SimpleMatrix factor = new SimpleMatrix(rank, r);
        for (int i = 0; i < rank * r; i++) {
            factor.set(i, random.nextInt(7) - 3);
        }
        Inverted ours = Inverted.of(factor.transpose().mult(factor));
        SimpleSVD<SimpleMatrix> svd = factor.svd();
        SimpleMatrix theirs = new SimpleMatrix(r, r);
        for (int k = 0; k < Math.min(rank, r); k++) {
            if (svd.getSingleValue(k) > 1e-6 * svd.getSingleValue(0)) {
                theirs = theirs.plus(svd.getV().getColumn(k).mult(svd.getV().getColumn(k).transpose()).divide(svd.getSingleValue(k)));
            }
        }
        assertTrue(ours.root.minus(theirs).elementMaxAbs() <= 2 * ours.rootBound);
        assertTrue(ours.root.mult(ours.root).minus(ours.inverse).normF() <= 4 * r * ours.rootBound * (1 + ours.root.normF()));
    }

    /// Grams of factors of small integers: exact, and often of less than full rank. Twice the bound, as both sides err.
    @Property(tries = 500)
    void equalsTheSingularValueDecomposition(@ForAll @IntRange(min = 1, max = 9) int r, @ForAll @IntRange(min = 1, max = 9) int rank,
            @ForAll long seed) {
        Random random = new Random(seed);
        SimpleMatrix factor = new SimpleMatrix(rank, r);
        for (int i = 0; i < rank * r; i++) {
            factor.set(i, random.nextInt(7) - 3);
        }
        SimpleMatrix gram = factor.transpose().mult(factor);
        SimpleMatrix ours = inverse(gram);
        // A factor's pseudo-inverse gives the Gram's: (FᵀF)⁺ = F⁺·F⁺ᵀ, better conditioned than inverting the Gram.
        SimpleMatrix ofFactor = factor.pseudoInverse();
        SimpleMatrix theirs = ofFactor.mult(ofFactor.transpose());
        double bound = bound(gram);
        for (int i = 0; i < r * r; i++) {
            assertEquals(theirs.get(i), ours.get(i), 2 * bound);
        }
        // The four Penrose conditions are what a pseudo-inverse means; here the first two, the others by symmetry.
        double size = gram.normF();
        double inverse = ours.normF();
        assertTrue(gram.mult(ours).mult(gram).minus(gram).normF() <= r * size * size * bound + 1e-13 * size * size * inverse * size);
        assertTrue(ours.minus(ours.transpose()).normF() <= 2 * r * bound);
        // It says something: nothing that is possible with small integers is near the cut.
        assertTrue(bound <= 32 * r * r * 0x1p-53 * size * inverse * inverse * (1 + 1e-6), () -> bound + " of " + inverse);
    }

    @Example
    void edges() {
        assertTrue(inverse(new SimpleMatrix(3, 3)).isIdentical(new SimpleMatrix(3, 3), 0));
        assertEquals(0, bound(new SimpleMatrix(3, 3)));
        assertEquals(0.25, inverse(new SimpleMatrix(1, 1, true, 4)).get(0));
        SimpleMatrix diagonal = SimpleMatrix.diag(1e8, 1, 1e-3, 1e-5);
        assertTrue(inverse(diagonal).isIdentical(SimpleMatrix.diag(1e-8, 1, 1e3, 0), 1e-12), "the cut is at 1e-12 of the largest");
        assertEquals(0, inverse(new SimpleMatrix(2, 2, true, -1, 0, 0, -2)).normF());
        for (double odd : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            SimpleMatrix broken = SimpleMatrix.identity(3);
            broken.set(1, 2, odd);
            Inverted inverted = Inverted.of(broken);
            for (int i = 0; i < 9; i++) {
                assertTrue(Double.isNaN(inverted.inverse.get(i)));
                assertTrue(Double.isNaN(inverted.root.get(i)));
            }
        }
    }
}
