package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Dropout by counter-based masks: y = x·scale where kept, else 0, with scale = 1/(1 − p) given by the caller.
///
/// Channel c of a row is kept iff the upper 32 bits of mix(rowKey + (c + 1)·0x9E3779B97F4A7C15), taken as unsigned, are at least the
/// threshold round(p·2³²); mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014). An integer comparison, so every executor
/// keeps the same elements. The backward pass is the same function of the gradient.
///
/// Whole vectors go through registers on every machine of at least 256 bits; the rest and narrower machines go element by element.
public final class DropoutMask {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long FIRST_FACTOR = 0xBF58476D1CE4E5B9L;
    private static final long SECOND_FACTOR = 0x94D049BB133111EBL;

    private static final boolean VECTORS = Lanes.COUNT >= 8;
    /// A vector of counters, and one of as many floats: half as wide.
    private static final VectorSpecies<Long> COUNTERS = VectorSpecies.of(long.class, Lanes.FLOATS.vectorShape());
    private static final VectorSpecies<Float> V = VectorSpecies.of(float.class, VectorShape.forBitSize(Lanes.FLOATS.vectorBitSize() / 2));
    private static final int L = COUNTERS.length();
    /// What the counters of the first channels are, from the row's key on.
    private static final LongVector FIRST = LongVector.zero(COUNTERS).addIndex(1).add(1).mul(GOLDEN);

    private DropoutMask() {
    }

    /// Rows r0 … r1 − 1 of y; row r's key is `rowKeys[ko + r]`. y may be x.
    public static void apply(float[] x, int xo, long[] rowKeys, int ko, long threshold, float scale, float[] y, int yo, int channels,
                             int r0, int r1) {
        int whole = VECTORS ? channels - channels % L : 0;
        for (int r = r0; r < r1; r++) {
            long key = rowKeys[ko + r];
            int from = xo + r * channels;
            int to = yo + r * channels;
            wholeVectors(x, from, key, threshold, scale, y, to, whole);
            for (int c = whole; c < channels; c++) {
                y[to + c] = mix(skip(key, c + 1)) >>> 32 >= threshold ? x[from + c] * scale : 0f;
            }
        }
    }

    private static void wholeVectors(float[] x, int from, long key, long threshold, float scale, float[] y, int to, int n) {
        LongVector counter = FIRST.add(key);
        for (int c = 0; c < n; c += L) {
            LongVector z = counter;
            z = z.lanewise(VectorOperators.LSHR, 30).lanewise(VectorOperators.XOR, z).mul(FIRST_FACTOR);
            z = z.lanewise(VectorOperators.LSHR, 27).lanewise(VectorOperators.XOR, z).mul(SECOND_FACTOR);
            z = z.lanewise(VectorOperators.LSHR, 31).lanewise(VectorOperators.XOR, z).lanewise(VectorOperators.LSHR, 32);
            VectorMask<Float> kept = z.compare(VectorOperators.GE, threshold).cast(V);
            FloatVector.zero(V).blend(FloatVector.fromArray(V, x, from + c).mul(scale), kept).intoArray(y, to + c);
            counter = counter.add(L * GOLDEN);
        }
    }

    /// The key under which channel c is channel `channels` + c of `rowKey`.
    static long skip(long rowKey, long channels) {
        return rowKey + channels * GOLDEN;
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * FIRST_FACTOR;
        z = (z ^ z >>> 27) * SECOND_FACTOR;
        return z ^ z >>> 31;
    }
}
