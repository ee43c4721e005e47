package lowland.tornado;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// How a kernel finds its operands: a row of integers for each task and layer, in one table. Nothing in it changes but the first integer,
/// in which kernels count themselves: TornadoVM goes on in silence where OpenCL refuses to start one.
///
/// | place      | holds                                                          |
/// |------------|----------------------------------------------------------------|
/// | 0          | 1, or 0 where this layer does not need the operation           |
/// | 1 …        | where each operand starts in its buffer, in the kernel's order |
///
/// Where a kernel takes one buffer under two names, the one that it writes comes last: TornadoVM's graph compiler loops for ever otherwise.
///
/// `control` is written by the host before every graph: the layer, three arguments of the graphs that move data, where the rows of the
/// graph's tasks start, slot by slot, and the size in this run of every axis and every value that a kernel asks for. Numbers that a kernel
/// is given become constants of its source: with a slot in place of a row, kernels of many graphs are the same, and a driver that keeps
/// what it compiled need not compile them again.
final class Row {
    /// Integers a row.
    static final int WIDTH = 16;
    /// Where `table` counts the kernels that ran.
    static final int RAN = 0;
    /// Places in `control`.
    static final int LAYER = 0;
    static final int FROM = 1;
    static final int TO = 2;
    static final int COUNT = 3;
    static final int SLOTS = 4;
    static final int SIZES = SLOTS + 256;

    private Row() {}

    /// The row of the task with this slot.
    static int of(IntArray control, int at) {
        return control.get(SLOTS + at) + control.get(LAYER) * WIDTH;
    }

    /// The same for a kernel, which is counted.
    ///
    /// @param item 0 for one work-item alone
    static int of(int item, IntArray control, IntArray table, int at) {
        count(item, table);
        return of(control, at);
    }

    /// Counts a kernel.
    static void count(int item, IntArray table) {
        if (item == 0) {
            table.set(RAN, table.get(RAN) + 1);
        }
    }
}
