package lowland.cpu;

/// Dropout by counter-based masks: y = x·scale where kept, else 0, with scale = 1/(1 − p) given by the caller.
///
/// Channel c of a row is kept iff the upper 32 bits of mix(rowKey + (c + 1)·0x9E3779B97F4A7C15), taken as unsigned, are at least the
/// threshold round(p·2³²); mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014). An integer comparison, so every executor
/// keeps the same elements. The backward pass is the same function of the gradient.
public final class DropoutMask {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private DropoutMask() {
    }

    /// Rows r0 … r1 − 1 of y; row r's key is `rowKeys[ko + r]`. y may be x.
    public static void apply(float[] x, int xo, long[] rowKeys, int ko, long threshold, float scale, float[] y, int yo, int channels,
                             int r0, int r1) {
        for (int r = r0; r < r1; r++) {
            long counter = rowKeys[ko + r];
            int from = xo + r * channels;
            int to = yo + r * channels;
            for (int c = 0; c < channels; c++) {
                counter += GOLDEN;
                y[to + c] = mix(counter) >>> 32 >= threshold ? x[from + c] * scale : 0f;
            }
        }
    }

    /// The key under which channel c is channel `channels` + c of `rowKey`.
    static long skip(long rowKey, long channels) {
        return rowKey + channels * GOLDEN;
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
