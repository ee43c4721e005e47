package lowland.rule;

/// The loss and its gradient at any point, for one optimiser step's whole batch and its dropout masks.
///
/// A rule that needs two gradients calls it twice, and both see the same batch and the same masks.
@FunctionalInterface
public interface GradientOracle {

    /// @param trainables the point; unchanged
    /// @return loss and gradients, one for each pair and each other, in their order
    Gradients at(Trainables trainables);
}
