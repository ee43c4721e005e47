package lowland.train;

/// The loss on a plane through a trained model, along the first two of some directions.
///
/// @param reach how far the plane goes either way, in lengths of the directions
/// @param loss  [side][side]: `loss[i][j]` is at −reach + 2·reach·i/(side−1) along the first direction and likewise j along the second;
///              `side` is odd, so the middle is the model itself
public record Landscape(double reach, double[][] loss) {
    /// Measures a model; its weights are afterwards what they were, bit for bit.
    public static Landscape of(Training training, Rows rows, Directions directions, int side, double reach, Runnable point) {
        if (side % 2 == 0 || side < 3) {
            throw new IllegalArgumentException("a landscape's side is odd and at least 3, not " + side);
        }
        double[][] loss = new double[side][side];
        try (Directions.Moved moved = directions.from(training)) {
            for (int i = 0; i < side; i++) {
                for (int j = 0; j < side; j++) {
                    moved.to(place(i, side, reach), place(j, side, reach));
                    loss[i][j] = training.evaluate(rows).loss();
                    point.run();
                }
            }
        }
        return new Landscape(reach, loss);
    }

    private static double place(int i, int side, double reach) {
        return reach * (2 * i - (side - 1)) / (side - 1);
    }

    public int side() {
        return loss.length;
    }

    /// The coordinate of a row or column.
    public double place(int i) {
        return place(i, side(), reach);
    }

    /// The loss of the model itself.
    public double center() {
        return loss[side() / 2][side() / 2];
    }

    /// The rise over the model's own loss.
    public double rise(int i, int j) {
        return loss[i][j] - center();
    }
}
