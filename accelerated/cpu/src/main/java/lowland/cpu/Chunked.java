package lowland.cpu;

import lowland.program.Size;

/// Something done for a range of items (elements, rows, sequences), in pieces of fixed size that the workers share. A piece writes
/// only what belongs to its items, so the result does not depend on who does it.
final class Chunked implements Bound {
    /// What is done for the items `from` … `to` − 1 on a worker.
    interface Range {
        void apply(int from, int to, int worker);
    }

    private final Workers workers;
    private final Size items;
    private final int grain;
    private final Range range;
    private final Workers.Chunk chunk = this::chunk;
    private int count;

    /// @param grain the items of a piece
    Chunked(Workers workers, Size items, int grain, Range range) {
        this.workers = workers;
        this.items = items;
        this.grain = grain;
        this.range = range;
    }

    @Override
    public void run() {
        count = items.get();
        if (count <= grain) {
            range.apply(0, count, 0);
        } else {
            workers.run((count + grain - 1) / grain, chunk);
        }
    }

    private void chunk(int chunk, int worker) {
        int from = chunk * grain;
        range.apply(from, Math.min(count, from + grain), worker);
    }
}
