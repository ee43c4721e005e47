package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Small products of padded matrices in scratch: `C[rows, columns] += A[rows, depth]·B[depth, columns]`, rows a multiple of [#ROWS],
/// columns of [#COLUMNS], no packing. A may be read transposed (element (i, k) lies at `i·aRow + k·aStep`). Each element is one chain of fused
/// multiply-adds over k from zero, then one addition to C. Columns go two vectors at a time, the last one alone where their number is odd:
/// a sentence of ten tokens then takes one vector of sixteen, not two.
final class Strips {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    static final int ROWS = 4;
    static final int COLUMNS = L;

    private Strips() {
    }

    /// The next multiple of [#ROWS] and of [#COLUMNS]: a size that every operand may be padded to.
    static int padded(int n) {
        return (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    }

    static void accumulate(float[] a, int ao, int aRow, int aStep, float[] b, int bo, int bStride, int depth,
                           float[] c, int co, int cStride, int rows, int columns) {
        int pairs = columns & -2 * L;
        for (int i = 0; i < rows; i += ROWS) {
            for (int j = 0; j < pairs; j += 2 * L) {
                fourByTwo(a, ao + i * aRow, aRow, aStep, b, bo + j, bStride, depth, c, co + i * cStride + j, cStride);
            }
            if (pairs < columns) {
                fourByOne(a, ao + i * aRow, aRow, aStep, b, bo + pairs, bStride, depth, c, co + i * cStride + pairs, cStride);
            }
        }
    }

    private static void fourByTwo(float[] a, int ao, int aRow, int aStep, float[] b, int bo, int bStride, int depth,
                                  float[] c, int co, int cStride) {
        int r1 = ao + aRow;
        int r2 = r1 + aRow;
        int r3 = r2 + aRow;
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, b, bo + k * bStride);
            FloatVector b1 = FloatVector.fromArray(V, b, bo + k * bStride + L);
            FloatVector x = FloatVector.broadcast(V, a[ao + k * aStep]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(V, a[r1 + k * aStep]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(V, a[r2 + k * aStep]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(V, a[r3 + k * aStep]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        FloatVector.fromArray(V, c, co).add(c00).intoArray(c, co);
        FloatVector.fromArray(V, c, co + L).add(c01).intoArray(c, co + L);
        FloatVector.fromArray(V, c, co + cStride).add(c10).intoArray(c, co + cStride);
        FloatVector.fromArray(V, c, co + cStride + L).add(c11).intoArray(c, co + cStride + L);
        FloatVector.fromArray(V, c, co + 2 * cStride).add(c20).intoArray(c, co + 2 * cStride);
        FloatVector.fromArray(V, c, co + 2 * cStride + L).add(c21).intoArray(c, co + 2 * cStride + L);
        FloatVector.fromArray(V, c, co + 3 * cStride).add(c30).intoArray(c, co + 3 * cStride);
        FloatVector.fromArray(V, c, co + 3 * cStride + L).add(c31).intoArray(c, co + 3 * cStride + L);
    }

    private static void fourByOne(float[] a, int ao, int aRow, int aStep, float[] b, int bo, int bStride, int depth,
                                  float[] c, int co, int cStride) {
        int r1 = ao + aRow;
        int r2 = r1 + aRow;
        int r3 = r2 + aRow;
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, b, bo + k * bStride);
            FloatVector x = FloatVector.broadcast(V, a[ao + k * aStep]);
            c00 = x.fma(b0, c00);
            x = FloatVector.broadcast(V, a[r1 + k * aStep]);
            c10 = x.fma(b0, c10);
            x = FloatVector.broadcast(V, a[r2 + k * aStep]);
            c20 = x.fma(b0, c20);
            x = FloatVector.broadcast(V, a[r3 + k * aStep]);
            c30 = x.fma(b0, c30);
        }
        FloatVector.fromArray(V, c, co).add(c00).intoArray(c, co);
        FloatVector.fromArray(V, c, co + cStride).add(c10).intoArray(c, co + cStride);
        FloatVector.fromArray(V, c, co + 2 * cStride).add(c20).intoArray(c, co + 2 * cStride);
        FloatVector.fromArray(V, c, co + 3 * cStride).add(c30).intoArray(c, co + 3 * cStride);
    }
}
