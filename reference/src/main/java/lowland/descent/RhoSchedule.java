package lowland.descent;

/// The radius ρ at each optimiser step. No warm-up.
///
/// Step k = 0, 1, …, K−1:
///
///     CONSTANT      ρ                                      P1 (arXiv 2508.00522v3) Table 5
///     COSINE        ρ_K + (ρ − ρ_K)·½(1 + cos(πk/K))       "reduce ρ progressively", P1 after Theorem 1; ρ_K from step K on
///     INVERSE_SQRT  ρ/√(k+1)                               P1 Theorem 2, whose t is k+1
///
/// @param shape    how ρ changes; only COSINE reads `rhoFinal` and `steps`
/// @param rho      ρ ≥ 0 at k = 0
/// @param rhoFinal ρ_K ≥ 0
/// @param steps    K ≥ 1
public record RhoSchedule(Shape shape, double rho, double rhoFinal, int steps) {

    /// How ρ changes.
    public enum Shape { CONSTANT, COSINE, INVERSE_SQRT }

    public RhoSchedule {
        if (!(rho >= 0 && Double.isFinite(rho))) {
            throw new IllegalArgumentException("rho must be finite and not negative, is " + rho);
        }
        if (!(rhoFinal >= 0 && Double.isFinite(rhoFinal))) {
            throw new IllegalArgumentException("the final rho must be finite and not negative, is " + rhoFinal);
        }
        if (steps < 1) {
            throw new IllegalArgumentException("a schedule needs at least 1 step, has " + steps);
        }
    }

    /// Down to a fifth of ρ, if the shape is COSINE: our choice, after the 0.1 → 0.02 that a public implementation of EFMLoRA uses.
    public RhoSchedule(Shape shape, double rho, int steps) {
        this(shape, rho, 0.2 * rho, steps);
    }

    /// ρ at step k.
    public double at(int k) {
        if (k < 0) {
            throw new IllegalArgumentException("steps count from 0, asked for " + k);
        }
        return switch (shape) {
            case CONSTANT -> rho;
            case COSINE -> k >= steps ? rhoFinal
                    : rhoFinal + (rho - rhoFinal) * (0.5 * (1 + StrictMath.cos(Math.PI * ((double) k / steps))));
            case INVERSE_SQRT -> rho / Math.sqrt(k + 1.0);
        };
    }
}
