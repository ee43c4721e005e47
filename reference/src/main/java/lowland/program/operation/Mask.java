package lowland.program.operation;

import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Value;
import lowland.random.CounterRandom;

/// A dropout mask that is a function of where an element stands: nothing is stored, and every pass and executor sees the same one.
///
/// An element is kept iff `keep(child(child(child(child(child(key, site), layer), sequence), position), channel), round(p·2³²))`
/// in the terms of [CounterRandom]; what is kept is divided by 1 − p. `key` is an INT pair, the upper and the lower 32 bits of the
/// key of (seed, step, micro-batch), and an input of every run: so one compiled program serves all steps.
///
/// @param probability p, in (0, 1)
/// @param site which dropout of the model's code
/// @param key INT [2]
public record Mask(double probability, int site, Value key) {
    public Mask {
        if (!(probability > 0 && probability < 1)) {
            throw new IllegalArgumentException("a mask needs a probability in (0, 1), found " + probability);
        }
        Require.shape("mask", key, ElementType.INT, Extent.of(2));
    }

    /// The run's key from its two halves.
    public static long key(int[] halves) {
        return (long) halves[0] << 32 | halves[1] & 0xFFFFFFFFL;
    }

    /// The two halves of the key of (seed, step, micro-batch).
    public static int[] halves(long seed, long step, long microBatch) {
        return halves(CounterRandom.child(CounterRandom.child(CounterRandom.child(CounterRandom.mix(seed), 2), step), microBatch));
    }

    /// The two halves of any key.
    public static int[] halves(long key) {
        return new int[] {(int) (key >>> 32), (int) key};
    }

    /// The key of a row of the mask; an element's bits are `child(row, channel)`.
    public static long row(long key, int site, int layer, int sequence, int position) {
        return CounterRandom.child(CounterRandom.child(CounterRandom.child(CounterRandom.child(key, site), layer), sequence), position);
    }

    /// 1/(1 − p) where the element is kept, else 0.
    public double factor(long row, long channel) {
        return CounterRandom.keep(CounterRandom.child(row, channel), CounterRandom.dropThreshold(probability)) ? 1 / (1 - probability) : 0;
    }

    /// The channel of a probability of attention: each head has its own 65,536 keys.
    public static long channel(int head, int keyPosition) {
        return ((long) head << 16) + keyPosition;
    }

    @Override
    public String toString() {
        return "dropout " + probability + " at site " + site;
    }
}
