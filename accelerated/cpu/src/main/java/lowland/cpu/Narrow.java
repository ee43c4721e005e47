package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Products whose right-hand side is at most one vector wide (a rank-8 down-projection): `C[rows, n] += A[rows, K]·B[K, n]`.
///
/// A is read where it lies, since copying it would cost as much as multiplying it. B is one panel `[K][lanes]`, see [#lanes], from `bo` on.
/// Order of each element: blocks of [Tile#DEPTH] steps of k, each a chain of fused multiply-adds from zero, added to C.
final class Narrow {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    /// Half a vector of 512 bits. Up to 8 columns take it there: as many multiply-adds, but loads of half the size, and a quarter to a
    /// third less time.
    private static final VectorSpecies<Float> HALF = FloatVector.SPECIES_256;
    private static final int HALF_LANES = 8;
    /// Rows of one register tile.
    static final int ROWS = 8;

    /// See [Tile]: ends a basic block.
    private static int never = -1;

    private Narrow() {
    }

    /// Floats of a panel's row for `n` columns.
    static int lanes(int n) {
        return L > HALF_LANES && n <= HALF_LANES ? HALF_LANES : L;
    }

    /// C`[rows, lanes]` += A·B.
    static void accumulate(float[] a, int ao, int aStride, float[] b, int bo, int k, float[] c, int co, int cStride, int rows, int lanes) {
        for (int r = 0; r < rows; r += ROWS) {
            tile(a, ao + r * aStride, aStride, b, bo, k, c, co + r * cStride, cStride, Math.min(ROWS, rows - r), lanes);
        }
    }

    private static void tile(float[] a, int ao, int aStride, float[] b, int bo, int k, float[] c, int co, int cStride, int rows,
                             int lanes) {
        for (int k0 = 0; k0 < k; k0 += Tile.DEPTH) {
            int depth = Math.min(Tile.DEPTH, k - k0);
            int panel = bo + k0 * lanes;
            if (rows < ROWS) {
                for (int r = 0; r < rows; r++) {
                    if (lanes == L) {
                        one(a, ao + k0 + r * aStride, b, panel, depth, c, co + r * cStride);
                    } else {
                        oneHalf(a, ao + k0 + r * aStride, b, panel, depth, c, co + r * cStride);
                    }
                }
            } else if (lanes == L) {
                eight(a, ao + k0, aStride, b, panel, depth, c, co, cStride);
            } else {
                eightHalves(a, ao + k0, aStride, b, panel, depth, c, co, cStride);
            }
        }
    }

