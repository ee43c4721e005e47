package lowland.train;

/// How much the loss rises around a trained model: its mean over Gaussian perturbations δ of the encoder's matrices, less the loss
/// itself. Dropout is off, the rows are fixed.
///
///     S = 1/(2K)·Σ_k (L(W + δ_k) + L(W − δ_k)) − L(W)
///
/// Each direction is taken both ways (−δ is as Gaussian as δ): what rises on one side and falls on the other, the slope, cancels
/// exactly, and the curvature remains. So few directions give a steady number.
public final class Sharpness {
    private Sharpness() {}

    /// Measures a model; its weights are afterwards what they were, bit for bit.
    ///
    /// @param rows       at which the loss is taken
    /// @param directions the δ_k, the same for all that are compared
    public static double of(Training training, Rows rows, Directions directions) {
        double at = training.evaluate(rows).loss();
        double[] along = new double[directions.count()];
        double sum = 0;
        try (Directions.Moved moved = directions.from(training)) {
            for (int k = 0; k < along.length; k++) {
                for (int sign = 1; sign >= -1; sign -= 2) {
                    along[k] = sign;
                    moved.to(along);
                    sum += training.evaluate(rows).loss() - at;
                }
                along[k] = 0;
            }
        }
        return sum / (2 * along.length);
    }
}
