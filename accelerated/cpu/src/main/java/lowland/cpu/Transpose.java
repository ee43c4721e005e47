package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Copies a matrix transposed: `to[c, r] = from[r, c]`.
///
/// Blocks of 8×8 go through registers on every machine of at least 256 bits; the rest and narrower machines go element by element.
final class Transpose {
    private static final VectorSpecies<Float> EIGHT = FloatVector.SPECIES_256;
    private static final boolean BLOCKS = Lanes.COUNT >= 8;
    private static final VectorShuffle<Float> UP_4 = VectorShuffle.fromOp(EIGHT, i -> i + 4 & 7);
    private static final VectorShuffle<Float> UP_2 = VectorShuffle.fromOp(EIGHT, i -> i ^ 2);
    private static final VectorShuffle<Float> UP_1 = VectorShuffle.fromOp(EIGHT, i -> i ^ 1);
    private static final VectorMask<Float> HIGH_4 = VectorMask.fromLong(EIGHT, 0b11110000);
    private static final VectorMask<Float> HIGH_2 = VectorMask.fromLong(EIGHT, 0b11001100);
    private static final VectorMask<Float> HIGH_1 = VectorMask.fromLong(EIGHT, 0b10101010);

    private Transpose() {
    }

    /// Writes the transpose of the `rows`×`columns` matrix at `from` (row stride `fromStride`) to `to` (row stride `toStride`).
    static void copy(float[] from, int fromAt, int fromStride, int rows, int columns, float[] to, int toAt, int toStride) {
        int wholeRows = BLOCKS ? rows & -8 : 0;
        int wholeColumns = BLOCKS ? columns & -8 : 0;
        for (int r = 0; r < wholeRows; r += 8) {
            for (int c = 0; c < wholeColumns; c += 8) {
                block(from, fromAt + r * fromStride + c, fromStride, to, toAt + c * toStride + r, toStride);
            }
        }
        elements(from, fromAt, fromStride, 0, wholeRows, wholeColumns, columns, to, toAt, toStride);
        elements(from, fromAt, fromStride, wholeRows, rows, 0, columns, to, toAt, toStride);
    }

    private static void elements(float[] from, int fromAt, int fromStride, int r0, int r1, int c0, int c1,
                                 float[] to, int toAt, int toStride) {
        for (int r = r0; r < r1; r++) {
            for (int c = c0; c < c1; c++) {
                to[toAt + c * toStride + r] = from[fromAt + r * fromStride + c];
            }
        }
    }

    /// Three butterfly stages: each exchanges the off-diagonal quarters of blocks of 8, 4, 2.
    private static void block(float[] from, int f, int s, float[] to, int t, int d) {
        FloatVector a0 = FloatVector.fromArray(EIGHT, from, f);
        FloatVector a1 = FloatVector.fromArray(EIGHT, from, f + s);
        FloatVector a2 = FloatVector.fromArray(EIGHT, from, f + 2 * s);
        FloatVector a3 = FloatVector.fromArray(EIGHT, from, f + 3 * s);
        FloatVector a4 = FloatVector.fromArray(EIGHT, from, f + 4 * s);
        FloatVector a5 = FloatVector.fromArray(EIGHT, from, f + 5 * s);
        FloatVector a6 = FloatVector.fromArray(EIGHT, from, f + 6 * s);
        FloatVector a7 = FloatVector.fromArray(EIGHT, from, f + 7 * s);
        FloatVector b0 = a0.blend(a4.rearrange(UP_4), HIGH_4);
        FloatVector b4 = a0.rearrange(UP_4).blend(a4, HIGH_4);
        FloatVector b1 = a1.blend(a5.rearrange(UP_4), HIGH_4);
        FloatVector b5 = a1.rearrange(UP_4).blend(a5, HIGH_4);
        FloatVector b2 = a2.blend(a6.rearrange(UP_4), HIGH_4);
        FloatVector b6 = a2.rearrange(UP_4).blend(a6, HIGH_4);
        FloatVector b3 = a3.blend(a7.rearrange(UP_4), HIGH_4);
        FloatVector b7 = a3.rearrange(UP_4).blend(a7, HIGH_4);
        a0 = b0.blend(b2.rearrange(UP_2), HIGH_2);
        a2 = b0.rearrange(UP_2).blend(b2, HIGH_2);
        a1 = b1.blend(b3.rearrange(UP_2), HIGH_2);
        a3 = b1.rearrange(UP_2).blend(b3, HIGH_2);
        a4 = b4.blend(b6.rearrange(UP_2), HIGH_2);
        a6 = b4.rearrange(UP_2).blend(b6, HIGH_2);
        a5 = b5.blend(b7.rearrange(UP_2), HIGH_2);
        a7 = b5.rearrange(UP_2).blend(b7, HIGH_2);
        a0.blend(a1.rearrange(UP_1), HIGH_1).intoArray(to, t);
        a0.rearrange(UP_1).blend(a1, HIGH_1).intoArray(to, t + d);
        a2.blend(a3.rearrange(UP_1), HIGH_1).intoArray(to, t + 2 * d);
        a2.rearrange(UP_1).blend(a3, HIGH_1).intoArray(to, t + 3 * d);
        a4.blend(a5.rearrange(UP_1), HIGH_1).intoArray(to, t + 4 * d);
        a4.rearrange(UP_1).blend(a5, HIGH_1).intoArray(to, t + 5 * d);
        a6.blend(a7.rearrange(UP_1), HIGH_1).intoArray(to, t + 6 * d);
        a6.rearrange(UP_1).blend(a7, HIGH_1).intoArray(to, t + 7 * d);
    }
}
