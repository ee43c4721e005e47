package lowland.theory;

/// How far EFMLoRA's averaged perturbation is from SAM's own: P1 Theorem 2 (Eq. 19) as printed, as repaired, and what can be said.
///
///     ê_t = (1−β)·ê_{t−1} + β·ε_t,   ‖ε_t‖ = ρ_t = ρ0/√t,   ‖ê_0‖ ≤ ρ0         in the space of W
///     Δ_t = |L(w_t + ê_{t−1}) − L(w_t + ε_t)|       L of τ-Lipschitz gradient, ‖∇L(w_t)‖ ≤ G
///
/// | form      | bound on Δ_t                                                                                     |
/// |-----------|--------------------------------------------------------------------------------------------------|
/// | printed   | (τρ0 + G + σ²)·(ρ_t + ρ0·(1 + (1−β)^{t−1}))                                                      |
/// | repaired  | (τρ0 + G + σ)·(ρ_t + ρ0·(1 + (1−β)^{t−1})): a deviation has the unit of a gradient, a variance not |
/// | decaying  | (G + τ·max(u_{t−1}, ρ_t))·(u_{t−1} + ρ_t),  u_t = (1−β)·u_{t−1} + β·ρ_t                             |
///
/// The printed and the repaired form tend to (τρ0 + G + σ)·ρ0 > 0: they show no convergence. The decaying form does tend to 0, but only as
/// ρ_t does: it uses no direction, a random ê of that norm meets it too. With constant ρ, a deterministic loss, ‖∇L‖ in
/// [g_min, G] on the way, SGD's rate η and ê_0 = 0, [#deviation] bounds how far ê_{t−1} is from SAM's perturbation itself. Convexity
/// is not needed (mean value theorem).
public final class EmaBound {

    private EmaBound() {
    }

    /// Eq. 19's right-hand side; `noise` is σ² in the print and σ in the repaired form, 0 for a deterministic loss.
    public static double ofValues(double tau, double g, double noise, double rho0, double beta, int t) {
        return (tau * rho0 + g + noise) * (rho0 / Math.sqrt(t) + rho0 * (1 + Math.pow(1 - beta, t - 1)));
    }

    /// What Eq. 19's right-hand side tends to: (τρ0 + G + noise)·ρ0.
    public static double limitOfValues(double tau, double g, double noise, double rho0) {
        return (tau * rho0 + g + noise) * rho0;
    }

    /// (G + τ·max(u, ρ_t))·(u + ρ_t), u = u_{t−1}.
    public static double decaying(double tau, double g, double u, double rho) {
        return (g + tau * Math.max(u, rho)) * (u + rho);
    }

    /// u_t ≤ ρ0·((1−β)^⌈t/2⌉ + √(2/t)) where u_0 = 0 and ρ_t = ρ0/√t.
    public static double averageNorm(double rho0, double beta, int t) {
        return rho0 * (Math.pow(1 - beta, (t + 1) / 2) + Math.sqrt(2.0 / t));
    }

    /// ‖ê_{t−1} − ρ·∇L(w_t)/‖∇L(w_t)‖‖ ≤ ρ(1−β)^{t−1} + (ρτ/g_min)·(ρ + ηG/β).
    public static double deviation(double tau, double gMin, double gMax, double rho, double beta, double eta, int t) {
        return rho * Math.pow(1 - beta, t - 1) + rho * tau / gMin * (rho + eta * gMax / beta);
    }
}
