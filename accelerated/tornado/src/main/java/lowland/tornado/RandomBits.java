package lowland.tornado;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/// The counter-based random numbers of masks and noise, bit for bit those of `lowland.random.CounterRandom`, in the operations that
/// kernels have: an unsigned shift is emitted as a signed one, so every shift is signed and masked.
final class RandomBits {
    private RandomBits() {}

    static long mix(long z) {
        long a = (z ^ ((z >> 30) & 0x3FFFFFFFFL)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ ((a >> 27) & 0x1FFFFFFFFFL)) * 0x94D049BB133111EBL;
        return b ^ ((b >> 31) & 0x1FFFFFFFFL);
    }

    static long child(long key, long i) {
        return mix(key + (i + 1L) * 0x9E3779B97F4A7C15L);
    }

    /// A key from its two halves.
    static long key(int upper, int lower) {
        return ((long) upper << 32) | (lower & 0xFFFFFFFFL);
    }

    /// The key of a row of the mask.
    static long row(long key, int site, int layer, int sequence, int position) {
        return child(child(child(child(key, site), layer), sequence), position);
    }

    /// The upper 32 bits, unsigned: what is compared with the threshold.
    static long upper(long bits) {
        return (bits >> 32) & 0xFFFFFFFFL;
    }

    /// Uniform in [0, 1): the upper 53 bits times 2⁻⁵³, exact.
    static double uniform(long bits) {
        return ((bits >> 11) & 0x1FFFFFFFFFFFFFL) * 0x1p-53;
    }

    /// Standard normal, in double: the same formula of the same bits, with the device's own logarithm and cosine.
    static double gaussian(long bits) {
        double u = uniform(bits) + 0x1p-53;
        double v = uniform(mix(bits));
        return Math.sqrt(-2.0 * TornadoMath.log(u)) * TornadoMath.cos(2.0 * Math.PI * v);
    }
}
