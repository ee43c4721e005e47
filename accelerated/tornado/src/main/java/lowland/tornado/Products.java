package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/// Matrix products in registers: a work-item computes a block of the result, without local memory and without a barrier. Rows and columns
/// beyond the edge are clamped when read and not written.
///
/// | kernel                     | eight floats at once are               | for                                                     |
/// |----------------------------|----------------------------------------|---------------------------------------------------------|
/// | [#kernelProductOfColumns]  | columns of the result                  | whole eights of columns; a transposed b of a low depth  |
/// | [#kernelProductOfRows]     | of the depth, along rows of both       | a·bᵀ of a depth of whole eights                         |
/// | [#kernelProduct]           | nothing                                | everything else                                         |
///
/// Arrays are seen as vectors by a view that TornadoVM's compiler removes, but takes for a write: so a viewed array comes behind the same one
/// under another name (see [Row]), and no array is viewed under two names. Hence each kernel of vectors has a second form for operands that
/// are all in `work`, with the same body.
final class Products {
    /// Rows and columns of a block of [#kernelProduct].
    static final int BLOCK = 4;
    /// Rows and columns of a block of [#kernelProductOfRows].
    static final int ROWS_DOWN = 2;
    static final int ROWS_ACROSS = 4;
    /// Rows and columns of a block of [#kernelProductOfColumns].
    static final int COLUMNS_DOWN = 4;
    static final int COLUMNS_ACROSS = 16;

    private Products() {}

    /// Operands: a, b, y, addend; a is in `work`. y = a·bᵀ + addend, for a depth of whole eights: each element is the sum of eight sums along
    /// two rows.
    ///
    /// @param mode 0 no addend, 1 a row, 2 a matrix
    static void kernelProductOfRows(KernelContext c, IntArray control, IntArray table, FloatArray addend, FloatArray b, FloatArray work,
            int at, int rowsAt, int columnsAt, int depthAt, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        ofRows(c.globalIdx, c.globalIdy, control, table, row, addend, b, work, rowsAt, columnsAt, depthAt, mode);
    }

    /// The same with b in `work`.
    static void kernelProductOfRowsWithin(KernelContext c, IntArray control, IntArray table, FloatArray addend, FloatArray work, int at,
            int rowsAt, int columnsAt, int depthAt, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        ofRows(c.globalIdx, c.globalIdy, control, table, row, addend, work, work, rowsAt, columnsAt, depthAt, mode);
    }

    /// A block, x-th of its row and y-th of its column.
    private static void ofRows(int x, int y, IntArray control, IntArray table, int row, FloatArray addend, FloatArray b, FloatArray work,
            int rowsAt, int columnsAt, int depthAt, int mode) {
        int rows = control.get(rowsAt) * table.get(row);
        int columns = control.get(columnsAt);
        int i = y * ROWS_DOWN;
        int j = x * ROWS_ACROSS;
        if (i < rows && j < columns) {
            VectorFloat8 left = new VectorFloat8(work);
            VectorFloat8 right = new VectorFloat8(b);
            int depth = control.get(depthAt) >> 3;
            int a0 = (table.get(row + 1) >> 3) + i * depth;
            int a1 = (table.get(row + 1) >> 3) + Math.min(i + 1, rows - 1) * depth;
            int b0 = (table.get(row + 2) >> 3) + j * depth;
            int b1 = (table.get(row + 2) >> 3) + Math.min(j + 1, columns - 1) * depth;
            int b2 = (table.get(row + 2) >> 3) + Math.min(j + 2, columns - 1) * depth;
            int b3 = (table.get(row + 2) >> 3) + Math.min(j + 3, columns - 1) * depth;
            Float8 s00 = all(0f);
            Float8 s01 = all(0f);
            Float8 s02 = all(0f);
            Float8 s03 = all(0f);
            Float8 s10 = all(0f);
            Float8 s11 = all(0f);
            Float8 s12 = all(0f);
            Float8 s13 = all(0f);
            for (int k = 0; k < depth; k++) {
                Float8 x0 = left.get(a0 + k);
                Float8 x1 = left.get(a1 + k);
                Float8 y0 = right.get(b0 + k);
                Float8 y1 = right.get(b1 + k);
                Float8 y2 = right.get(b2 + k);
                Float8 y3 = right.get(b3 + k);
                s00 = Float8.add(s00, Float8.mult(x0, y0));
                s01 = Float8.add(s01, Float8.mult(x0, y1));
                s02 = Float8.add(s02, Float8.mult(x0, y2));
                s03 = Float8.add(s03, Float8.mult(x0, y3));
                s10 = Float8.add(s10, Float8.mult(x1, y0));
                s11 = Float8.add(s11, Float8.mult(x1, y1));
                s12 = Float8.add(s12, Float8.mult(x1, y2));
                s13 = Float8.add(s13, Float8.mult(x1, y3));
            }
            int to = table.get(row + 3);
            int from = table.get(row + 4);
            put(work, to, addend, from, i, j, rows, columns, mode, total(s00));
            put(work, to, addend, from, i, j + 1, rows, columns, mode, total(s01));
            put(work, to, addend, from, i, j + 2, rows, columns, mode, total(s02));
            put(work, to, addend, from, i, j + 3, rows, columns, mode, total(s03));
            put(work, to, addend, from, i + 1, j, rows, columns, mode, total(s10));
            put(work, to, addend, from, i + 1, j + 1, rows, columns, mode, total(s11));
            put(work, to, addend, from, i + 1, j + 2, rows, columns, mode, total(s12));
            put(work, to, addend, from, i + 1, j + 3, rows, columns, mode, total(s13));
        }
    }

