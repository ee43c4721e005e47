package lowland.rule;

/// Where EFMLoRA's moving average starts; P1 (arXiv 2508.00522v3) says both.
public enum EmaStart {
    /// Ê₀ = 0, so Ê₁ = β·E₁.
    ZERO,
    /// Ê₁ = E₁.
    FIRST
}
