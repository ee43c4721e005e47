package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The register tiles of the matrix products: `C[rows, 2 vectors] = from[rows, 2 vectors] + A[rows, K]·B[K, 2 vectors]`.
///
/// The rows of A lie [#DEPTH] floats apart, B is a panel of [#COLUMNS] floats a step of K, contiguous; `from` may be C itself, or one row for
/// all, with a stride of 0. Every element is one chain of fused multiply-adds over k from zero, then one addition: its order depends on K alone.
///
/// The additions stand in the kernel itself: a method for them is not always inlined, and then every accumulator is boxed.
///
/// A 256- or 128-bit machine has 16 vector registers and holds 6×2 accumulators; a 512-bit one has 32 and holds 12×2.
final class Tile {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    private static final boolean WIDE = L == 16;
    /// Rows of a tile.
    static final int ROWS = WIDE ? 12 : 6;
    /// Columns of a tile.
    static final int COLUMNS = 2 * L;
    /// The largest K of one call, and the distance of A's rows: a constant, so that rows are constant displacements.
    static final int DEPTH = WIDE ? 512 : 384;

    /// Never a value of k. C2 hoists every broadcast of a basic block above its multiply-adds and then spills accumulators;
    /// a break that is never taken ends the block. The field is not final so that the compiler cannot see through it.
    private static int never = -1;

    private Tile() {
    }

    static void accumulate(float[] a, int ao, float[] b, int bo, int depth, float[] from, int fo, int fs, float[] c, int co,
                           int stride) {
        if (WIDE) {
            twelve(a, ao, b, bo, depth, from, fo, fs, c, co, stride);
        } else {
            six(a, ao, b, bo, depth, from, fo, fs, c, co, stride);
        }
    }

