package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat8;
import uk.ac.manchester.tornado.api.types.vectors.Float8;

/// Matrix products in registers. First the right-hand side is copied to panels, eight columns of it behind each other row by row; then a
/// work-item computes 4×8 elements, with one load of eight floats and four of one for each step of the depth. It needs no local memory and
/// no barrier, reads every right-hand side alike, and was the fastest on PoCL of those that do so. Rows and columns beyond the edge are
/// clamped when read and not written.
final class Products {
    /// Rows a work-item.
    static final int ROWS = 4;
    /// Columns a work-item, and a panel.
    static final int COLUMNS = 8;

    private Products() {}

    /// Operands: a, b, y, addend, panels (counted in eights). Work-items: across the depth, down the panels.
    static void kernelPanels(KernelContext c, IntArray control, IntArray table, FloatArray b, FloatArray work, int at, int columnsAt,
            int depthAt, int transposeB) {
        int row = Row.of(control, at);
        int columns = control.get(columnsAt) * table.get(row);
        int depth = control.get(depthAt);
        int k = c.globalIdx;
        int j = c.globalIdy * 8;
        if (k < depth && j < columns) {
            int column = transposeB == 1 ? depth : 1;
            int from = table.get(row + 2) + (transposeB == 1 ? k : k * columns);
            int last = columns - 1;
            Float8 values = new Float8(b.get(from + j * column), b.get(from + Math.min(j + 1, last) * column),
                    b.get(from + Math.min(j + 2, last) * column), b.get(from + Math.min(j + 3, last) * column),
                    b.get(from + Math.min(j + 4, last) * column), b.get(from + Math.min(j + 5, last) * column),
                    b.get(from + Math.min(j + 6, last) * column), b.get(from + Math.min(j + 7, last) * column));
            VectorFloat8 panels = new VectorFloat8(work);
            panels.set(table.get(row + 5) + c.globalIdy * depth + k, values);
        }
    }

    /// Operands: a, b, y, addend, panels (counted in eights). Work-items: across the panels, down the rows. A transposed a is read with its strides exchanged.
    ///
    /// @param mode 0 no addend, 1 a row, 2 a matrix
    static void kernelProduct(KernelContext c, IntArray control, IntArray table, FloatArray a, FloatArray addend, FloatArray work, int at,
            int rowsAt, int columnsAt, int depthAt, int transposeA, int mode) {
        int row = Row.of(control, at);
        int rows = control.get(rowsAt) * table.get(row);
        int columns = control.get(columnsAt);
        int i = c.globalIdy * 4;
        int j = c.globalIdx * 8;
        if (i < rows && j < columns) {
            int depth = control.get(depthAt);
            int aRow = transposeA == 1 ? 1 : depth;
            int aStep = transposeA == 1 ? rows : 1;
            int a0 = table.get(row + 1) + i * aRow;
            int a1 = table.get(row + 1) + Math.min(i + 1, rows - 1) * aRow;
            int a2 = table.get(row + 1) + Math.min(i + 2, rows - 1) * aRow;
            int a3 = table.get(row + 1) + Math.min(i + 3, rows - 1) * aRow;
            VectorFloat8 panels = new VectorFloat8(work);
            int panel = table.get(row + 5) + c.globalIdx * depth;
            Float8 s0 = all(0f);
            Float8 s1 = all(0f);
            Float8 s2 = all(0f);
            Float8 s3 = all(0f);
            for (int k = 0; k < depth; k++) {
                Float8 values = panels.get(panel + k);
                s0 = Float8.add(s0, Float8.mult(values, all(a.get(a0 + k * aStep))));
                s1 = Float8.add(s1, Float8.mult(values, all(a.get(a1 + k * aStep))));
                s2 = Float8.add(s2, Float8.mult(values, all(a.get(a2 + k * aStep))));
                s3 = Float8.add(s3, Float8.mult(values, all(a.get(a3 + k * aStep))));
            }
            // One loop in place of 32 writes: TornadoVM refuses to inline that many.
            float[] sums = new float[32];
            sums[0] = s0.getS0();
            sums[1] = s0.getS1();
            sums[2] = s0.getS2();
            sums[3] = s0.getS3();
            sums[4] = s0.getS4();
            sums[5] = s0.getS5();
            sums[6] = s0.getS6();
            sums[7] = s0.getS7();
            sums[8] = s1.getS0();
            sums[9] = s1.getS1();
            sums[10] = s1.getS2();
            sums[11] = s1.getS3();
            sums[12] = s1.getS4();
            sums[13] = s1.getS5();
            sums[14] = s1.getS6();
            sums[15] = s1.getS7();
            sums[16] = s2.getS0();
            sums[17] = s2.getS1();
            sums[18] = s2.getS2();
            sums[19] = s2.getS3();
            sums[20] = s2.getS4();
            sums[21] = s2.getS5();
            sums[22] = s2.getS6();
            sums[23] = s2.getS7();
            sums[24] = s3.getS0();
            sums[25] = s3.getS1();
            sums[26] = s3.getS2();
            sums[27] = s3.getS3();
            sums[28] = s3.getS4();
            sums[29] = s3.getS5();
            sums[30] = s3.getS6();
            sums[31] = s3.getS7();
            int to = table.get(row + 3);
            int from = table.get(row + 4);
            int addendRow = mode == 2 ? columns : 0;
            for (int r = 0; r < 4; r++) {
                for (int q = 0; q < 8; q++) {
                    if (i + r < rows && j + q < columns) {
                        float sum = sums[8 * r + q];
                        if (mode > 0) {
                            sum += addend.get(from + (i + r) * addendRow + j + q);
                        }
                        work.set(to + (i + r) * columns + j + q, sum);
                    }
                }
            }
        }
    }

    private static Float8 all(float value) {
        return new Float8(value, value, value, value, value, value, value, value);
    }

    /// Operands: a, b, y, addend. Puts the addend where the result of a product goes that adds to it.
    ///
    /// @param bias 1 if the addend is a row
    static void kernelStart(KernelContext c, IntArray control, IntArray table, FloatArray addend, FloatArray y, int at, int size,
            int columnsAt, int bias) {
        start(control, table, addend, y, at, size, columnsAt, bias, c.globalIdx);
    }

    static void start(IntArray control, IntArray table, FloatArray addend, FloatArray y, int at, int size, int columnsAt, int bias,
            int i) {
        int row = Row.of(control, at);
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
        int row = Row.of(control, at);
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
