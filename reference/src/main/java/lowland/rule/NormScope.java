package lowland.rule;

/// Over what a perturbation's norm is taken, hence what the radius ρ bounds.
public enum NormScope {
    /// One norm over all layers: ρ in all.
    GLOBAL,
    /// One norm for each adapted matrix: ρ each, √N·ρ over N layers.
    LAYER,
    /// One norm for each factor, A and B apart (P1 Eq. 7); LoRA-SAM only.
    FACTOR
}
