package lowland.tornado;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;

/// A kernel with its arguments, recorded once the buffers exist, and the grid of its work-items: without a grid TornadoVM would run one
/// work-item, and say nothing. A call of a library has none.
record Task(WorkerGrid grid, Call call) {
    interface Call {
        void record(TaskGraph graph, String id, Buffers buffers);
    }

    /// A work-item for each of so many elements.
    static Task elements(int count, Call call) {
        return new Task(line(count, 64), call);
    }

    /// A work-item for each of so many rows or columns, which are much work each.
    static Task rows(int count, Call call) {
        return new Task(line(count, 8), call);
    }

    /// A call of a library, which has grids of its own.
    static Task library(Call call) {
        return new Task(null, call);
    }

    static Task one(Call call) {
        return new Task(line(1, 1), call);
    }

    /// A work-item for each block of a matrix, in work-groups of 16 by 4.
    static Task blocks(int across, int down, Call call) {
        return blocks(across, down, 16, 4, call);
    }

    /// A work-item for each block of a matrix; a work-group has 16 blocks of a column, which read the same columns of the right-hand side.
    static Task columns(int across, int down, Call call) {
        return blocks(across, down, 1, 16, call);
    }

    private static Task blocks(int across, int down, int mostAcross, int mostDown, Call call) {
        int width = Math.min(mostAcross, Integer.highestOneBit(2 * across - 1));
        int height = Math.min(mostDown, Integer.highestOneBit(2 * down - 1));
        WorkerGrid grid = new WorkerGrid2D(Math.ceilDiv(across, width) * width, Math.ceilDiv(down, height) * height);
        grid.setLocalWork(width, height, 1);
        return new Task(grid, call);
    }

    private static WorkerGrid line(int count, int local) {
        WorkerGrid grid = new WorkerGrid1D(Math.ceilDiv(count, local) * local);
        grid.setLocalWork(local, 1, 1);
        return grid;
    }
}
