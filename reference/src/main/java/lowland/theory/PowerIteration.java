package lowland.theory;

import org.ejml.simple.SimpleMatrix;

/// Bi-LoRA's ascent at a fixed gradient is a power iteration: P2 Eq. 9 with SGD and Eq. 10.
///
///     Z = [B2; A2ᵀ] ((n+m)×R2)     Z ← (I + η·s·M)·Z     M = [[0, G], [Gᵀ, 0]]     then both factors times √(ρ/c)
///
/// M's eigenvalues are ±σ_i(G), with eigenvectors [u_i; ±v_i]: with the clip, s·B2·A2 → ρ·u1·v1ᵀ, of rank one whatever R2 is. The best
/// perturbation of rank R2 within ‖·‖ ≤ ρ is ρ·G_R2/‖G_R2‖, of gain ρ·√(Σ_{i≤R2} σ_i²).
public final class PowerIteration {

    private PowerIteration() {
    }

    /// M, (n+m)×(n+m), of G, n×m.
    public static SimpleMatrix matrix(SimpleMatrix g) {
        int n = g.getNumRows();
        SimpleMatrix m = new SimpleMatrix(n + g.getNumCols(), n + g.getNumCols());
        m.insertIntoThis(0, n, g);
        m.insertIntoThis(n, 0, g.transpose());
        return m;
    }

    /// Z = [B2; A2ᵀ].
    public static SimpleMatrix stacked(SimpleMatrix b2, SimpleMatrix a2) {
        return b2.concatRows(a2.transpose());
    }

    /// (I + η·s·M)·Z: an ascent step before the clip.
    public static SimpleMatrix step(SimpleMatrix z, SimpleMatrix g, double eta, double s) {
        return z.plus(matrix(g).mult(z).scale(eta * s));
    }

    /// ρ·u1·v1ᵀ: what s·B2·A2 tends to where σ1 > σ2.
    public static SimpleMatrix limit(SimpleMatrix g, double rho) {
        var svd = g.svd(true);
        return svd.getU().getColumn(0).mult(svd.getV().getColumn(0).transpose()).scale(rho);
    }

    /// ρ·√(Σ_{i≤rank} σ_i²): the largest ‹G, E› over ‖E‖ ≤ ρ, rank E ≤ rank.
    public static double bestGain(SimpleMatrix g, int rank, double rho) {
        double[] sigma = g.svd(true).getSingularValues();
        double squares = 0;
        for (int i = 0; i < Math.min(rank, sigma.length); i++) {
            squares += sigma[i] * sigma[i];
        }
        return rho * Math.sqrt(squares);
    }
}
