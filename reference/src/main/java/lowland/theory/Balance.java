package lowland.theory;

import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import org.ejml.simple.SimpleMatrix;

/// Balancedness of the two factors and its drift under the flow of a perturbed descent: P1 Theorem 1, for any rank.
///
///     b = ½(‖B‖² − ‖A‖²)        matrix form: BᵀB − AAᵀ
///     Ḃ = −gB(B̃, A),  Ȧ = −gA(B̃, A),  B̃ = B + E_B        since B̃ᵀ·gB = gA·Aᵀ:
///     ḃ = ‹E_B, gB(B̃, A)›        |ḃ| ≤ (ρ/|s|)·‖gB(B̃, A)‖/σ⁺_min(A)
///     d(BᵀB − AAᵀ)/dt = E_Bᵀ·gB + gBᵀ·E_B
///
/// P1 Eq. 17 is the bound at R = 1, where σ⁺_min(A) = ‖y‖, with s for |s|. That b would decrease does not follow and is false: to
/// leading order in ρ, ḃ is the rise of the loss along E_B, never negative, so ‖B‖ grows against ‖A‖ whichever is larger.
/// Without a perturbation BᵀB − AAᵀ is conserved by the flow; a discrete step of size η changes it by η²(gBᵀ·gB − gA·gAᵀ).
public final class Balance {

    private Balance() {
    }

    /// ½(‖B‖² − ‖A‖²).
    public static double of(LoraPair pair) {
        return (square(pair.b()) - square(pair.a())) / 2;
    }

    /// BᵀB − AAᵀ, R×R.
    public static SimpleMatrix matrix(LoraPair pair) {
        return pair.b().transpose().mult(pair.b()).minus(pair.a().mult(pair.a().transpose()));
    }

    /// db/dt under the flow −g, from the definition: −‹B, gB› + ‹A, gA›, g taken anywhere.
    public static double rate(LoraPair pair, PairGradient g) {
        return inner(pair.a(), g.dA()) - inner(pair.b(), g.dB());
    }

    /// db/dt by the identity: ‹E_B, gB(B̃, A)›.
    public static double drift(SimpleMatrix perturbation, PairGradient perturbedGradient) {
        return inner(perturbation, perturbedGradient.dB());
    }

    /// d(BᵀB − AAᵀ)/dt under the flow −g, from the definition.
    public static SimpleMatrix matrixRate(LoraPair pair, PairGradient g) {
        SimpleMatrix ofB = pair.b().transpose().mult(g.dB());
        SimpleMatrix ofA = pair.a().mult(g.dA().transpose());
        return ofA.plus(ofA.transpose()).minus(ofB).minus(ofB.transpose());
    }

    /// d(BᵀB − AAᵀ)/dt by the identity: E_Bᵀ·gB + gBᵀ·E_B.
    public static SimpleMatrix matrixDrift(SimpleMatrix perturbation, PairGradient perturbedGradient) {
        SimpleMatrix product = perturbation.transpose().mult(perturbedGradient.dB());
        return product.plus(product.transpose());
    }

    /// Theorem 1's bound on |db/dt|: (ρ/|s|)·‖gB(B̃, A)‖/σ⁺_min(A); ∞ where A = 0.
    public static double bound(LoraPair pair, double rho, PairGradient perturbedGradient) {
        return rho / Math.abs(pair.scaling()) * perturbedGradient.dB().normF() / Projection.smallestSingularValue(pair.a());
    }

    private static double square(SimpleMatrix x) {
        return inner(x, x);
    }

    private static double inner(SimpleMatrix x, SimpleMatrix y) {
        return x.elementMult(y).elementSum();
    }
}
