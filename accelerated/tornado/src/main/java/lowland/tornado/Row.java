package lowland.tornado;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// How a kernel finds its operands: a row of integers for each task and layer, in one table that never changes.
///
/// | place      | holds                                                          |
/// |------------|----------------------------------------------------------------|
/// | 0          | 1, or 0 where this layer does not need the operation           |
/// | 1 …        | where each operand starts in its buffer, in the kernel's order |
///
/// Where a kernel takes one buffer under two names, the one that it writes comes last: TornadoVM's graph compiler loops for ever otherwise.
///
/// `control` is written by the host before every graph: the layer, three arguments of the graphs that move data, and the size in
/// this run of every axis and every value that a kernel asks for.
final class Row {
    /// Integers a row.
    static final int WIDTH = 16;
    /// Places in `control`.
    static final int LAYER = 0;
    static final int FROM = 1;
    static final int TO = 2;
    static final int COUNT = 3;
    static final int SIZES = 4;

    private Row() {}

    /// The row of the task whose rows start at `at`.
    static int of(IntArray control, int at) {
        return at + control.get(LAYER) * WIDTH;
    }
}
