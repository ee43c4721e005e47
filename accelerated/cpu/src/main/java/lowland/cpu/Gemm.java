package lowland.cpu;

import java.util.Arrays;

/// Matrix products of floats, and sums of them: `C[m, n] = start + Σ_i op(A_i)[m, k_i]·op(B_i)[k_i, n]`, all row-major with offsets and
/// row strides.
///
/// A sum is made by [#begin], an [#add] for each of its terms, and [#finish]. A block of C takes all terms while it is in a worker's cache, a
/// tile of it those that are shallow and follow each other. The bits of C are those of one product after another, where n is more than a
/// vector has lanes.
///
/// The sum of each element of a product runs over blocks of k whose borders depend on k alone; within a block it is a chain of fused
/// multiply-adds from zero. Kernels are chosen by n and k (by m and n in form `TN`, where k counts tokens). So a row of C has the same bits
/// whatever the other rows, their number and the number of threads. C must not overlap A, B or the bias.
///
/// One instance serves one thread at a time; products allocate nothing.
public final class Gemm {
    /// How A and B are stored.
    public enum Form {
        /// A is `[m, k]`, B is `[k, n]`.
        NN,
        /// A is `[m, k]`, B is `[n, k]`: C = A·Bᵀ.
        NT,
        /// A is `[k, m]`, B is `[k, n]`: C = Aᵀ·B.
        TN
    }

    /// What each element's sum starts from.
    public enum Start {
        /// Zero: C is overwritten.
        ZERO,
        /// The bias of its column: C is overwritten.
        BIAS,
        /// What C holds.
        C
    }

    /// Chunks of work take whole blocks of rows of C, up to [#MOST_ROW_BLOCKS] of them: so many that panels, which are packed or come from
    /// memory, are read often.
    static final int ROW_BLOCK = Lanes.COUNT == 16 ? 240 : 144;
    private static final int MOST_ROW_BLOCKS = 4;
    /// The most columns of B in a chunk of work.
    static final int COLUMN_BLOCK = Lanes.COUNT == 16 ? 256 : 384;
    /// Chunks for each thread, where there are rows and columns enough.
    private static final int LEAST_CHUNKS = 2;
    /// Rows of op(A) that are copied at once where that transposes them: whole tiles, and whole blocks of [Transpose].
    static final int TRANSPOSED_ROWS = 48;
    private static final float[] ZEROS = new float[Tile.COLUMNS];
    /// The most terms of a sum.
    static final int MOST_TERMS = 4;
    /// The largest k of a shallow term: a pair's rank, not what takes longer than C's way through the core. Those that a tile takes in turn
    /// are copied beside each other, and together no deeper than one pass.
    static final int SHALLOW = 64;

    private final Workers workers;
    private final Scratch scratch;
    private final Workers.Chunk blocks = this::block;
    private final NarrowProducts narrow;

    // The sum under way; written by the caller before the workers start.
    private final Term[] terms = new Term[MOST_TERMS];
    private int count;
    private int m;
    private int n;
    private float[] c;
    private int co;
    private int cs;
    private Start start;
    private float[] bias;
    private int biasAt;
    // What a tile's sums start from while C holds nothing of them: the bias, or one tile's zeros for all; one row for every row.
    private float[] first;
    private int firstAt;
    private int firstPanel;
    private int rowChunk;
    private int rowChunks;
    private int columnPanels;

    /// One product of a sum.
    private static final class Term {
        Form form;
        int k;
        /// Steps of k of one pass but the last: as even as passes of at most [Tile#DEPTH] can be.
        int depth;
        float[] a;
        int ao;
        int as;
        /// The right-hand side as it lies; null where it is a packed weight.
        float[] b;
        int bo;
        int bs;
        PackedMatrix weight;
        /// Whether op(B) has to be packed: each worker packs what it needs, in its own cache.
        boolean packs;
        /// The depth of the shallow terms right before this one, if it is shallow too: they take each tile of C in turn.
        int depthBefore;

        void set(Form form, int m, int k, float[] a, int ao, int as, float[] b, int bo, int bs, PackedMatrix weight) {
            this.form = form;
            this.k = k;
            int passes = Math.max(1, (k + Tile.DEPTH - 1) / Tile.DEPTH);
            depth = (k + passes - 1) / passes;
            this.a = a;
            this.ao = ao;
            this.as = as;
            this.b = b;
            this.bo = bo;
            this.bs = bs;
            this.weight = weight;
            packs = weight == null || form == Form.NN;
            depthBefore = 0;
            int rows = form == Form.TN ? k : m;
            int columns = form == Form.TN ? m : k;
            if (rows > 0 && columns > 0) {
                requireRange("A", a, ao, (rows - 1L) * as + columns);
            }
        }

