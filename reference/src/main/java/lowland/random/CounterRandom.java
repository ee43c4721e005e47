package lowland.random;

import java.nio.charset.StandardCharsets;

/// Random numbers without a state: a number is a function of what it is for.
///
/// Everything up to [#keep] uses only `+`, `*`, `^` and the unsigned shift `>>>` on 64-bit integers that wrap around, so that every
/// executor gets the same bits. Exactly:
///
///     mix(z)         z ← (z ^ z>>>30)·0xBF58476D1CE4E5B9;  z ← (z ^ z>>>27)·0x94D049BB133111EB;  z ^ z>>>31
///     child(k, i)    mix(k + (i+1)·0x9E3779B97F4A7C15)
///     hash(name)     h ← 0xCBF29CE484222325;  for each byte b of the name in UTF-8, as 0..255:  h ← (h ^ b)·0x100000001B3
///     tensor         child(child(child(mix(seed), 1), hash(name)), index)
///     mask           child over 2, step, microBatch, site, layer, sequence, position, channel, in this order, from mix(seed)
///     noise          child over 3, step, from mix(seed)
///
/// `child(k, 0), child(k, 1), …` is the sequence of the generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) seeded with k; hash is
/// FNV-1a. All keys but the last are constant along a row, so a row costs one `mix` an element.
public final class CounterRandom {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long TENSORS = 1;
    private static final long MASKS = 2;
    private static final long NOISE = 3;

    private CounterRandom() {
    }

    /// SplitMix64's finaliser: a bijection of 64-bit integers that looks like a random one.
    public static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /// The i-th number, or key of a sequence of numbers, under the key k.
    public static long child(long k, long i) {
        return mix(k + (i + 1) * GOLDEN);
    }

    /// A name as an integer: FNV-1a of its UTF-8 bytes.
    public static long hash(String name) {
        long h = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            h = (h ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return h;
    }

    /// The key of a tensor that is initialised or drawn by its name; its element `index` (row-major) is `child(key, index)`.
    public static long tensorKey(long seed, String name) {
        return child(child(mix(seed), TENSORS), hash(name));
    }

    /// The key of one row of a dropout mask; its element is `child(key, channel)`. The names of the keys, in order:
    ///
    /// @param seed       the run's
    /// @param step       optimiser steps before this one, skipped ones too
    /// @param microBatch within the optimiser step
    /// @param site       which dropout of the model's code
    /// @param layer      which repetition of that code
    /// @param sequence   row of the micro-batch
    /// @param position   token within its sequence (for attention probabilities: the query's among those of the sequence that are computed)
    public static long maskRowKey(long seed, long step, long microBatch, long site, long layer, long sequence, long position) {
        long key = child(mix(seed), MASKS);
        key = child(key, step);
        key = child(key, microBatch);
        key = child(key, site);
        key = child(key, layer);
        key = child(key, sequence);
        return child(key, position);
    }

    /// The key of all noise that is added to weights in an optimiser step.
    public static long noiseKey(long seed, long step) {
        return child(child(mix(seed), NOISE), step);
    }

    /// The bits of one element of a dropout mask; see [#maskRowKey].
    public static long maskBits(long seed, long step, long microBatch, long site, long layer, long sequence, long position,
                                long channel) {
        return child(maskRowKey(seed, step, microBatch, site, layer, sequence, position), channel);
    }

    /// What [#keep] compares with for a dropout probability in [0, 1): round(p·2³²).
    public static long dropThreshold(double probability) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("a dropout probability must be in [0, 1), is " + probability);
        }
        return Math.round(probability * 0x1p32);
    }

    /// Whether dropout keeps an element: the upper 32 of its bits, unsigned, reach the threshold.
    public static boolean keep(long bits, long dropThreshold) {
        return (bits >>> 32) >= dropThreshold;
    }

    /// Uniform in [0, 1): the upper 53 bits times 2⁻⁵³, exact.
    public static double uniform(long bits) {
        return (bits >>> 11) * 0x1p-53;
    }

    /// Standard normal, by Box and Muller in `StrictMath`: √(−2 ln u)·cos(2πv), u = ((bits>>>11) + 1)·2⁻⁵³, v = uniform(mix(bits)).
    public static double gaussian(long bits) {
        double u = ((bits >>> 11) + 1) * 0x1p-53;
        double v = uniform(mix(bits));
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * Math.PI * v);
    }
}
