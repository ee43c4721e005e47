package lowland.cpu;

import java.util.Arrays;

/// Products with a narrow side, alone or two that read the same matrix X, which then passes through a core once:
///
///     C_i[m, w_i] = start_i + X[m, k]·op(B_i)        a pair's x·Aᵀ, dy·B
///     C_i[w_i, n] = start_i + U_i[t, w_i]ᵀ·X[t, n]   its dA = duᵀ·x
///     C_i[n, w_i] = start_i + X[t, n]ᵀ·U_i[t, w_i]   its dB = dyᵀ·u
///
/// The narrow operands are copied beside each other before anything is written; each C has the bits that it has alone.
final class NarrowProducts {
    /// The most columns of all B together in the first form.
    static final int MOST_COLUMNS = Lanes.COUNT;
    /// The most columns of all U together in the other two.
    static final int MOST_OUTER = Outer.MOST;
    private static final int ROWS = 64;

    private final Workers workers;
    private final Scratch scratch;
    private final Side[] sides = {new Side(), new Side()};
    private final Workers.Chunk rowsChunk = this::rowsChunk;
    private final Workers.Chunk columnsChunk = this::columnsChunk;
    private int count;
    private int width;
    private boolean outer;
    private float[] x;
    private int xo;
    private int xs;
    /// Rows and columns of X.
    private int m;
    private int k;

    /// One product.
    private static final class Side {
        /// B or U, and where its columns lie among those of all.
        float[] b;
        int bo;
        int bs;
        boolean transposed;
        int from;
        int width;
        /// Whether C is of the second form, start + Uᵀ·X, not of the third.
        boolean across;
        float[] c;
        int co;
        int cs;
        Gemm.Start start;
        float[] bias;
        int biasAt;
    }

    NarrowProducts(Workers workers, Scratch scratch) {
        this.workers = workers;
        this.scratch = scratch;
    }

    /// Adds X`[m, k]`·op(B) of `width` columns.
    void rows(int m, int k, float[] x, int xo, int xs, float[] b, int bo, int bs, boolean transposed, int width) {
        side(false, m, k, x, xo, xs, b, bo, bs, width, MOST_COLUMNS).transposed = transposed;
    }

    /// Adds UᵀX, or XᵀU, of X`[m, k]` and U`[m, width]`.
    void outer(int m, int k, float[] x, int xo, int xs, float[] u, int uo, int us, int width, boolean across) {
        side(true, m, k, x, xo, xs, u, uo, us, width, MOST_OUTER).across = across;
    }

    private Side side(boolean outer, int m, int k, float[] x, int xo, int xs, float[] b, int bo, int bs, int width, int most) {
        boolean same = this.outer == outer && this.m == m && this.k == k && this.x == x && this.xo == xo && this.xs == xs;
        if (count > 0 && !same || count == sides.length || this.width + width > most) {
            int before = count;
            int columns = this.width;
            clear();
            throw new IllegalArgumentException("these products do not go beside each other: " + before + " of together " + columns
                    + " columns, and one of " + width + (same ? "" : " that reads another matrix"));
        }
        this.outer = outer;
        this.m = m;
        this.k = k;
        this.x = x;
        this.xo = xo;
        this.xs = xs;
        Side side = sides[count++];
        side.b = b;
        side.bo = bo;
        side.bs = bs;
        side.from = this.width;
        side.width = width;
        this.width += width;
        return side;
    }

    /// Sets the result of the product that was added last.
    void to(float[] c, int co, int cs, Gemm.Start start, float[] bias, int biasAt) {
        Side side = sides[count - 1];
        side.c = c;
        side.co = co;
        side.cs = cs;
        side.start = start;
        side.bias = bias;
        side.biasAt = biasAt;
    }

