package lowland.rule;

import lowland.descent.Descent;

/// A paper's training step. Each rule is a record of its hyper-parameters.
///
/// Common to all: with ρ = 0 a rule that has a radius is LoRA bit for bit (−0 equals +0). The gradients that a perturbation is made of are
/// raw; only those that go into the descent are clipped. What is not finite skips the step whole, see [StepResult].
public sealed interface UpdateRule permits Lora, LoraPlus, LoraOBar, LoraNBar, FlatLora, LoraSam, FmLora,
        EfmLora, BiLora, FullSam, FullFineTuning {

    /// One optimiser step. Pure: nothing that is given changes.
    ///
    /// @param trainables one pair a matrix
    /// @param state      from this rule's `initialState`, or the step before
    /// @param inputs     step number, learning rates, radius, clipping
    /// @param descent    the base optimiser
    /// @param oracle     bound to the step's batch and masks
    StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle);
}
