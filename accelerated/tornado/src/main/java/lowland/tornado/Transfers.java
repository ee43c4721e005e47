package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Kernels that move data between the buffers of host and device.
final class Transfers {
    private Transfers() {}

    /// Touches every buffer, so that each is allocated: one that the first graph does not use would not be.
    static void kernelTouchReals(KernelContext c, IntArray table, FloatArray a) {
        Row.count(c.globalIdx, table);
        if (c.globalIdx == 0) {
            a.set(0, a.get(0));
        }
    }

    static void kernelTouchRest(KernelContext c, DoubleArray small, IntArray ints, IntArray table) {
        Row.count(c.globalIdx, table);
        if (c.globalIdx == 0) {
            small.set(0, small.get(0));
            ints.set(0, ints.get(0));
        }
    }

    /// Copies COUNT elements of `from`, from FROM on, to `to`, from TO on.
    static void kernelMoveReals(KernelContext c, IntArray control, IntArray table, FloatArray from, FloatArray to) {
        Row.count(c.globalIdx, table);
        int i = c.globalIdx;
        int count = control.get(Row.COUNT);
        for (int k = i; k < count; k += c.globalGroupSizeX) {
            to.set(control.get(Row.TO) + k, from.get(control.get(Row.FROM) + k));
        }
    }

    static void kernelMoveDoubles(KernelContext c, IntArray control, IntArray table, DoubleArray from, DoubleArray to) {
        Row.count(c.globalIdx, table);
        int i = c.globalIdx;
        int count = control.get(Row.COUNT);
        for (int k = i; k < count; k += c.globalGroupSizeX) {
            to.set(control.get(Row.TO) + k, from.get(control.get(Row.FROM) + k));
        }
    }

    /// Copies what a run was given to where its values live.
    static void kernelTake(KernelContext c, IntArray table, FloatArray givenReals, FloatArray work, int reals, DoubleArray givenDoubles,
            DoubleArray small, int doubles, IntArray ints) {
        Row.count(c.globalIdx, table);
        int i = c.globalIdx;
        if (i < reals) {
            work.set(i, givenReals.get(i));
        }
        if (i < doubles) {
            small.set(i, givenDoubles.get(i));
        }
        if (i == 0) {
            ints.set(0, ints.get(0));
        }
    }

    /// Picks the double scalars whose places are `wanted`, behind their number; the answers come behind the number of kernels that ran,
    /// this one too.
    static void kernelAnswer(KernelContext c, IntArray table, IntArray wanted, DoubleArray small, DoubleArray answers) {
        Row.count(c.globalIdx, table);
        int i = c.globalIdx;
        if (i == 0) {
            answers.set(0, table.get(Row.RAN));
        }
        if (i < wanted.get(0)) {
            answers.set(i + 1, small.get(wanted.get(i + 1)));
        }
    }
}
