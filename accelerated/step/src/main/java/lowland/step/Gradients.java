package lowland.step;

import lowland.program.State;

/// The names of what belongs to a trained state.
final class Gradients {
    private Gradients() {}

    /// ∂L/∂state, accumulated over the micro-batches.
    static State of(State state) {
        return state.like(state.name() + ".gradient");
    }

    /// ε or Ê, added to the state while gradients are taken.
    static State perturbation(State state) {
        return state.like(state.name() + ".perturbation");
    }
}
