package lowland.rule;

import org.ejml.simple.SimpleMatrix;

/// How P1 (arXiv 2508.00522v3) estimates the full gradient G = ∂L/∂W from the gradients of the factors.
///
/// | option | P1      | formula                     | what it is       |
/// |--------|---------|-----------------------------|------------------|
/// | `B`    | Eq. 10  | Ḡ = (1/s)·gB·(Aᵀ)⁺          | G·A⁺A            |
/// | `A`    | Eq. 11  | Ḡ = (1/s)·(Bᵀ)⁺·gA          | BB⁺·G            |
/// | `MEAN` | Eq. 12  | Ḡ = ½·(Eq. 10 + Eq. 11)     | ½(G·A⁺A + BB⁺·G) |
///
/// `B` with B perturbed is the first-order exact variant, which P1 does not name: of all E with ‖s·E·A‖ ≤ ρ it has the most first-order
/// gain ‹G, s·E·A›, ρ‖G·A⁺A‖, and needs gB alone. So has `A` with A perturbed.
///
///     E_B = (ρ/|s|)·gB·(AAᵀ)⁺/√tr(gB·(AAᵀ)⁺·gBᵀ)
///
/// Shapes: gB n×R, Aᵀ m×R, (Aᵀ)⁺ R×m; Bᵀ R×n, (Bᵀ)⁺ n×R, gA R×m; Ḡ n×m.
///
/// Errata. Eq. 10 and 11 print "= G": they are its projections onto the row space of A and the column space of B, equal to G only if G
/// lies in these. At B = 0 Eq. 11 is 0. Eq. 12 is "more accurate" than both only if the part of G in Col B outside Row A and the part
/// in Row A outside Col B have squared norms of a ratio between 1/3 and 3.
public enum Estimate {
    /// From B's gradient alone, Eq. 10: first-order exact where B is perturbed.
    B,
    /// From A's gradient alone, Eq. 11.
    A,
    /// The mean of both, Eq. 12.
    MEAN;

    /// Ḡ, n×m.
    ///
    /// @param pair     the factors at which the gradient was taken
    /// @param gradient raw: neither clipped by value nor decayed nor preconditioned
    public SimpleMatrix of(LoraPair pair, PairGradient gradient) {
        return switch (this) {
            case B -> fromB(pair, gradient);
            case A -> fromA(pair, gradient);
            case MEAN -> fromB(pair, gradient).plus(fromA(pair, gradient)).scale(0.5);
        };
    }

    /// Eq. 10: (1/s)·gB·(Aᵀ)⁺.
    private static SimpleMatrix fromB(LoraPair pair, PairGradient gradient) {
        return gradient.dB().mult(PseudoInverse.byHouseholder(pair.a().transpose())).divide(pair.scaling());
    }

    /// Eq. 11: (1/s)·(Bᵀ)⁺·gA.
    private static SimpleMatrix fromA(LoraPair pair, PairGradient gradient) {
        return PseudoInverse.byHouseholder(pair.b().transpose()).mult(gradient.dA()).divide(pair.scaling());
    }
}