        boolean isShallow() {
            return weight == null && k > 0 && k <= SHALLOW;
        }

        /// Steps of the pass from k0 on.
        int steps(int k0) {
            return Math.min(depth, k - k0);
        }

        /// Packs the panels p0 … p1 − 1 of op(B), which has `n` columns, rows k0 … k0 + `some` − 1, one behind the other from `at` on.
        void pack(int p0, int p1, int n, int k0, int some, float[] to, int at) {
            if (weight != null) {
                weight.panelsOfBackward(p0, p1, k0, some, to, at);
                return;
            }
            for (int p = p0; p < p1; p++) {
                packPanel(p, n, k0, some, to, at + (p - p0) * some * Tile.COLUMNS);
            }
        }

        /// One panel of a B that is not a packed weight.
        private void packPanel(int p, int n, int k0, int some, float[] to, int at) {
            if (form == Form.NT) {
                PackedMatrix.panelOfRows(b, bo + k0, bs, p, n, some, to, at);
            } else {
                PackedMatrix.panelOfColumns(b, bo + k0 * bs, bs, p, n, some, to, at);
            }
        }
    }

    /// @param scratch made for these workers and for the deepest product to come
    public Gemm(Workers workers, Scratch scratch) {
        if (scratch.worker.length < workers.threads()) {
            throw new IllegalArgumentException("the scratch is for " + scratch.worker.length + " workers, there are " + workers.threads());
        }
        this.workers = workers;
        this.scratch = scratch;
        narrow = new NarrowProducts(workers, scratch);
        for (int i = 0; i < terms.length; i++) {
            terms[i] = new Term();
        }
    }

    /// C = start + op(A)·op(B). `as`, `bs`, `cs` are the row strides of A, B and C as stored; `bias` is read only from [Start#BIAS].
    public void multiply(Form form, int m, int n, int k, float[] a, int ao, int as, float[] b, int bo, int bs,
                         float[] c, int co, int cs, Start start, float[] bias, int biasAt) {
        begin(m, n, c, co, cs, start, bias, biasAt);
        add(form, k, a, ao, as, b, bo, bs);
        finish();
    }

    /// y`[m, out]` = start + x`[m, in]`·Wᵀ.
    public void forward(int m, float[] x, int xo, int xs, PackedMatrix w, float[] y, int yo, int ys, Start start,
                        float[] bias, int biasAt) {
        begin(m, w.out, y, yo, ys, start, bias, biasAt);
        addForward(x, xo, xs, w);
        finish();
    }

    /// dx`[m, in]` = start + dy`[m, out]`·W.
    public void backward(int m, float[] dy, int dyo, int dys, PackedMatrix w, float[] dx, int dxo, int dxs, Start start) {
        begin(m, w.in, dx, dxo, dxs, start, null, 0);
        addBackward(dy, dyo, dys, w);
        finish();
    }

    /// Begins a sum C`[m, n]` = start; up to [#MOST_TERMS] terms are added next. `bias` is read only from [Start#BIAS].
    void begin(int m, int n, float[] c, int co, int cs, Start start, float[] bias, int biasAt) {
        this.m = m;
        this.n = n;
        this.c = c;
        this.co = co;
        this.cs = cs;
        this.start = start;
        this.bias = bias;
        this.biasAt = biasAt;
        first = start == Start.BIAS ? bias : ZEROS;
        firstAt = start == Start.BIAS ? biasAt : 0;
        firstPanel = start == Start.BIAS ? Tile.COLUMNS : 0;
        count = 0;
        if (m > 0 && n > 0) {
            requireRange("C", c, co, (m - 1L) * cs + n);
            if (start == Start.BIAS) {
                requireRange("the bias", bias, biasAt, n);
            }
        }
    }

    /// A term op(A)`[m, k]`·op(B)`[k, n]`. Of form `TN` it has to be the only one.
    void add(Form form, int k, float[] a, int ao, int as, float[] b, int bo, int bs) {
        terms[count++].set(form, m, k, a, ao, as, b, bo, bs, null);
    }

    /// A term x`[m, in]`·Wᵀ.
    void addForward(float[] x, int xo, int xs, PackedMatrix w) {
        requireColumns(w.out);
        terms[count++].set(Form.NT, m, w.in, x, xo, xs, null, 0, 0, w);
    }

