package lowland.descent;

import org.ejml.simple.SimpleMatrix;

/// Turns the gradient of one matrix into a step of it. Pure: reads its arguments, modifies nothing.
///
/// To ascend, hand it the negated gradient: the moments are then those of −g, and weight decay still shrinks (PyTorch's `maximize`).
public sealed interface Descent permits Sgd, AdamW {

    /// @param p            the matrix, any shape
    /// @param gradient     ∂L/∂p, already clipped, p's shape
    /// @param moments      p's, from the step before, or [Moments#zeroLike]
    /// @param t            1 at the first step that was taken, not skipped; all matrices share it
    /// @param learningRate η of this step
    Descended step(SimpleMatrix p, SimpleMatrix gradient, Moments moments, int t, double learningRate);

    /// The matrix after a step, and what is remembered for the next.
    record Descended(SimpleMatrix p, Moments moments) {
    }
}