    private static Float8 all(float value) {
        return new Float8(value, value, value, value, value, value, value, value);
    }

    private static float total(Float8 s) {
        return ((s.getS0() + s.getS4()) + (s.getS1() + s.getS5())) + ((s.getS2() + s.getS6()) + (s.getS3() + s.getS7()));
    }

    /// Operands: a, b, y, addend; y and the addend are in `work`. y = op(a)·op(b) + addend, for whole eights of columns: eight elements at once
    /// grow by an element of a times eight of b. Those of a transposed b are picked one by one, which pays where there is too little depth for
    /// [#kernelProductOfRows] to make up for the sums at its end.
    ///
    /// @param mode 0 no addend, 1 a row, 2 a matrix
    static void kernelProductOfColumns(KernelContext c, IntArray control, IntArray table, FloatArray a, FloatArray b, FloatArray work,
            int at, int rowsAt, int columnsAt, int depthAt, int transposeA, int transposeB, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        ofColumns(c.globalIdx, c.globalIdy, control, table, row, a, b, work, rowsAt, columnsAt, depthAt, transposeA, transposeB, mode);
    }

    /// The same with a and b in `work`.
    static void kernelProductOfColumnsWithin(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt,
            int columnsAt, int depthAt, int transposeA, int transposeB, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        ofColumns(c.globalIdx, c.globalIdy, control, table, row, work, work, work, rowsAt, columnsAt, depthAt, transposeA, transposeB, mode);
    }

    /// A block, x-th of its row and y-th of its column.
    private static void ofColumns(int x, int y, IntArray control, IntArray table, int row, FloatArray a, FloatArray b, FloatArray work,
            int rowsAt, int columnsAt, int depthAt, int transposeA, int transposeB, int mode) {
        int rows = control.get(rowsAt) * table.get(row);
        int across = control.get(columnsAt) >> 3;
        int i = y * COLUMNS_DOWN;
        int j = x * (COLUMNS_ACROSS / 8);
        if (i < rows && j < across) {
            VectorFloat8 right = new VectorFloat8(b);
            int depth = control.get(depthAt);
            int aRow = transposeA == 1 ? 1 : depth;
            int aStep = transposeA == 1 ? rows : 1;
            int a0 = table.get(row + 1) + i * aRow;
            int a1 = table.get(row + 1) + Math.min(i + 1, rows - 1) * aRow;
            int a2 = table.get(row + 1) + Math.min(i + 2, rows - 1) * aRow;
            int a3 = table.get(row + 1) + Math.min(i + 3, rows - 1) * aRow;
            int bColumns = transposeB == 1 ? 8 * depth : 8;
            int b0 = table.get(row + 2) + j * bColumns;
            int b1 = table.get(row + 2) + Math.min(j + 1, across - 1) * bColumns;
            Float8 s00 = all(0f);
            Float8 s01 = all(0f);
            Float8 s10 = all(0f);
            Float8 s11 = all(0f);
            Float8 s20 = all(0f);
            Float8 s21 = all(0f);
            Float8 s30 = all(0f);
            Float8 s31 = all(0f);
            for (int k = 0; k < depth; k++) {
                Float8 y0 = transposeB == 1 ? along(b, b0 + k, depth) : right.get((b0 >> 3) + k * across);
                Float8 y1 = transposeB == 1 ? along(b, b1 + k, depth) : right.get((b1 >> 3) + k * across);
                Float8 x0 = all(a.get(a0 + k * aStep));
                Float8 x1 = all(a.get(a1 + k * aStep));
                Float8 x2 = all(a.get(a2 + k * aStep));
                Float8 x3 = all(a.get(a3 + k * aStep));
                s00 = Float8.add(s00, Float8.mult(x0, y0));
                s01 = Float8.add(s01, Float8.mult(x0, y1));
                s10 = Float8.add(s10, Float8.mult(x1, y0));
                s11 = Float8.add(s11, Float8.mult(x1, y1));
                s20 = Float8.add(s20, Float8.mult(x2, y0));
                s21 = Float8.add(s21, Float8.mult(x2, y1));
                s30 = Float8.add(s30, Float8.mult(x3, y0));
                s31 = Float8.add(s31, Float8.mult(x3, y1));
            }
            VectorFloat8 results = new VectorFloat8(work);
            int to = table.get(row + 3) >> 3;
            int from = table.get(row + 4) >> 3;
            put(results, to, from, i, j, rows, across, mode, s00);
            put(results, to, from, i, j + 1, rows, across, mode, s01);
            put(results, to, from, i + 1, j, rows, across, mode, s10);
            put(results, to, from, i + 1, j + 1, rows, across, mode, s11);
            put(results, to, from, i + 2, j, rows, across, mode, s20);
            put(results, to, from, i + 2, j + 1, rows, across, mode, s21);
            put(results, to, from, i + 3, j, rows, across, mode, s30);
            put(results, to, from, i + 3, j + 1, rows, across, mode, s31);
        }
    }

