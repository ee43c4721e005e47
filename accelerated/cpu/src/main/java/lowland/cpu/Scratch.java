package lowland.cpu;

/// The working memory of [Gemm], allocated once: one shared area for a packed right-hand side, and a block for each worker.
public final class Scratch {
    /// Packed panels from [Lanes#FIRST] on, or [Outer]'s narrow side from 0 on; shared by all workers.
    final float[] packed;
    /// For each worker: rows of A, then one tile for ragged edges; or what [Outer] needs.
    final float[][] worker;

    /// @param workers how many workers the products will run on
    /// @param packedFloats the largest [#packedFloats(int, int)] of the products to come
    public Scratch(int workers, int packedFloats) {
        packed = new float[Lanes.FIRST + packedFloats];
        worker = new float[workers][Math.max(Outer.ROOM, Gemm.ROW_BLOCK * Tile.DEPTH + Tile.ROWS * Tile.COLUMNS)];
    }

    /// Floats that a product with a right-hand side of `k`×`n` may pack. A product of form `TN` with m or n up to
    /// [Outer#MOST] packs its narrow operand instead, k rows of that many floats: this covers both.
    public static int packedFloats(int k, int n) {
        long panels = (n + Tile.COLUMNS - 1) / Tile.COLUMNS;
        long floats = Math.max(panels * Tile.COLUMNS, Outer.MOST) * k;
        if (floats > Integer.MAX_VALUE - 8 - Lanes.FIRST) {
            throw new IllegalArgumentException("a right-hand side of " + k + "x" + n + " does not fit one array: split its columns");
        }
        return (int) floats;
    }

    /// The shared area, if it holds `floats`.
    float[] packed(long floats) {
        if (floats > packed.length - Lanes.FIRST) {
            throw new IllegalArgumentException("the product packs " + floats + " floats, the scratch was made for "
                + (packed.length - Lanes.FIRST)
                + ": make it with the largest Scratch.packedFloats");
        }
        return packed;
    }
}
