package lowland.cpu;

/// A frozen matrix of one layer, held packed only; writing it packs the new one in the old one's place.
final class Weight {
    private final int out;
    private final int in;
    private final PackedMatrix packed;

    Weight(int out, int in) {
        this.out = out;
        this.in = in;
        packed = PackedMatrix.zero(out, in);
    }

    PackedMatrix packed() {
        return packed;
    }

    void write(float[] values) {
        packed.pack(values, 0);
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