    private static void one(float[] a, int ao, float[] b, int bo, int depth, float[] c, int co) {
        FloatVector sum = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            sum = FloatVector.broadcast(V, a[ao + k]).fma(FloatVector.fromArray(V, b, bo + k * L), sum);
        }
        FloatVector.fromArray(V, c, co).add(sum).intoArray(c, co);
    }

    private static void eight(float[] a, int ao, int s, float[] b, int bo, int depth, float[] c, int co, int stride) {
        int stop = never;
        int r1 = ao + s;
        int r2 = r1 + s;
        int r3 = r2 + s;
        int r4 = r3 + s;
        int r5 = r4 + s;
        int r6 = r5 + s;
        int r7 = r6 + s;
        FloatVector c0 = FloatVector.zero(V);
        FloatVector c1 = FloatVector.zero(V);
        FloatVector c2 = FloatVector.zero(V);
        FloatVector c3 = FloatVector.zero(V);
        FloatVector c4 = FloatVector.zero(V);
        FloatVector c5 = FloatVector.zero(V);
        FloatVector c6 = FloatVector.zero(V);
        FloatVector c7 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector y = FloatVector.fromArray(V, b, bo + k * L);
            c0 = FloatVector.broadcast(V, a[ao + k]).fma(y, c0);
            c1 = FloatVector.broadcast(V, a[r1 + k]).fma(y, c1);
            c2 = FloatVector.broadcast(V, a[r2 + k]).fma(y, c2);
            c3 = FloatVector.broadcast(V, a[r3 + k]).fma(y, c3);
            if (k == stop) {
                break;
            }
            c4 = FloatVector.broadcast(V, a[r4 + k]).fma(y, c4);
            c5 = FloatVector.broadcast(V, a[r5 + k]).fma(y, c5);
            c6 = FloatVector.broadcast(V, a[r6 + k]).fma(y, c6);
            c7 = FloatVector.broadcast(V, a[r7 + k]).fma(y, c7);
        }
        FloatVector.fromArray(V, c, co).add(c0).intoArray(c, co);
        FloatVector.fromArray(V, c, co + stride).add(c1).intoArray(c, co + stride);
        FloatVector.fromArray(V, c, co + 2 * stride).add(c2).intoArray(c, co + 2 * stride);
        FloatVector.fromArray(V, c, co + 3 * stride).add(c3).intoArray(c, co + 3 * stride);
        FloatVector.fromArray(V, c, co + 4 * stride).add(c4).intoArray(c, co + 4 * stride);
        FloatVector.fromArray(V, c, co + 5 * stride).add(c5).intoArray(c, co + 5 * stride);
        FloatVector.fromArray(V, c, co + 6 * stride).add(c6).intoArray(c, co + 6 * stride);
        FloatVector.fromArray(V, c, co + 7 * stride).add(c7).intoArray(c, co + 7 * stride);
    }

    // The same in half vectors: a species has to be a constant where it is used.

    private static void oneHalf(float[] a, int ao, float[] b, int bo, int depth, float[] c, int co) {
        FloatVector sum = FloatVector.zero(HALF);
        for (int k = 0; k < depth; k++) {
            sum = FloatVector.broadcast(HALF, a[ao + k]).fma(FloatVector.fromArray(HALF, b, bo + k * HALF_LANES), sum);
        }
        FloatVector.fromArray(HALF, c, co).add(sum).intoArray(c, co);
    }

    private static void eightHalves(float[] a, int ao, int s, float[] b, int bo, int depth, float[] c, int co, int stride) {
        int stop = never;
        int r1 = ao + s;
        int r2 = r1 + s;
        int r3 = r2 + s;
        int r4 = r3 + s;
        int r5 = r4 + s;
        int r6 = r5 + s;
        int r7 = r6 + s;
        FloatVector c0 = FloatVector.zero(HALF);
        FloatVector c1 = FloatVector.zero(HALF);
        FloatVector c2 = FloatVector.zero(HALF);
        FloatVector c3 = FloatVector.zero(HALF);
        FloatVector c4 = FloatVector.zero(HALF);
        FloatVector c5 = FloatVector.zero(HALF);
        FloatVector c6 = FloatVector.zero(HALF);
        FloatVector c7 = FloatVector.zero(HALF);
        for (int k = 0; k < depth; k++) {
            FloatVector y = FloatVector.fromArray(HALF, b, bo + k * HALF_LANES);
            c0 = FloatVector.broadcast(HALF, a[ao + k]).fma(y, c0);
            c1 = FloatVector.broadcast(HALF, a[r1 + k]).fma(y, c1);
            c2 = FloatVector.broadcast(HALF, a[r2 + k]).fma(y, c2);
            c3 = FloatVector.broadcast(HALF, a[r3 + k]).fma(y, c3);
            if (k == stop) {
                break;
            }
            c4 = FloatVector.broadcast(HALF, a[r4 + k]).fma(y, c4);
            c5 = FloatVector.broadcast(HALF, a[r5 + k]).fma(y, c5);
            c6 = FloatVector.broadcast(HALF, a[r6 + k]).fma(y, c6);
            c7 = FloatVector.broadcast(HALF, a[r7 + k]).fma(y, c7);
        }
        FloatVector.fromArray(HALF, c, co).add(c0).intoArray(c, co);
        FloatVector.fromArray(HALF, c, co + stride).add(c1).intoArray(c, co + stride);
        FloatVector.fromArray(HALF, c, co + 2 * stride).add(c2).intoArray(c, co + 2 * stride);
        FloatVector.fromArray(HALF, c, co + 3 * stride).add(c3).intoArray(c, co + 3 * stride);
        FloatVector.fromArray(HALF, c, co + 4 * stride).add(c4).intoArray(c, co + 4 * stride);
        FloatVector.fromArray(HALF, c, co + 5 * stride).add(c5).intoArray(c, co + 5 * stride);
        FloatVector.fromArray(HALF, c, co + 6 * stride).add(c6).intoArray(c, co + 6 * stride);
        FloatVector.fromArray(HALF, c, co + 7 * stride).add(c7).intoArray(c, co + 7 * stride);
    }
}
