package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The vector width that every kernel of this package is compiled for, and the one order in which lanes are summed.
///
/// The width is the machine's preferred one, or the bits of the system property `lowland.vector.bits` (128, 256 or 512), read once.
/// Results may differ between widths, never between threads, positions or compilation states.
public final class Lanes {
    /// The species of every float vector. It must stay `static final`: C2 compiles only constants into vector instructions.
    static final VectorSpecies<Float> FLOATS = chosen();
    /// Lanes of one vector, a power of two from 4 to 16.
    static final int COUNT = FLOATS.length();
    /// Where large arrays begin to be used. The G1 collector gives an array of more than half a region regions of its own. There the
    /// object starts a cache line, its elements lie 16 bytes further (with the default header), and 12 floats after that the next line
    /// starts. So a vector of 64 bytes does not cross lines: 6 to 14 % of a matrix product. Elsewhere it is a place like any other.
    static final int FIRST = 12;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    /// Room for the ragged end of an elementwise range: up to four operands of one vector each, one buffer a thread.
    private static final ThreadLocal<float[]> ENDS = ThreadLocal.withInitial(() -> new float[4 * COUNT]);

    private Lanes() {
    }

    /// Lanes of one vector, for reports.
    public static int count() {
        return COUNT;
    }

    /// Where large arrays begin to be used, for benchmarks: see [#FIRST].
    public static int first() {
        return FIRST;
    }

    /// Σ of the lanes as a fixed tree: halves are added pairwise. (`reduceLanes(ADD)` leaves the order open.)
    static float sum(FloatVector v) {
        if (COUNT > 8) {
            v = v.add(v.rearrange(BY_8));
        }
        if (COUNT > 4) {
            v = v.add(v.rearrange(BY_4));
        }
        v = v.add(v.rearrange(BY_2));
        return v.add(v.rearrange(BY_1)).lane(0);
    }

    /// The greatest lane; NaN if any lane is NaN.
    static float max(FloatVector v) {
        if (COUNT > 8) {
            v = v.max(v.rearrange(BY_8));
        }
        if (COUNT > 4) {
            v = v.max(v.rearrange(BY_4));
        }
        v = v.max(v.rearrange(BY_2));
        return v.max(v.rearrange(BY_1)).lane(0);
    }

    /// The largest multiple of the lane count that is at most `n`.
    static int whole(int n) {
        return n & -COUNT;
    }

    /// This thread's buffer for ragged ends; operand i lives at `i * COUNT`.
    static float[] end() {
        return ENDS.get();
    }

    private static VectorSpecies<Float> chosen() {
        String bits = System.getProperty("lowland.vector.bits");
        if (bits == null) {
            VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
            return preferred.length() < 4 ? FloatVector.SPECIES_128 : preferred.length() > 16 ? FloatVector.SPECIES_512 : preferred;
        }
        return switch (bits) {
            case "128" -> FloatVector.SPECIES_128;
            case "256" -> FloatVector.SPECIES_256;
            case "512" -> FloatVector.SPECIES_512;
            default -> throw new IllegalArgumentException(
                "lowland.vector.bits is " + bits + ": set it to 128, 256 or 512, or leave it out");
        };
    }

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane + by) % COUNT);
    }
}