    private static void six(float[] a, int ao, float[] b, int bo, int depth, float[] from, int fo, int fs, float[] c, int co,
                           int stride) {
        int stop = never;
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        FloatVector c40 = FloatVector.zero(V);
        FloatVector c41 = FloatVector.zero(V);
        FloatVector c50 = FloatVector.zero(V);
        FloatVector c51 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, b, bo + k * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(V, b, bo + k * COLUMNS + L);
            FloatVector x = FloatVector.broadcast(V, a[ao + k]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(V, a[ao + k + DEPTH]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            if (k == stop) {
                break;
            }
            x = FloatVector.broadcast(V, a[ao + k + 2 * DEPTH]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(V, a[ao + k + 3 * DEPTH]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            if (k == stop) {
                break;
            }
            x = FloatVector.broadcast(V, a[ao + k + 4 * DEPTH]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(V, a[ao + k + 5 * DEPTH]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
        }
        FloatVector.fromArray(V, from, fo).add(c00).intoArray(c, co);
        FloatVector.fromArray(V, from, fo + L).add(c01).intoArray(c, co + L);
        FloatVector.fromArray(V, from, fo + fs).add(c10).intoArray(c, co + stride);
        FloatVector.fromArray(V, from, fo + fs + L).add(c11).intoArray(c, co + stride + L);
        FloatVector.fromArray(V, from, fo + 2 * fs).add(c20).intoArray(c, co + 2 * stride);
        FloatVector.fromArray(V, from, fo + 2 * fs + L).add(c21).intoArray(c, co + 2 * stride + L);
        FloatVector.fromArray(V, from, fo + 3 * fs).add(c30).intoArray(c, co + 3 * stride);
        FloatVector.fromArray(V, from, fo + 3 * fs + L).add(c31).intoArray(c, co + 3 * stride + L);
        FloatVector.fromArray(V, from, fo + 4 * fs).add(c40).intoArray(c, co + 4 * stride);
        FloatVector.fromArray(V, from, fo + 4 * fs + L).add(c41).intoArray(c, co + 4 * stride + L);
        FloatVector.fromArray(V, from, fo + 5 * fs).add(c50).intoArray(c, co + 5 * stride);
        FloatVector.fromArray(V, from, fo + 5 * fs + L).add(c51).intoArray(c, co + 5 * stride + L);
    }

    private static void twelve(float[] a, int ao, float[] b, int bo, int depth, float[] from, int fo, int fs, float[] c, int co,
                           int stride) {
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        FloatVector c40 = FloatVector.zero(V);
        FloatVector c41 = FloatVector.zero(V);
        FloatVector c50 = FloatVector.zero(V);
        FloatVector c51 = FloatVector.zero(V);
        FloatVector c60 = FloatVector.zero(V);
        FloatVector c61 = FloatVector.zero(V);
        FloatVector c70 = FloatVector.zero(V);
        FloatVector c71 = FloatVector.zero(V);
        FloatVector c80 = FloatVector.zero(V);
        FloatVector c81 = FloatVector.zero(V);
        FloatVector c90 = FloatVector.zero(V);
        FloatVector c91 = FloatVector.zero(V);
        FloatVector ca0 = FloatVector.zero(V);
        FloatVector ca1 = FloatVector.zero(V);
        FloatVector cb0 = FloatVector.zero(V);
        FloatVector cb1 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, b, bo + k * COLUMNS);
            FloatVector b1 = FloatVector.fromArray(V, b, bo + k * COLUMNS + L);
            FloatVector x = FloatVector.broadcast(V, a[ao + k]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(V, a[ao + k + DEPTH]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(V, a[ao + k + 2 * DEPTH]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(V, a[ao + k + 3 * DEPTH]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(V, a[ao + k + 4 * DEPTH]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(V, a[ao + k + 5 * DEPTH]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = FloatVector.broadcast(V, a[ao + k + 6 * DEPTH]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = FloatVector.broadcast(V, a[ao + k + 7 * DEPTH]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
            x = FloatVector.broadcast(V, a[ao + k + 8 * DEPTH]);
            c80 = x.fma(b0, c80);
            c81 = x.fma(b1, c81);
            x = FloatVector.broadcast(V, a[ao + k + 9 * DEPTH]);
            c90 = x.fma(b0, c90);
            c91 = x.fma(b1, c91);
            x = FloatVector.broadcast(V, a[ao + k + 10 * DEPTH]);
            ca0 = x.fma(b0, ca0);
            ca1 = x.fma(b1, ca1);
            x = FloatVector.broadcast(V, a[ao + k + 11 * DEPTH]);
            cb0 = x.fma(b0, cb0);
            cb1 = x.fma(b1, cb1);
        }
        FloatVector.fromArray(V, from, fo).add(c00).intoArray(c, co);
        FloatVector.fromArray(V, from, fo + L).add(c01).intoArray(c, co + L);
        FloatVector.fromArray(V, from, fo + fs).add(c10).intoArray(c, co + stride);
        FloatVector.fromArray(V, from, fo + fs + L).add(c11).intoArray(c, co + stride + L);
        FloatVector.fromArray(V, from, fo + 2 * fs).add(c20).intoArray(c, co + 2 * stride);
        FloatVector.fromArray(V, from, fo + 2 * fs + L).add(c21).intoArray(c, co + 2 * stride + L);
        FloatVector.fromArray(V, from, fo + 3 * fs).add(c30).intoArray(c, co + 3 * stride);
        FloatVector.fromArray(V, from, fo + 3 * fs + L).add(c31).intoArray(c, co + 3 * stride + L);
        FloatVector.fromArray(V, from, fo + 4 * fs).add(c40).intoArray(c, co + 4 * stride);
        FloatVector.fromArray(V, from, fo + 4 * fs + L).add(c41).intoArray(c, co + 4 * stride + L);
        FloatVector.fromArray(V, from, fo + 5 * fs).add(c50).intoArray(c, co + 5 * stride);
        FloatVector.fromArray(V, from, fo + 5 * fs + L).add(c51).intoArray(c, co + 5 * stride + L);
        FloatVector.fromArray(V, from, fo + 6 * fs).add(c60).intoArray(c, co + 6 * stride);
        FloatVector.fromArray(V, from, fo + 6 * fs + L).add(c61).intoArray(c, co + 6 * stride + L);
        FloatVector.fromArray(V, from, fo + 7 * fs).add(c70).intoArray(c, co + 7 * stride);
        FloatVector.fromArray(V, from, fo + 7 * fs + L).add(c71).intoArray(c, co + 7 * stride + L);
        FloatVector.fromArray(V, from, fo + 8 * fs).add(c80).intoArray(c, co + 8 * stride);
        FloatVector.fromArray(V, from, fo + 8 * fs + L).add(c81).intoArray(c, co + 8 * stride + L);
        FloatVector.fromArray(V, from, fo + 9 * fs).add(c90).intoArray(c, co + 9 * stride);
        FloatVector.fromArray(V, from, fo + 9 * fs + L).add(c91).intoArray(c, co + 9 * stride + L);
        FloatVector.fromArray(V, from, fo + 10 * fs).add(ca0).intoArray(c, co + 10 * stride);
        FloatVector.fromArray(V, from, fo + 10 * fs + L).add(ca1).intoArray(c, co + 10 * stride + L);
        FloatVector.fromArray(V, from, fo + 11 * fs).add(cb0).intoArray(c, co + 11 * stride);
        FloatVector.fromArray(V, from, fo + 11 * fs + L).add(cb1).intoArray(c, co + 11 * stride + L);
    }
}
