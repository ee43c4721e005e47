package lowland.rule;

import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// The intermediates of one step, in the paper's order and under its names. Lists have one entry a layer, in the order of the pairs.
public sealed interface Trace {

    /// Of [Lora], [LoraPlus] and [FullFineTuning].
    ///
    /// @param gradients    loss, gA, gB at (B, A)
    /// @param gradientNorm ‖g‖ that went into clipping
    /// @param clipped      whether clipping acted
    record LoraTrace(Gradients gradients, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [LoraOBar] and [LoraNBar].
    ///
    /// @param gradients    loss, gA, gB at (B, A)
    /// @param balanced     (1 ± αη)·B, (1 ∓ αη)·A: where the descent starts
    /// @param gradientNorm ‖g‖ that went into clipping
    /// @param clipped      whether clipping acted
    record BarTrace(Gradients gradients, Trainables balanced, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [LoraSam].
    ///
    /// @param gradients          loss, gA, gB at (B, A)
    /// @param normsB             what gB was divided by
    /// @param normsA             what gA was divided by; equal to `normsB` but for the scope FACTOR
    /// @param perturbationsB     ε_B
    /// @param perturbationsA     ε_A
    /// @param perturbed          B + ε_B, A + ε_A
    /// @param perturbedGradients loss and gradients there: what the descent uses
    /// @param gradientNorm       their norm, which went into clipping
    /// @param clipped            whether clipping acted
    record LoraSamTrace(Gradients gradients, List<Double> normsB, List<Double> normsA,
                        List<SimpleMatrix> perturbationsB, List<SimpleMatrix> perturbationsA, Trainables perturbed,
                        Gradients perturbedGradients, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [FmLora].
    ///
    /// @param gradients          loss, gA, gB at (B, A)
    /// @param perturbation       Ḡ, ‖Ḡ‖, E_W, E_B
    /// @param perturbed          B̃ = B + E_B
    /// @param perturbedGradients loss and gradients at (B̃, A): what the descent uses
    /// @param gradientNorm       their norm, which went into clipping
    /// @param clipped            whether clipping acted
    record FmLoraTrace(Gradients gradients, FactorPerturbation perturbation, Trainables perturbed,
                       Gradients perturbedGradients, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [FlatLora].
    ///
    /// @param perturbations ε
    /// @param gradients     loss, gA, gB at W0 + s·B·A + ε
    /// @param gradientNorm  ‖g‖ that went into clipping
    /// @param clipped       whether clipping acted
    record FlatLoraTrace(List<SimpleMatrix> perturbations, Gradients gradients, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [FullSam].
    ///
    /// @param gradients          loss, gA, gB at W0 + s·B·A
    /// @param fullGradients      G there
    /// @param perturbations      ε
    /// @param perturbedGradients loss and gradients at W0 + s·B·A + ε: what the descent uses
    /// @param gradientNorm       their norm, which went into clipping
    /// @param clipped            whether clipping acted
    record FullSamTrace(Gradients gradients, List<SimpleMatrix> fullGradients, List<SimpleMatrix> perturbations,
                        Gradients perturbedGradients, double gradientNorm, boolean clipped) implements Trace {
    }

    /// Of [EfmLora].
    ///
    /// @param perturbed    B̃ = B + Ê_{t−1}
    /// @param gradients    loss, gA, gB at (B̃, A_{t−1}): what E_t is made of and what the descent uses
    /// @param perturbation Ḡ, ‖Ḡ‖, E_W, E_t
    /// @param gradientNorm ‖g‖ that went into clipping
    /// @param clipped      whether clipping acted
    /// @param average      Ê_t
    record EfmLoraTrace(Trainables perturbed, Gradients gradients, FactorPerturbation perturbation,
                        double gradientNorm, boolean clipped, List<SimpleMatrix> average) implements Trace {
    }

    /// Of [BiLora].
    ///
    /// @param merged                all pairs of W0 + s1·B1·A1 + s2·B2·A2, primary ones first
    /// @param gradients             loss and the gradients of all of them
    /// @param gradientNorm          of the primary pairs and the others, which went into their clipping
    /// @param clipped               whether that acted
    /// @param auxiliaryGradientNorm of the auxiliary pairs, which went into theirs
    /// @param auxiliaryClipped      whether that acted
    /// @param ascended              the auxiliary pairs after the ascent, before the clip to ρ
    /// @param c                     ‖s2·B2·A2‖ over all layers, after the ascent; 0 where ρ = 0, which does not ask for it
    /// @param clippedToRho          whether the clip to ρ acted, on any layer
    record BiLoraTrace(Trainables merged, Gradients gradients, double gradientNorm, boolean clipped,
                       double auxiliaryGradientNorm, boolean auxiliaryClipped, List<LoraPair> ascended,
                       double c, boolean clippedToRho) implements Trace {
    }

    /// Of a step that changed nothing.
    ///
    /// @param reason what was not finite
    /// @param loss   of the gradient evaluation where the step ended
    record Skipped(String reason, double loss) implements Trace {
    }
}
