package lowland.rule;

/// How alpha becomes the factor s in W = W0 + s·B·A.
public enum Scaling {
    /// s = alpha/R (Hu et al., arXiv 2106.09685v2, §4.1).
    STANDARD,
    /// s = alpha/√R (Kalajdzievski, arXiv 2312.03732v1).
    RANK_STABILIZED;

    /// s for an alpha that is finite and not 0, and a rank R ≥ 1.
    public double of(double alpha, int rank) {
        if (!Double.isFinite(alpha) || alpha == 0) {
            throw new IllegalArgumentException("alpha must be finite and not 0, is " + alpha);
        }
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be at least 1, is " + rank);
        }
        return switch (this) {
            case STANDARD -> alpha / rank;
            case RANK_STABILIZED -> alpha / Math.sqrt(rank);
        };
    }
}