    /// Computes what was added.
    void run() {
        try {
            if (outer) {
                copyOuter();
                workers.run((k + Outer.COLUMNS - 1) / Outer.COLUMNS, columnsChunk);
            } else {
                copyPanel();
                workers.run((m + ROWS - 1) / ROWS, rowsChunk);
            }
        } finally {
            clear();
        }
    }

    private void clear() {
        count = 0;
        width = 0;
    }

    private void copyPanel() {
        int lanes = Narrow.lanes(width);
        float[] panel = scratch.narrow(k);
        for (int i = 0; i < count; i++) {
            Side side = sides[i];
            if (side.transposed) {
                Transpose.copy(side.b, side.bo, side.bs, side.width, k, panel, Lanes.FIRST + side.from, lanes);
            } else {
                Gemm.copyTile(side.b, side.bo, side.bs, panel, Lanes.FIRST + side.from, lanes, k, side.width);
            }
        }
        PackedMatrix.clearBeyond(width, k, panel, Lanes.FIRST, lanes);
    }

    private void rowsChunk(int chunk, int worker) {
        int r0 = chunk * ROWS;
        int some = Math.min(ROWS, m - r0);
        int lanes = Narrow.lanes(width);
        for (int i = 0; i < count; i++) {
            Side side = sides[i];
            Gemm.writeStart(side.start, side.bias, side.biasAt, side.c, side.co, side.cs, r0, r0 + some, 0, side.width);
        }
        Side first = sides[0];
        if (first.width == lanes) {
            Narrow.accumulate(x, xo + r0 * xs, xs, scratch.narrow, Lanes.FIRST, k, first.c, first.co + r0 * first.cs, first.cs, some, lanes);
            return;
        }
        float[] c = scratch.worker[worker];
        for (int i = 0; i < count; i++) {
            Side side = sides[i];
            Gemm.copyTile(side.c, side.co + r0 * side.cs, side.cs, c, side.from, lanes, some, side.width);
        }
        Narrow.accumulate(x, xo + r0 * xs, xs, scratch.narrow, Lanes.FIRST, k, c, 0, lanes, some, lanes);
        for (int i = 0; i < count; i++) {
            Side side = sides[i];
            Gemm.copyTile(c, side.from, lanes, side.c, side.co + r0 * side.cs, side.cs, some, side.width);
        }
    }

    private void copyOuter() {
        float[] rows = scratch.narrow(m);
        int padded = Outer.padded(width);
        for (int t = 0; t < m; t++) {
            int at = t * Outer.MOST;
            for (int i = 0; i < count; i++) {
                Side side = sides[i];
                System.arraycopy(side.b, side.bo + t * side.bs, rows, at + side.from, side.width);
            }
            Arrays.fill(rows, at + width, at + padded, 0f);
        }
    }

    private void columnsChunk(int chunk, int worker) {
        float[] sums = scratch.worker[worker];
        int j0 = chunk * Outer.COLUMNS;
        int some = Math.min(Outer.COLUMNS, k - j0);
        Outer.sum(scratch.narrow, width, x, xo + j0, xs, m, some, sums, sums, Outer.MOST * Outer.COLUMNS);
        for (int i = 0; i < count; i++) {
            Side side = sides[i];
            if (side.across) {
                Gemm.writeStart(side.start, side.bias, side.biasAt, side.c, side.co, side.cs, 0, side.width, j0, j0 + some);
                for (int r = 0; r < side.width; r++) {
                    int at = side.co + r * side.cs + j0;
                    Elementwise.add(side.c, at, sums, (side.from + r) * Outer.COLUMNS, side.c, at, some);
                }
            } else {
                Gemm.writeStart(side.start, side.bias, side.biasAt, side.c, side.co, side.cs, j0, j0 + some, 0, side.width);
                for (int j = 0; j < some; j++) {
                    for (int r = 0; r < side.width; r++) {
                        side.c[side.co + (j0 + j) * side.cs + r] += sums[(side.from + r) * Outer.COLUMNS + j];
                    }
                }
            }
        }
    }
}