    /// A term dy`[m, out]`·W.
    void addBackward(float[] dy, int dyo, int dys, PackedMatrix w) {
        requireColumns(w.in);
        terms[count++].set(Form.NN, m, w.out, dy, dyo, dys, null, 0, 0, w);
    }

    private void requireColumns(int columns) {
        if (columns != n) {
            throw new IllegalArgumentException("C has " + n + " columns, this term " + columns);
        }
    }

    /// Leaves the product that was begun to be computed with the next one, which has to read the same matrix: both narrow, without a bias,
    /// and together no wider than [NarrowProducts] takes. In between nothing may change what they read;
    /// the next one's C may lie where the narrow operand of this one does.
    void beside() {
        if (m > 0 && n > 0 && !addNarrow()) {
            throw new IllegalArgumentException("a product of " + m + " x " + n + " is not narrow");
        }
    }

    /// Computes the sum that was begun.
    void finish() {
        if (m == 0 || n == 0) {
            return;
        }
        for (int i = 0; i < count && count > 1; i++) {
            if (terms[i].form == Form.TN) {
                throw new IllegalArgumentException("a term of form TN has to be the only one");
            }
            if (i > 0 && terms[i].isShallow() && terms[i - 1].isShallow()) {
                int before = terms[i - 1].depthBefore + terms[i - 1].k;
                terms[i].depthBefore = before + terms[i].k <= Tile.DEPTH ? before : 0;
            }
        }
        if (addNarrow()) {
            narrow.run();
        } else {
            general();
        }
    }

    /// Whether the sum is one narrow product, which then is added to those.
    private boolean addNarrow() {
        Term only = terms[0];
        if (count != 1) {
            return false;
        } else if (only.form == Form.TN && m <= Outer.MOST) {
            narrow.outer(only.k, n, only.b, only.bo, only.bs, only.a, only.ao, only.as, m, true);
        } else if (only.form == Form.TN && n <= Outer.MOST) {
            narrow.outer(only.k, m, only.a, only.ao, only.as, only.b, only.bo, only.bs, n, false);
        } else if (only.form != Form.TN && only.weight == null && n <= Lanes.COUNT) {
            narrow.rows(m, only.k, only.a, only.ao, only.as, only.b, only.bo, only.bs, only.form == Form.NT, n);
        } else {
            return false;
        }
        narrow.to(c, co, cs, start, bias, biasAt);
        return true;
    }

    private static void requireRange(String name, float[] array, int offset, long floats) {
        if (offset < 0 || offset + floats > array.length) {
            throw new IndexOutOfBoundsException(
                name + " needs " + floats + " floats from " + offset + " on, its array has " + array.length);
        }
    }