    /// Eight floats, so far apart.
    private static Float8 along(FloatArray b, int from, int step) {
        return new Float8(b.get(from), b.get(from + step), b.get(from + 2 * step), b.get(from + 3 * step), b.get(from + 4 * step),
                b.get(from + 5 * step), b.get(from + 6 * step), b.get(from + 7 * step));
    }

    /// Eight columns at once; all places are counted in eights.
    private static void put(VectorFloat8 work, int to, int from, int i, int j, int rows, int across, int mode, Float8 sums) {
        if (i < rows && j < across) {
            Float8 result = sums;
            if (mode > 0) {
                result = Float8.add(sums, work.get(from + (mode == 2 ? i * across : 0) + j));
            }
            work.set(to + i * across + j, result);
        }
    }

    /// Operands: a, b, y, addend. Transposed operands are read with their strides exchanged.
    ///
    /// @param mode 0 no addend, 1 a row, 2 a matrix
    static void kernelProduct(KernelContext c, IntArray control, IntArray table, FloatArray a, FloatArray b,
            FloatArray addend, FloatArray y, int at, int rowsAt, int columnsAt, int depthAt, int transposeA, int transposeB, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        int rows = control.get(rowsAt) * table.get(row);
        int columns = control.get(columnsAt);
        int i = c.globalIdy * BLOCK;
        int j = c.globalIdx * BLOCK;
        if (i < rows && j < columns) {
            int depth = control.get(depthAt);
            int aRow = transposeA == 1 ? 1 : depth;
            int aStep = transposeA == 1 ? rows : 1;
            int bColumn = transposeB == 1 ? depth : 1;
            int bStep = transposeB == 1 ? 1 : columns;
            int a0 = table.get(row + 1) + i * aRow;
            int a1 = table.get(row + 1) + Math.min(i + 1, rows - 1) * aRow;
            int a2 = table.get(row + 1) + Math.min(i + 2, rows - 1) * aRow;
            int a3 = table.get(row + 1) + Math.min(i + 3, rows - 1) * aRow;
            int b0 = table.get(row + 2) + j * bColumn;
            int b1 = table.get(row + 2) + Math.min(j + 1, columns - 1) * bColumn;
            int b2 = table.get(row + 2) + Math.min(j + 2, columns - 1) * bColumn;
            int b3 = table.get(row + 2) + Math.min(j + 3, columns - 1) * bColumn;
            float s00 = 0f;
            float s01 = 0f;
            float s02 = 0f;
            float s03 = 0f;
            float s10 = 0f;
            float s11 = 0f;
            float s12 = 0f;
            float s13 = 0f;
            float s20 = 0f;
            float s21 = 0f;
            float s22 = 0f;
            float s23 = 0f;
            float s30 = 0f;
            float s31 = 0f;
            float s32 = 0f;
            float s33 = 0f;
            for (int k = 0; k < depth; k++) {
                float x0 = a.get(a0 + k * aStep);
                float x1 = a.get(a1 + k * aStep);
                float x2 = a.get(a2 + k * aStep);
                float x3 = a.get(a3 + k * aStep);
                float y0 = b.get(b0 + k * bStep);
                float y1 = b.get(b1 + k * bStep);
                float y2 = b.get(b2 + k * bStep);
                float y3 = b.get(b3 + k * bStep);
                s00 += x0 * y0;
                s01 += x0 * y1;
                s02 += x0 * y2;
                s03 += x0 * y3;
                s10 += x1 * y0;
                s11 += x1 * y1;
                s12 += x1 * y2;
                s13 += x1 * y3;
                s20 += x2 * y0;
                s21 += x2 * y1;
                s22 += x2 * y2;
                s23 += x2 * y3;
                s30 += x3 * y0;
                s31 += x3 * y1;
                s32 += x3 * y2;
                s33 += x3 * y3;
            }
            int to = table.get(row + 3);
            int from = table.get(row + 4);
            put(y, to, addend, from, i, j, rows, columns, mode, s00);
            put(y, to, addend, from, i, j + 1, rows, columns, mode, s01);
            put(y, to, addend, from, i, j + 2, rows, columns, mode, s02);
            put(y, to, addend, from, i, j + 3, rows, columns, mode, s03);
            put(y, to, addend, from, i + 1, j, rows, columns, mode, s10);
            put(y, to, addend, from, i + 1, j + 1, rows, columns, mode, s11);
            put(y, to, addend, from, i + 1, j + 2, rows, columns, mode, s12);
            put(y, to, addend, from, i + 1, j + 3, rows, columns, mode, s13);
            put(y, to, addend, from, i + 2, j, rows, columns, mode, s20);
            put(y, to, addend, from, i + 2, j + 1, rows, columns, mode, s21);
            put(y, to, addend, from, i + 2, j + 2, rows, columns, mode, s22);
            put(y, to, addend, from, i + 2, j + 3, rows, columns, mode, s23);
            put(y, to, addend, from, i + 3, j, rows, columns, mode, s30);
            put(y, to, addend, from, i + 3, j + 1, rows, columns, mode, s31);
            put(y, to, addend, from, i + 3, j + 2, rows, columns, mode, s32);
            put(y, to, addend, from, i + 3, j + 3, rows, columns, mode, s33);
        }
    }

