package lowland.cpu;

/// A frozen matrix of one layer, held packed only; writing it packs the new one in the old one's place. All workers pack a whole one.
final class Weight {
    private final Workers workers;
    private final int out;
    private final int in;
    private final PackedMatrix packed;

    Weight(Workers workers, int out, int in) {
        this.workers = workers;
        this.out = out;
        this.in = in;
        packed = PackedMatrix.zero(out, in);
    }

    PackedMatrix packed() {
        return packed;
    }

    /// Sets `count` elements from the index `from` on.
    void write(int from, float[] values, int count) {
        if (count == out * in) {
            workers.run(PackedMatrix.panelCount(out), (panel, _) -> packed.pack(panel, values, 0));
            return;
        }
        for (int i = 0; i < count; i++) {
            packed.set((from + i) / in, (from + i) % in, values[i]);
        }
    }

    float[] read() {
        float[] values = new float[out * in];
        for (int i = 0; i < out; i++) {
            for (int j = 0; j < in; j++) {
                values[i * in + j] = packed.get(i, j);
            }
        }
        return values;
    }
}
