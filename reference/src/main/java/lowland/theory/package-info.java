/// What the papers' statements about the rules come to, in double precision: each concept that a theorem or an equation speaks of is one
/// file, with the form that holds where the print does not.
///
/// P1 is "FMLoRA/EFMLoRA", arXiv 2508.00522v3; P2 is "Bi-LoRA", arXiv 2508.19564v1. Letters as in `lowland.rule`:
///
///     W = W0 + s·B·A      W n×m,  B n×R,  A R×m      G = ∂L/∂W,  gB = s·G·Aᵀ,  gA = s·Bᵀ·G
///     X⁺ pseudo-inverse   P_A = A⁺A (m×m, onto Row A)   P_B = BB⁺ (n×n, onto Col B)   Q = I − P
package lowland.theory;
