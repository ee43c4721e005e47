package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Matrix products in registers: a work-item computes 4×4 elements. It needs no local memory and no barrier, and was the fastest of those
/// tried on PoCL. Rows and columns beyond the edge are clamped when read and not written.
final class Products {
    /// Rows and columns a work-item.
    static final int BLOCK = 4;

    private Products() {}

    /// Operands: a, b, y, addend. Transposed operands are read with their strides exchanged.
    ///
    /// @param mode 0 no addend, 1 a row, 2 a matrix
    static void kernelProduct(KernelContext c, IntArray control, IntArray table, FloatArray a, FloatArray b,
            FloatArray addend, FloatArray y, int at, int rowsAt, int columnsAt, int depthAt, int transposeA, int transposeB, int mode) {
        int row = Row.of(c.globalIdx + c.globalIdy, control, table, at);
        int rows = control.get(rowsAt) * table.get(row);
        int columns = control.get(columnsAt);
        int i = c.globalIdy * 4;
        int j = c.globalIdx * 4;
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
