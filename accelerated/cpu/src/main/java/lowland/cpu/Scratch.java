package lowland.cpu;

/// The working memory of [Gemm], allocated once: one shared area for a narrow operand, and blocks for each worker.
public final class Scratch {
    /// [Narrow]'s panel from [Lanes#FIRST] on, or [Outer]'s narrow side from 0 on; shared by all workers.
    final float[] narrow;
    /// For each worker: rows of A, then one tile for ragged edges; or what [Outer] needs, or a block of C of [NarrowProducts].
    final float[][] worker;
    /// For each worker: the panels of B that it packs, from [Lanes#FIRST] on.
    final float[][] panels;
    private final int depth;

    /// @param workers how many workers the products will run on
    /// @param depth the largest k of the products to come
    public Scratch(int workers, int depth) {
        this.depth = depth;
        narrow = new float[Math.addExact(Lanes.FIRST, Math.multiplyExact(depth, Outer.MOST))];
        worker = new float[workers][Math.max(Outer.ROOM, Gemm.TRANSPOSED_ROWS * Tile.DEPTH + Tile.ROWS * Tile.COLUMNS)];
        panels = new float[workers][Lanes.FIRST + Gemm.COLUMN_BLOCK * Tile.DEPTH];
    }

    /// The shared area, if a narrow operand of `k` rows fits it.
    float[] narrow(int k) {
        if (k > depth) {
            throw new IllegalArgumentException("the product is " + k + " deep, the scratch was made for " + depth);
        }
        return narrow;
    }
}
