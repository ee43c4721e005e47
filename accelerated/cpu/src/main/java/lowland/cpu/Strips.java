package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Small products of padded matrices in one array of scratch: `C[rows, columns] += A[rows, depth]·B[depth, columns]`, rows a multiple of
/// [#ROWS], columns of [#COLUMNS], no packing. A may be read transposed (element (i, k) lies at `i·aRow + k·aStep`). Each element is one
/// chain of fused multiply-adds over k from zero, then one addition to C, which overlaps neither A nor B. Columns go four vectors at a time
/// with 32 vector registers, then two, the last one alone where their number is odd: a sentence of ten tokens then takes one vector of
/// sixteen, not two.
final class Strips {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    private static final boolean WIDE = L == 16;
    static final int ROWS = 4;
    static final int COLUMNS = L;

    private Strips() {
    }

    /// The next multiple of [#ROWS] and of [#COLUMNS]: a size that every operand may be padded to.
    static int padded(int n) {
        return (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    }

    static void accumulate(float[] floats, int a, int aRow, int aStep, int b, int bStride, int depth, int c, int cStride,
                           int rows, int columns) {
        int fours = WIDE ? columns & -4 * L : 0;
        int pairs = columns & -2 * L;
        for (int i = 0; i < rows; i += ROWS) {
            for (int j = 0; j < fours; j += 4 * L) {
                fourByFour(floats, a + i * aRow, aRow, aStep, b + j, bStride, depth, c + i * cStride + j, cStride);
            }
            for (int j = fours; j < pairs; j += 2 * L) {
                fourByTwo(floats, a + i * aRow, aRow, aStep, b + j, bStride, depth, c + i * cStride + j, cStride);
            }
            if (pairs < columns) {
                fourByOne(floats, a + i * aRow, aRow, aStep, b + pairs, bStride, depth, c + i * cStride + pairs, cStride);
            }
        }
    }

    private static void fourByFour(float[] floats, int a, int aRow, int aStep, int b, int bStride, int depth, int c, int cStride) {
        int r1 = a + aRow;
        int r2 = r1 + aRow;
        int r3 = r2 + aRow;
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c01 = FloatVector.zero(V);
        FloatVector c02 = FloatVector.zero(V);
        FloatVector c03 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c11 = FloatVector.zero(V);
        FloatVector c12 = FloatVector.zero(V);
        FloatVector c13 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c21 = FloatVector.zero(V);
        FloatVector c22 = FloatVector.zero(V);
        FloatVector c23 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        FloatVector c31 = FloatVector.zero(V);
        FloatVector c32 = FloatVector.zero(V);
        FloatVector c33 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, floats, b + k * bStride);
            FloatVector b1 = FloatVector.fromArray(V, floats, b + k * bStride + L);
            FloatVector b2 = FloatVector.fromArray(V, floats, b + k * bStride + 2 * L);
            FloatVector b3 = FloatVector.fromArray(V, floats, b + k * bStride + 3 * L);
            FloatVector x = FloatVector.broadcast(V, floats[a + k * aStep]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(V, floats[r1 + k * aStep]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(V, floats[r2 + k * aStep]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(V, floats[r3 + k * aStep]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
        }
        FloatVector.fromArray(V, floats, c).add(c00).intoArray(floats, c);
        FloatVector.fromArray(V, floats, c + L).add(c01).intoArray(floats, c + L);
        FloatVector.fromArray(V, floats, c + 2 * L).add(c02).intoArray(floats, c + 2 * L);
        FloatVector.fromArray(V, floats, c + 3 * L).add(c03).intoArray(floats, c + 3 * L);
        FloatVector.fromArray(V, floats, c + cStride).add(c10).intoArray(floats, c + cStride);
        FloatVector.fromArray(V, floats, c + cStride + L).add(c11).intoArray(floats, c + cStride + L);
        FloatVector.fromArray(V, floats, c + cStride + 2 * L).add(c12).intoArray(floats, c + cStride + 2 * L);
        FloatVector.fromArray(V, floats, c + cStride + 3 * L).add(c13).intoArray(floats, c + cStride + 3 * L);
        FloatVector.fromArray(V, floats, c + 2 * cStride).add(c20).intoArray(floats, c + 2 * cStride);
        FloatVector.fromArray(V, floats, c + 2 * cStride + L).add(c21).intoArray(floats, c + 2 * cStride + L);
        FloatVector.fromArray(V, floats, c + 2 * cStride + 2 * L).add(c22).intoArray(floats, c + 2 * cStride + 2 * L);
        FloatVector.fromArray(V, floats, c + 2 * cStride + 3 * L).add(c23).intoArray(floats, c + 2 * cStride + 3 * L);
        FloatVector.fromArray(V, floats, c + 3 * cStride).add(c30).intoArray(floats, c + 3 * cStride);
        FloatVector.fromArray(V, floats, c + 3 * cStride + L).add(c31).intoArray(floats, c + 3 * cStride + L);
        FloatVector.fromArray(V, floats, c + 3 * cStride + 2 * L).add(c32).intoArray(floats, c + 3 * cStride + 2 * L);
        FloatVector.fromArray(V, floats, c + 3 * cStride + 3 * L).add(c33).intoArray(floats, c + 3 * cStride + 3 * L);
    }

    private static void fourByTwo(float[] floats, int a, int aRow, int aStep, int b, int bStride, int depth, int c, int cStride) {
        int r1 = a + aRow;
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
            FloatVector b0 = FloatVector.fromArray(V, floats, b + k * bStride);
            FloatVector b1 = FloatVector.fromArray(V, floats, b + k * bStride + L);
            FloatVector x = FloatVector.broadcast(V, floats[a + k * aStep]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(V, floats[r1 + k * aStep]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(V, floats[r2 + k * aStep]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(V, floats[r3 + k * aStep]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        FloatVector.fromArray(V, floats, c).add(c00).intoArray(floats, c);
        FloatVector.fromArray(V, floats, c + L).add(c01).intoArray(floats, c + L);
        FloatVector.fromArray(V, floats, c + cStride).add(c10).intoArray(floats, c + cStride);
        FloatVector.fromArray(V, floats, c + cStride + L).add(c11).intoArray(floats, c + cStride + L);
        FloatVector.fromArray(V, floats, c + 2 * cStride).add(c20).intoArray(floats, c + 2 * cStride);
        FloatVector.fromArray(V, floats, c + 2 * cStride + L).add(c21).intoArray(floats, c + 2 * cStride + L);
        FloatVector.fromArray(V, floats, c + 3 * cStride).add(c30).intoArray(floats, c + 3 * cStride);
        FloatVector.fromArray(V, floats, c + 3 * cStride + L).add(c31).intoArray(floats, c + 3 * cStride + L);
    }

    private static void fourByOne(float[] floats, int a, int aRow, int aStep, int b, int bStride, int depth, int c, int cStride) {
        int r1 = a + aRow;
        int r2 = r1 + aRow;
        int r3 = r2 + aRow;
        FloatVector c00 = FloatVector.zero(V);
        FloatVector c10 = FloatVector.zero(V);
        FloatVector c20 = FloatVector.zero(V);
        FloatVector c30 = FloatVector.zero(V);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(V, floats, b + k * bStride);
            FloatVector x = FloatVector.broadcast(V, floats[a + k * aStep]);
            c00 = x.fma(b0, c00);
            x = FloatVector.broadcast(V, floats[r1 + k * aStep]);
            c10 = x.fma(b0, c10);
            x = FloatVector.broadcast(V, floats[r2 + k * aStep]);
            c20 = x.fma(b0, c20);
            x = FloatVector.broadcast(V, floats[r3 + k * aStep]);
            c30 = x.fma(b0, c30);
        }
        FloatVector.fromArray(V, floats, c).add(c00).intoArray(floats, c);
        FloatVector.fromArray(V, floats, c + cStride).add(c10).intoArray(floats, c + cStride);
        FloatVector.fromArray(V, floats, c + 2 * cStride).add(c20).intoArray(floats, c + 2 * cStride);
        FloatVector.fromArray(V, floats, c + 3 * cStride).add(c30).intoArray(floats, c + 3 * cStride);
    }
}
