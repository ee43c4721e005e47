/// Update rules of low-rank adapters after their papers, in double precision with dense n×m matrices and pseudo-inverses.
///
/// P1 is "FMLoRA/EFMLoRA", arXiv 2508.00522v3; P2 is "Bi-LoRA", arXiv 2508.19564v1. Both are written here in the letters of Hu et al.:
///
///     W = W0 + s·B·A      W out×in (n×m),  B out×R,  A R×in,  s = alpha/R
///     gB = s·G·Aᵀ         gA = s·Bᵀ·G      G = ∂L/∂W
///
/// Nothing here modifies its arguments: matrices are treated as values, and the restored factor of a rule is simply the old one.
package lowland.rule;
