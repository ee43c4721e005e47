package lowland.cpu;

import java.util.Arrays;

/// A frozen weight W `[out, in]`, stored once in the order in which [Gemm] reads it; the original is not kept.
///
/// The columns of Wᵀ lie in panels of [Tile#COLUMNS] outputs: `[panel][in][COLUMNS]` from [Lanes#FIRST] on, the last panel padded with zeros. So
/// y = x·Wᵀ reads this copy as it is, and dx = dy·W packs its own panels from it on the fly (transposed copies of blocks into scratch).
public final class PackedMatrix {
    final int out;
    final int in;
    final float[] panels;

    private PackedMatrix(int out, int in, float[] panels) {
        this.out = out;
        this.in = in;
        this.panels = panels;
    }

    /// All zero.
    static PackedMatrix zero(int out, int in) {
        return new PackedMatrix(out, in, new float[Lanes.FIRST + panelCount(out) * Tile.COLUMNS * in]);
    }

    /// Packs the row-major `[out, in]` matrix at `offset`.
    public static PackedMatrix of(float[] weight, int offset, int out, int in) {
        PackedMatrix packed = zero(out, in);
        for (int p = 0; p < panelCount(out); p++) {
            packed.pack(p, weight, offset);
        }
        return packed;
    }

    /// Packs panel `p` of another matrix of the same size in its place.
    void pack(int p, float[] weight, int offset) {
        panelOfRows(weight, offset, in, p, out, in, panels, panel(p));
    }

    /// Outputs of the weight.
    public int out() {
        return out;
    }

    /// Inputs of the weight.
    public int in() {
        return in;
    }

    /// Where panel `p` starts.
    int panel(int p) {
        return Lanes.FIRST + p * in * Tile.COLUMNS;
    }

    /// W`[row, column]`, for tests and export.
    public float get(int row, int column) {
        return panels[at(row, column)];
    }

    void set(int row, int column, float value) {
        panels[at(row, column)] = value;
    }

    private int at(int row, int column) {
        return panel(row / Tile.COLUMNS) + column * Tile.COLUMNS + row % Tile.COLUMNS;
    }

    /// Bytes held.
    public long bytes() {
        return 4L * (panels.length - Lanes.FIRST);
    }

    static int panelCount(int columns) {
        return (columns + Tile.COLUMNS - 1) / Tile.COLUMNS;
    }

    /// Panel `p` of Bᵀ for a row-major B `[n, k]`: a transposed copy, columns past n are zero.
    static void panelOfRows(float[] b, int bo, int stride, int p, int n, int k, float[] to, int at) {
        int width = Tile.COLUMNS;
        int columns = Math.min(width, n - p * width);
        Transpose.copy(b, bo + p * width * stride, stride, columns, k, to, at, width);
        clearBeyond(columns, k, to, at, width);
    }

    /// Panel `p` of a row-major B `[k, n]`: a copy of row pieces, columns past n are zero.
    static void panelOfColumns(float[] b, int bo, int stride, int p, int n, int k, float[] to, int at) {
        int width = Tile.COLUMNS;
        int columns = Math.min(width, n - p * width);
        for (int i = 0; i < k; i++) {
            System.arraycopy(b, bo + i * stride + p * width, to, at + i * width, columns);
        }
        clearBeyond(columns, k, to, at, width);
    }

    /// The panels p0 … p1 − 1 of W itself, k = out and n = in, rows k0 … k0 + `some` − 1, one behind the other, from the packed copy of
    /// Wᵀ. That is read along its own panels, piece after piece: it comes from memory.
    void panelsOfBackward(int p0, int p1, int k0, int some, float[] to, int at) {
        int width = Tile.COLUMNS;
        int piece;
        for (int o = k0; o < k0 + some; o += piece) {
            piece = Math.min(width - o % width, k0 + some - o);
            int from = panel(o / width) + o % width;
            for (int p = p0; p < p1; p++) {
                int columns = Math.min(width, in - p * width);
                Transpose.copy(panels, from + p * width * width, width, columns, piece, to, at + ((p - p0) * some + o - k0) * width, width);
            }
        }
        int last = p1 - 1;
        clearBeyond(Math.min(width, in - last * width), some, to, at + (last - p0) * some * width, width);
    }

    static void clearBeyond(int columns, int k, float[] to, int at, int width) {
        if (columns < width) {
            for (int i = 0; i < k; i++) {
                Arrays.fill(to, at + i * width + columns, at + (i + 1) * width, 0f);
            }
        }
    }
}
