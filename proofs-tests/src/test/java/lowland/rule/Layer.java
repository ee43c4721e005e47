package lowland.rule;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// One adapted matrix with the full gradient at it, as the properties draw them: n, m in [2, 40), R in [1, 10), iid N(0, 1) G, A, B;
/// one fifth each with a rank-deficient A, a rank-deficient B (products of small integers), and B = 0.
///
/// @param pair s, A, B
/// @param g    G = ∂L/∂W, n×m, the same everywhere: the loss is ‹G, W›
/// @param rho  the radius
record Layer(LoraPair pair, SimpleMatrix g, double rho) {

    private enum Kind { FULL, FULL_TOO, DEFICIENT_A, DEFICIENT_B, ZERO_B }

    private static final double UNIT_ROUNDOFF = 0x1p-53;

    static Arbitrary<Layer> any() {
        return Combinators.combine(
                Arbitraries.integers().between(2, 39), Arbitraries.integers().between(2, 39), Arbitraries.integers().between(1, 9),
                Arbitraries.of(Kind.class).withoutEdgeCases(), Arbitraries.of(0.25, 1.0, 2.0, -1.5, 16.0).withoutEdgeCases(),
                Arbitraries.of(1e-3, 0.05, 0.5).withoutEdgeCases(), Arbitraries.longs().withoutEdgeCases())
                .as(Layer::draw).filter(Layer::awayFromTheCut);
    }

    private static Layer draw(int n, int m, int r, Kind kind, double s, double rho, long seed) {
        Random random = new Random(seed);
        SimpleMatrix a = kind == Kind.DEFICIENT_A ? deficient(r, m, random) : normal(r, m, random);
        SimpleMatrix b = switch (kind) {
            case DEFICIENT_B -> deficient(n, r, random);
            case ZERO_B -> new SimpleMatrix(n, r);
            default -> normal(n, r, random);
        };
        return new Layer(new LoraPair("w", s, a, b), normal(n, m, random), rho);
    }

    static SimpleMatrix normal(int rows, int columns, Random random) {
        SimpleMatrix x = new SimpleMatrix(rows, columns);
        for (int i = 0; i < x.getNumElements(); i++) {
            x.set(i, random.nextGaussian());
        }
        return x;
    }

    /// A product through a smaller inner size, of integers from −3 to 3: of lower rank, exactly.
    static SimpleMatrix deficient(int rows, int columns, Random random) {
        int inner = random.nextInt(Math.min(rows, columns));
        SimpleMatrix left = new SimpleMatrix(rows, Math.max(inner, 1));
        SimpleMatrix right = new SimpleMatrix(Math.max(inner, 1), columns);
        for (int i = 0; i < left.getNumElements(); i++) {
            left.set(i, random.nextInt(-3, 4));
        }
        for (int i = 0; i < right.getNumElements(); i++) {
            right.set(i, random.nextInt(-3, 4));
        }
        return left.mult(right);
    }

    Trainables trainables() {
        return new Trainables(List.of(pair), List.of());
    }

    /// The oracle of L = ‹G, W›.
    GradientOracle oracle() {
        return trainables -> {
            double loss = trainables.pairs().stream().mapToDouble(at -> inner(g, at.weightChange())).sum();
            return new Gradients(loss, trainables.pairs().stream().map(this::gradientAt).toList(), List.of());
        };
    }

    /// gA = s·Bᵀ·G, gB = s·G·Aᵀ.
    PairGradient gradientAt(LoraPair at) {
        return new PairGradient(at.b().transpose().mult(g).scale(at.scaling()), g.mult(at.a().transpose()).scale(at.scaling()));
    }

    /// P_A = projector onto the row space of A, m×m, from singular vectors and no pseudo-inverse.
    SimpleMatrix rowProjector() {
        return columnProjector(pair.a().transpose());
    }

    /// P_B = projector onto the column space of B, n×n.
    SimpleMatrix columnProjector() {
        return columnProjector(pair.b());
    }

    static SimpleMatrix columnProjector(SimpleMatrix x) {
        SimpleMatrix projector = new SimpleMatrix(x.getNumRows(), x.getNumRows());
        SimpleSVD<SimpleMatrix> svd = x.svd();
        for (int i = 0; i < Math.min(x.getNumRows(), x.getNumCols()); i++) {
            if (svd.getSingleValue(i) > 1e-6 * svd.getSingleValue(0)) {
                SimpleMatrix u = svd.getU().getColumn(i);
                projector = projector.plus(u.mult(u.transpose()));
            }
        }
        return projector;
    }

    /// ‹X, Y› = Σ X_ij·Y_ij.
    static double inner(SimpleMatrix x, SimpleMatrix y) {
        return x.elementMult(y).elementSum();
    }

    /// What rounding allows, relative: a modest multiple of size · unit roundoff · condition of what is inverted.
    double tolerance() {
        return tolerance(pair.a(), pair.b());
    }

    static double tolerance(SimpleMatrix... inverted) {
        double size = 0;
        double condition = 1;
        for (SimpleMatrix x : inverted) {
            size += x.getNumRows() + x.getNumCols();
            condition = Math.max(condition, condition(x));
        }
        return 8 * size * UNIT_ROUNDOFF * condition;
    }

    /// σ₁ over the smallest singular value above the cut; 1 for a zero matrix.
    static double condition(SimpleMatrix x) {
        double[] sigma = x.svd().getSingularValues();
        double smallest = sigma[0];
        for (double value : sigma) {
            if (value > 1e-6 * sigma[0]) {
                smallest = Math.min(smallest, value);
            }
        }
        return sigma[0] == 0 ? 1 : sigma[0] / smallest;
    }

    private boolean awayFromTheCut() {
        return awayFromTheCut(pair.a()) && awayFromTheCut(pair.b());
    }

    static boolean awayFromTheCut(SimpleMatrix x) {
        double[] sigma = x.svd().getSingularValues();
        for (double value : sigma) {
            double ratio = value / sigma[0];
            if (ratio >= 1e-8 && ratio <= 1e-4) {
                return false;
            }
        }
        return true;
    }
}
