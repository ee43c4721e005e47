package lowland.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Sums of outer products over tokens with one narrow side (a rank-8 factor's gradient): `S[m, columns] = Σₜ u[t, m]·x[t, columns]`.
///
/// Work is split by columns, never by tokens. Order of each element: blocks of [#TOKENS] tokens, each a chain of fused
/// multiply-adds from zero; the blocks' sums are added in turn.
final class Outer {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    private static final int TOKENS = 32;
    private static final int ROWS = 4;
    /// The widest narrow side.
    static final int MOST = 16;
    /// Columns of one chunk of work, whole tiles at every width.
    static final int COLUMNS = 192;
    /// Floats of a worker's scratch: sums, then a block of x.
    static final int ROOM = (MOST + TOKENS) * COLUMNS;

    private Outer() {
    }

    /// A width rounded up to whole register tiles.
    static int padded(int m) {
        return m + 3 & -4;
    }

    /// S for `columns` columns from `xo` on, into `sums` `[padded m][COLUMNS]`; u is `[tokens][MOST]`, zero from m to padded m. Pieces of x
    /// are copied to `block`, so that every stride of the kernel is a constant: with another C2 checks the bounds of every load.
    static void sum(float[] u, int m, float[] x, int xo, int xs, int tokens, int columns, float[] sums, float[] block, int at) {
        int rows = padded(m);
        Arrays.fill(sums, 0, rows * COLUMNS, 0f);
        for (int t = 0; t < tokens; t += TOKENS) {
            int some = Math.min(TOKENS, tokens - t);
            Gemm.copyTile(x, xo + t * xs, xs, block, at, COLUMNS, some, columns);
            for (int r = 0; r < rows; r += ROWS) {
                for (int j = 0; j < columns; j += 2 * L) {
                    tile(u, t * MOST + r, block, at + j, some, sums, r * COLUMNS + j);
                }
            }
        }
    }

    private static void tile(float[] u, int uo, float[] x, int xo, int tokens, float[] s, int so) {
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        for (int t = 0; t < tokens; t++) {
            FloatVector x0 = FloatVector.fromArray(V, x, xo + t * COLUMNS);
            FloatVector x1 = FloatVector.fromArray(V, x, xo + t * COLUMNS + L);
            FloatVector y = FloatVector.broadcast(V, u[uo + t * MOST]);
            c00 = y.fma(x0, c00);
            c01 = y.fma(x1, c01);
            y = FloatVector.broadcast(V, u[uo + t * MOST + 1]);
            c10 = y.fma(x0, c10);
            c11 = y.fma(x1, c11);
            y = FloatVector.broadcast(V, u[uo + t * MOST + 2]);
            c20 = y.fma(x0, c20);
            c21 = y.fma(x1, c21);
            y = FloatVector.broadcast(V, u[uo + t * MOST + 3]);
            c30 = y.fma(x0, c30);
            c31 = y.fma(x1, c31);
        }
        FloatVector.fromArray(V, s, so).add(c00).intoArray(s, so);
        FloatVector.fromArray(V, s, so + L).add(c01).intoArray(s, so + L);
        FloatVector.fromArray(V, s, so + COLUMNS).add(c10).intoArray(s, so + COLUMNS);
        FloatVector.fromArray(V, s, so + COLUMNS + L).add(c11).intoArray(s, so + COLUMNS + L);
        FloatVector.fromArray(V, s, so + 2 * COLUMNS).add(c20).intoArray(s, so + 2 * COLUMNS);
        FloatVector.fromArray(V, s, so + 2 * COLUMNS + L).add(c21).intoArray(s, so + 2 * COLUMNS + L);
        FloatVector.fromArray(V, s, so + 3 * COLUMNS).add(c30).intoArray(s, so + 3 * COLUMNS);
        FloatVector.fromArray(V, s, so + 3 * COLUMNS + L).add(c31).intoArray(s, so + 3 * COLUMNS + L);
    }
}
