package lowland.theory;

import org.ejml.simple.SimpleMatrix;

/// The full gradient in the four blocks that the factors cut it into, and what P1's Eq. 10–15 come to in terms of them.
///
///     G11 = P_B·G·P_A    G10 = P_B·G·Q_A    G01 = Q_B·G·P_A    G00 = Q_B·G·Q_A       g = ‖G11‖², a, b, c likewise
///
/// | what                                        | is                                              |
/// |---------------------------------------------|-------------------------------------------------|
/// | Eq. 10, (1/s)·gB·(Aᵀ)⁺ = G·P_A              | G11 + G01, error² a + c                         |
/// | Eq. 11, (1/s)·(Bᵀ)⁺·gA = P_B·G              | G11 + G10, error² b + c                         |
/// | Eq. 12, Ḡ = ½(Eq. 10 + Eq. 11)              | G11 + ½G10 + ½G01, error² a/4 + b/4 + c         |
/// | Eq. 13, E_W = ρ·Ḡ/‖Ḡ‖                       | ‖Ḡ‖ = ½√(4g + a + b)                            |
/// | Eq. 15, s·E_B·A = E_W·P_A                   | (ρ/‖Ḡ‖)(G11 + ½G01): G10 vanishes               |
///
/// So Eq. 12 is nearer to G than both its parts iff 1/3 < a/b < 3; G·P_A + P_B·G − P_B·G·P_A, of error² c, is never farther.
///
/// @param g11 n×m, as all
public record GradientBlocks(SimpleMatrix g11, SimpleMatrix g10, SimpleMatrix g01, SimpleMatrix g00) {

    /// @param g G, n×m
    /// @param b B, n×R
    /// @param a A, R×m
    public static GradientBlocks of(SimpleMatrix g, SimpleMatrix b, SimpleMatrix a) {
        SimpleMatrix columns = Projection.ontoColumns(b).mult(g);
        SimpleMatrix others = g.minus(columns);
        SimpleMatrix rows = Projection.ontoRows(a);
        SimpleMatrix g11 = columns.mult(rows);
        SimpleMatrix g01 = others.mult(rows);
        return new GradientBlocks(g11, columns.minus(g11), g01, others.minus(g01));
    }

    /// ‖block‖².
    public static double square(SimpleMatrix block) {
        return block.elementMult(block).elementSum();
    }

    /// Eq. 10: G·P_A.
    public SimpleMatrix onRows() {
        return g11.plus(g01);
    }

    /// Eq. 11: P_B·G.
    public SimpleMatrix onColumns() {
        return g11.plus(g10);
    }

    /// Eq. 12: Ḡ.
    public SimpleMatrix mean() {
        return g11.plus(g10.plus(g01).scale(0.5));
    }

    /// ‖G − Eq. 10‖.
    public double errorOnRows() {
        return Math.sqrt(square(g10) + square(g00));
    }

    /// ‖G − Eq. 11‖.
    public double errorOnColumns() {
        return Math.sqrt(square(g01) + square(g00));
    }

    /// ‖G − Eq. 12‖.
    public double errorOfMean() {
        return Math.sqrt((square(g10) + square(g01)) / 4 + square(g00));
    }

    /// ‖Ḡ‖ = ½√(4g + a + b).
    public double meanNorm() {
        return Math.sqrt(4 * square(g11) + square(g10) + square(g01)) / 2;
    }

    /// ‖s·E_B·A‖ = ρ·½√(4g + b)/‖Ḡ‖ ≤ ρ: what the perturbation of B really does to W. 0 where Ḡ = 0.
    public double effectiveNorm(double rho) {
        return meanNorm() == 0 ? 0 : rho * Math.sqrt(4 * square(g11) + square(g01)) / 2 / meanNorm();
    }

    /// ‹G, s·E_B·A› = ρ·½(2g + b)/‖Ḡ‖ ≤ ρ‖G·P_A‖: the rise of the loss to first order. 0 where Ḡ = 0.
    public double gain(double rho) {
        return meanNorm() == 0 ? 0 : rho * (2 * square(g11) + square(g01)) / 2 / meanNorm();
    }

    /// ‖s·E_B·A − E_W‖ = ρ·½√a/‖Ḡ‖. 0 where Ḡ = 0.
    public double residual(double rho) {
        return meanNorm() == 0 ? 0 : rho * Math.sqrt(square(g10)) / 2 / meanNorm();
    }
}
