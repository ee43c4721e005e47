package lowland.audit;

import java.util.List;
import java.util.Random;
import lowland.descent.Sgd;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.PseudoInverse;
import lowland.rule.StepInputs;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// One adapted matrix with a full gradient that is the same everywhere: the loss is ‹G, W›, what a first-order statement speaks of.
///
/// Drawn: n, m in [2, 40), R in [1, 10), G, A, B of independent N(0, 1); one case in five each has a rank-deficient A, a rank-deficient
/// B (products of small integers, exact), and B = 0; s of ¼, 1, 2, −1.5, 16; ρ of 10⁻³, 0.05, 0.5.
///
/// @param g   G = ∂L/∂W, n×m
/// @param rho ρ
record Layer(LoraPair pair, SimpleMatrix g, double rho) {
    private static final double UNIT_ROUNDOFF = 0x1p-53;
    private static final double[] SCALINGS = {0.25, 1, 2, -1.5, 16};
    private static final double[] RADII = {1e-3, 0.05, 0.5};

    static Layer draw(Random random) {
        while (true) {
            int n = 2 + random.nextInt(38);
            int m = 2 + random.nextInt(38);
            int r = 1 + random.nextInt(9);
            int kind = random.nextInt(5);
            SimpleMatrix a = kind == 0 ? deficient(r, m, random) : normal(r, m, random);
            SimpleMatrix b = kind == 1 ? deficient(n, r, random) : kind == 2 ? new SimpleMatrix(n, r) : normal(n, r, random);
            Layer layer = new Layer(new LoraPair("w", SCALINGS[random.nextInt(5)], a, b), normal(n, m, random), RADII[random.nextInt(3)]);
            if (awayFromTheCut(a) && awayFromTheCut(b)) {
                return layer;
            }
        }
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
        int inner = Math.max(1, random.nextInt(Math.min(rows, columns)));
        SimpleMatrix left = new SimpleMatrix(rows, inner);
        SimpleMatrix right = new SimpleMatrix(inner, columns);
        for (SimpleMatrix x : List.of(left, right)) {
            for (int i = 0; i < x.getNumElements(); i++) {
                x.set(i, random.nextInt(-3, 4));
            }
        }
        return left.mult(right);
    }

    Trainables trainables() {
        return new Trainables(List.of(pair), List.of());
    }

    GradientOracle oracle() {
        return trainables -> {
            LoraPair at = trainables.pairs().getFirst();
            return new Gradients(inner(g, at.weightChange()), List.of(gradientAt(at)), List.of());
        };
    }

    PairGradient gradient() {
        return gradientAt(pair);
    }

    /// gA = s·Bᵀ·G, gB = s·G·Aᵀ.
    PairGradient gradientAt(LoraPair at) {
        return new PairGradient(at.b().transpose().mult(g).scale(at.scaling()), g.mult(at.a().transpose()).scale(at.scaling()));
    }

    /// A first step at learning rate 0.1, nothing clipped.
    StepInputs inputs() {
        return new StepInputs(1, 0.1, 0.1, rho, 0);
    }

    static Sgd sgd() {
        return Sgd.defaults();
    }

    static double inner(SimpleMatrix x, SimpleMatrix y) {
        return x.elementMult(y).elementSum();
    }

    static double square(SimpleMatrix x) {
        return inner(x, x);
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
        double[] sigma = x.svd(true).getSingularValues();
        double smallest = sigma[0];
        for (double value : sigma) {
            if (value > PseudoInverse.CUT * sigma[0]) {
                smallest = value;
            }
        }
        return sigma[0] == 0 ? 1 : sigma[0] / smallest;
    }

    /// Whether no singular value is near enough to the cut for rounding to carry it across.
    private static boolean awayFromTheCut(SimpleMatrix x) {
        double[] sigma = x.svd(true).getSingularValues();
        for (double value : sigma) {
            double ratio = value / sigma[0];
            if (ratio >= 1e-8 && ratio <= 1e-4) {
                return false;
            }
        }
        return true;
    }
}
