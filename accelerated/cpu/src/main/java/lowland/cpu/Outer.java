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
    private static final int TOKENS = 64;
    private static final int ROWS = 4;
    /// The widest narrow side.
    static final int MOST = 16;
    /// Columns of one chunk of work.
    static final int COLUMNS = 96;

    private Outer() {
    }

    /// The width of the narrow operand as the kernel reads it: a multiple of four.
    static int padded(int m) {
        return m + 3 & -4;
    }

    /// S for `columns` columns from `xo` on, into `sums` `[padded m][COLUMNS]`. u has a row stride of `us`, of which at least padded m
    /// floats are readable in every row.
    static void sum(float[] u, int uo, int us, int m, float[] x, int xo, int xs, int tokens, int columns, float[] sums) {
        int rows = padded(m);
        int whole = columns / (2 * L) * (2 * L);
        Arrays.fill(sums, 0, rows * COLUMNS, 0f);
        for (int t = 0; t < tokens; t += TOKENS) {
            int some = Math.min(TOKENS, tokens - t);
            for (int r = 0; r < rows; r += ROWS) {
                for (int j = 0; j < whole; j += 2 * L) {
                    tile(u, uo + t * us + r, us, x, xo + t * xs + j, xs, some, sums, r * COLUMNS + j);
                }
            }
            for (int r = 0; r < m; r++) {
                for (int j = whole; j < columns; j++) {
                    sums[r * COLUMNS + j] += element(u, uo + t * us + r, us, x, xo + t * xs + j, xs, some);
                }
            }
        }
    }

    private static float element(float[] u, int uo, int us, float[] x, int xo, int xs, int tokens) {
        float sum = 0;
        for (int t = 0; t < tokens; t++) {
            sum = Math.fma(u[uo + t * us], x[xo + t * xs], sum);
        }
        return sum;
    }

    private static void tile(float[] u, int uo, int us, float[] x, int xo, int xs, int tokens, float[] s, int so) {
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        for (int t = 0; t < tokens; t++) {
            FloatVector x0 = FloatVector.fromArray(V, x, xo + t * xs);
            FloatVector x1 = FloatVector.fromArray(V, x, xo + t * xs + L);
            FloatVector y = FloatVector.broadcast(V, u[uo + t * us]);
            c00 = y.fma(x0, c00);
            c01 = y.fma(x1, c01);
            y = FloatVector.broadcast(V, u[uo + t * us + 1]);
            c10 = y.fma(x0, c10);
            c11 = y.fma(x1, c11);
            y = FloatVector.broadcast(V, u[uo + t * us + 2]);
            c20 = y.fma(x0, c20);
            c21 = y.fma(x1, c21);
            y = FloatVector.broadcast(V, u[uo + t * us + 3]);
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