    private void general() {
        int panels = PackedMatrix.panelCount(n);
        int columnBlocks = (n + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
        int rowBlocks = (m + ROW_BLOCK - 1) / ROW_BLOCK;
        if (rowBlocks > 1) {
            rowBlocks = rowBlocks + 1 & -2;
        }
        int rowBlock = ((m + rowBlocks - 1) / rowBlocks + Tile.ROWS - 1) / Tile.ROWS * Tile.ROWS;
        int least = LEAST_CHUNKS * workers.threads();
        rowChunks = Math.clamp((least + columnBlocks - 1) / columnBlocks, (rowBlocks + MOST_ROW_BLOCKS - 1) / MOST_ROW_BLOCKS, rowBlocks);
        rowChunk = (rowBlocks + rowChunks - 1) / rowChunks * rowBlock;
        if (rowChunks * columnBlocks < least) {
            columnBlocks = Math.max(columnBlocks, Math.min((panels + 3) / 4, least / rowChunks));
        }
        columnPanels = (panels + columnBlocks - 1) / columnBlocks;
        workers.run(rowChunks * ((panels + columnPanels - 1) / columnPanels), blocks);
    }

    /// Some rows times one block of panels.
    private void block(int chunk, int worker) {
        int r0 = chunk % rowChunks * rowChunk;
        int r1 = Math.min(m, r0 + rowChunk);
        if (r0 >= r1) {
            return;
        }
        int p0 = chunk / rowChunks * columnPanels;
        int p1 = Math.min(PackedMatrix.panelCount(n), p0 + columnPanels);
        boolean begun = start == Start.C;
        int end;
        for (int i = 0; i < count; i = end) {
            end = i + 1;
            while (end < count && terms[end].depthBefore > 0) {
                end++;
            }
            for (int k0 = 0; k0 < terms[i].k; k0 += terms[i].depth) {
                tiles(i, end, r0, r1, p0, p1, k0, worker, begun);
                begun = true;
            }
        }
        if (!begun) {
            writeStart(start, bias, biasAt, c, co, cs, r0, r1, p0 * Tile.COLUMNS, Math.min(n, p1 * Tile.COLUMNS));
        }
    }

    /// The same for one pass of a term's depth, from step k0 on, or for all of several shallow terms. A tile of A's copied rows stays in the
    /// first-level cache while the panels pass, and C is walked along its rows.
    ///
    /// @param begun whether C holds what the sums have so far
    private void tiles(int firstTerm, int end, int r0, int r1, int p0, int p1, int k0, int worker, boolean begun) {
        float[] rows = scratch.worker[worker];
        for (int i = firstTerm; i < end; i++) {
            if (terms[i].packs) {
                terms[i].pack(p0, p1, n, k0, terms[i].steps(k0), scratch.panels[worker],
                        Lanes.FIRST + terms[i].depthBefore * (p1 - p0) * Tile.COLUMNS);
            }
        }
        int copied = terms[firstTerm].form == Form.TN ? TRANSPOSED_ROWS : Tile.ROWS;
        for (int from = r0; from < r1; from += copied) {
            int to = Math.min(r1, from + copied);
            for (int i = firstTerm; i < end; i++) {
                copyRows(terms[i], from, to, k0, rows);
            }
            for (int r = from; r < to; r += Tile.ROWS) {
                for (int p = p0; p < p1; p++) {
                    for (int i = firstTerm; i < end; i++) {
                        tile(terms[i], rows, (r - from) * Tile.DEPTH, r, r1, p, p0, p1, k0, worker, begun || i > firstTerm);
                    }
                }
            }
        }
    }

    private void tile(Term term, float[] rows, int row, int r, int r1, int p, int p0, int p1, int k0, int worker, boolean begun) {
        int depth = term.steps(k0);
        float[] panels = term.packs ? scratch.panels[worker] : term.weight.panels;
        int panel = term.packs ? Lanes.FIRST + (term.depthBefore * (p1 - p0) + (p - p0) * depth) * Tile.COLUMNS
                : term.weight.panel(p) + k0 * Tile.COLUMNS;
        int height = Math.min(Tile.ROWS, r1 - r);
        int width = Math.min(Tile.COLUMNS, n - p * Tile.COLUMNS);
        int at = co + r * cs + p * Tile.COLUMNS;
        float[] from = begun ? c : first;
        int fromAt = begun ? at : firstAt + p * firstPanel;
        int fromRow = begun ? cs : 0;
        if (height == Tile.ROWS && width == Tile.COLUMNS) {
            Tile.accumulate(rows, row + term.depthBefore, panels, panel, depth, from, fromAt, fromRow, c, at, cs);
        } else {
            int edge = TRANSPOSED_ROWS * Tile.DEPTH;
            copyTile(from, fromAt, fromRow, rows, edge, Tile.COLUMNS, height, width);
            Tile.accumulate(rows, row + term.depthBefore, panels, panel, depth, rows, edge, Tile.COLUMNS, rows, edge, Tile.COLUMNS);
            copyTile(rows, edge, Tile.COLUMNS, c, at, cs, height, width);
        }
    }

    static void copyTile(float[] from, int fromAt, int fromStride, float[] to, int toAt, int toStride, int height, int width) {
        for (int i = 0; i < height; i++) {
            System.arraycopy(from, fromAt + i * fromStride, to, toAt + i * toStride, width);
        }
    }

    /// Copies rows r0 … r1 − 1 of op(A), columns from k0 on, to rows [Tile#DEPTH] apart. What lies past r1 is computed with, never kept.
    private static void copyRows(Term term, int r0, int r1, int k0, float[] rows) {
        int some = term.steps(k0);
        if (term.form == Form.TN) {
            Transpose.copy(term.a, term.ao + k0 * term.as + r0, term.as, some, r1 - r0, rows, 0, Tile.DEPTH);
        } else {
            copyTile(term.a, term.ao + r0 * term.as + k0, term.as, rows, term.depthBefore, Tile.DEPTH, r1 - r0, some);
        }
    }

    /// Writes what the sums of a part of C start from.
    static void writeStart(Start start, float[] bias, int biasAt, float[] c, int co, int cs, int r0, int r1, int j0, int j1) {
        for (int r = r0; r < r1; r++) {
            int at = co + r * cs;
            switch (start) {
                case ZERO -> Arrays.fill(c, at + j0, at + j1, 0f);
                case BIAS -> System.arraycopy(bias, biasAt + j0, c, at + j0, j1 - j0);
                case C -> { }
            }
        }
    }
}