    private static void put(FloatArray y, int to, FloatArray addend, int from, int i, int j, int rows, int columns, int mode, float sum) {
        if (i < rows && j < columns) {
            float result = sum;
            if (mode == 1) {
                result = sum + addend.get(from + j);
            }
            if (mode == 2) {
                result = sum + addend.get(from + i * columns + j);
            }
            y.set(to + i * columns + j, result);
        }
    }

    /// Operands: a, b, y, addend. Puts the addend where the result of a product goes that adds to it.
    ///
    /// @param bias 1 if the addend is a row
    static void kernelStart(KernelContext c, IntArray control, IntArray table, FloatArray addend, FloatArray y, int at, int size,
            int columnsAt, int bias) {
        int row = Row.of(c.globalIdx, control, table, at);
        start(control, table, addend, y, row, size, columnsAt, bias, c.globalIdx);
    }

    static void start(IntArray control, IntArray table, FloatArray addend, FloatArray y, int row, int size, int columnsAt, int bias,
            int i) {
        if (i < control.get(size) * table.get(row)) {
            int from = i;
            if (bias == 1) {
                from = i % control.get(columnsAt);
            }
            y.set(table.get(row + 3) + i, addend.get(table.get(row + 4) + from));
        }
    }

    /// Operands: x, y, addend; a work-item a column.
    ///
    /// @param added 1 if there is an addend
    static void kernelColumnSum(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt, int columnsAt,
            int added) {
        int row = Row.of(c.globalIdx, control, table, at);
        int columns = control.get(columnsAt);
        int j = c.globalIdx;
        if (j < columns * table.get(row)) {
            int rows = control.get(rowsAt);
            int from = table.get(row + 1) + j;
            float sum = 0f;
            for (int i = 0; i < rows; i++) {
                sum += work.get(from + i * columns);
            }
            if (added == 1) {
                sum += work.get(table.get(row + 3) + j);
            }
            work.set(table.get(row + 2) + j, sum);
        }
    }
}
