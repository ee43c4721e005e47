package lowland.descent;

import org.ejml.simple.SimpleMatrix;

/// What a [Descent] remembers about one trained matrix between steps.
///
/// `AdamW` keeps its running means of the gradient and of its square; `Sgd` keeps its momentum buffer in `first` and leaves
/// `second` as it is. Both start from zero (for SGD that is what PyTorch does too: with no dampening its first buffer is the gradient).
///
/// @param first  m, or the momentum buffer; the matrix' shape
/// @param second v; the matrix' shape
public record Moments(SimpleMatrix first, SimpleMatrix second) {

    /// Moments before the first step of a matrix of the given one's shape.
    public static Moments zeroLike(SimpleMatrix matrix) {
        int rows = matrix.getNumRows();
        int columns = matrix.getNumCols();
        return new Moments(new SimpleMatrix(rows, columns), new SimpleMatrix(rows, columns));
    }
}
