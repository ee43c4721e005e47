package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Kernels that pick, scatter and average rows.
final class Tables {
    private Tables() {}

    /// Operands: table, indices, y; a work-item an element of y.
    static void kernelGather(KernelContext c, IntArray control, IntArray table, FloatArray x, IntArray ints, FloatArray y, int at,
            int size, int columnsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int columns = control.get(columnsAt);
            int token = i / columns;
            int picked = ints.get(table.get(row + 2) + token);
            y.set(table.get(row + 3) + i, x.get(table.get(row + 1) + picked * columns + (i - token * columns)));
        }
    }

    /// Operands: x, indices, addend, y; a work-item an element of y, which looks for its rows: no two write the same.
    static void kernelScatterAdd(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int size,
            int rowsAt, int columnsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int columns = control.get(columnsAt);
            int rows = control.get(rowsAt);
            int target = i / columns;
            int from = table.get(row + 1) + (i - target * columns);
            int indices = table.get(row + 2);
            float sum = work.get(table.get(row + 3) + i);
            for (int n = 0; n < rows; n++) {
                if (ints.get(indices + n) == target) {
                    sum += work.get(from + n * columns);
                }
            }
            work.set(table.get(row + 4) + i, sum);
        }
    }

    /// Operands: x, starts, y; a work-item an element of y.
    static void kernelSegmentMean(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int size,
            int columnsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int columns = control.get(columnsAt);
            int n = i / columns;
            int first = ints.get(table.get(row + 2) + n);
            int last = ints.get(table.get(row + 2) + n + 1);
            int from = table.get(row + 1) + (i - n * columns);
            float sum = 0f;
            for (int t = first; t < last; t++) {
                sum += work.get(from + t * columns);
            }
            work.set(table.get(row + 3) + i, sum / (last - first));
        }
    }

    /// Operands: g, starts, dx; a work-item an element of g, which writes its column of the segment.
    static void kernelSegmentSpread(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int size,
            int columnsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int columns = control.get(columnsAt);
            int n = i / columns;
            int first = ints.get(table.get(row + 2) + n);
            int last = ints.get(table.get(row + 2) + n + 1);
            int to = table.get(row + 3) + (i - n * columns);
            float share = work.get(table.get(row + 1) + i) / (last - first);
            for (int t = first; t < last; t++) {
                work.set(to + t * columns, share);
            }
        }
    }
}
