package lowland.cpu;

import java.util.Arrays;

/// Rows taken from a table, added to one, and averaged over the sequences of a packed batch.
///
/// `starts` has one entry a sequence and one more: sequence s holds the rows starts`[s]` … starts`[s + 1]` − 1.
public final class Rows {
    private Rows() {
    }

    /// y`[t]` = table`[ids[t]]` for t0 ≤ t < t1.
    public static void gather(float[] table, int to, int rows, int channels, int[] ids, int io, float[] y, int yo, int t0, int t1) {
        for (int t = t0; t < t1; t++) {
            System.arraycopy(table, to + row(ids[io + t], rows, t) * channels, y, yo + t * channels, channels);
        }
    }

    /// dTable`[ids[t]]` += dy`[t]` for all tokens in order, columns c0 … c1 − 1. Work is split by columns, so equal ids never race.
    public static void scatterAdd(float[] dy, int dyo, int[] ids, int io, int tokens, float[] dTable, int to, int rows, int channels,
                                  int c0, int c1) {
        for (int t = 0; t < tokens; t++) {
            int at = to + row(ids[io + t], rows, t) * channels + c0;
            Elementwise.add(dTable, at, dy, dyo + t * channels + c0, dTable, at, c1 - c0);
        }
    }

    /// y`[s]` = mean of the rows of sequence s, for s0 ≤ s < s1. An empty sequence gives zeros.
    public static void means(float[] x, int xo, int[] starts, int so, int channels, float[] y, int yo, int s0, int s1) {
        for (int s = s0; s < s1; s++) {
            int from = starts[so + s];
            int end = starts[so + s + 1];
            int to = yo + s * channels;
            Arrays.fill(y, to, to + channels, 0f);
            Elementwise.addColumnSums(x, xo + from * channels, channels, end - from, 0, channels, y, to);
            if (end > from) {
                Elementwise.scale(1f / (end - from), y, to, y, to, channels);
            }
        }
    }

    /// dx`[t]` = dy`[s]`/length for the tokens t of the sequences s0 ≤ s < s1.
    public static void meansBackward(float[] dy, int dyo, int[] starts, int so, int channels, float[] dx, int dxo, int s0, int s1) {
        for (int s = s0; s < s1; s++) {
            int from = starts[so + s];
            int end = starts[so + s + 1];
            for (int t = from; t < end; t++) {
                Elementwise.scale(1f / (end - from), dy, dyo + s * channels, dx, dxo + t * channels, channels);
            }
        }
    }

    private static int row(int id, int rows, int token) {
        if (id < 0 || id >= rows) {
            throw new IndexOutOfBoundsException("id of token " + token + " is " + id + ", the table has " + rows + " rows");
        }
        return id;
    }
}
