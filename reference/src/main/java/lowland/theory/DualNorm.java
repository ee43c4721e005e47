package lowland.theory;

import org.ejml.simple.SimpleMatrix;

/// The perturbation that raises a linearised loss most within a ball of the p-norm (Foret et al., arXiv 2010.01412v3, Eq. 2).
///
///     ε = ρ·sign(g)·|g|^(q−1)/(‖g‖_q^q)^(1/p)        1/p + 1/q = 1, elementwise
///     ‖ε‖_p = ρ        ‹g, ε› = ρ·‖g‖_q
///
/// At p = 2 this is ρ·g/‖g‖. P1 Eq. 9 and 13 print ρ·sign(g)⊙g/‖g‖, which has lost the bars of |g|: it is ρ·|g|/‖g‖, and climbs
/// only where g > 0.
public final class DualNorm {

    private DualNorm() {
    }

    /// ε of g, any shape; p > 1. 0 for g = 0.
    public static SimpleMatrix perturbation(double rho, SimpleMatrix g, double p) {
        double q = p / (p - 1);
        double largest = g.elementMaxAbs();
        SimpleMatrix e = g.createLike();
        if (largest == 0) {
            return e;
        }
        // |g|/max|g| in place of |g|: of degree 0, and no power overflows.
        double scale = Math.pow(norm(g.divide(largest), q), q / p);
        for (int i = 0; i < g.getNumElements(); i++) {
            e.set(i, rho * Math.signum(g.get(i)) * Math.pow(Math.abs(g.get(i)) / largest, q - 1) / scale);
        }
        return e;
    }

    /// ‖x‖_p = (Σ|x_i|^p)^(1/p).
    public static double norm(SimpleMatrix x, double p) {
        double sum = 0;
        for (int i = 0; i < x.getNumElements(); i++) {
            sum += Math.pow(Math.abs(x.get(i)), p);
        }
        return Math.pow(sum, 1 / p);
    }

    /// P1 Eq. 9 as printed, ρ·sign(g)⊙g/‖g‖: not an ascent.
    public static SimpleMatrix asPrinted(double rho, SimpleMatrix g) {
        SimpleMatrix e = g.createLike();
        for (int i = 0; i < g.getNumElements(); i++) {
            e.set(i, rho * Math.signum(g.get(i)) * g.get(i) / g.normF());
        }
        return e;
    }
}
