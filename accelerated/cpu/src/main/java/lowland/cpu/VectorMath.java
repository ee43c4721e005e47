package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Transcendental functions of float vectors, from exact operations (+, −, ×, ÷, fma, bits) alone, so that a result has the same bits
/// interpreted and compiled, in every lane. NaN gives NaN.
///
/// The errors stated were measured against StrictMath and a double-precision complementary error function over the sweeps of
/// `VectorMathTest`, which holds them.
final class VectorMath {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    /// 1.5·2²³: adding it leaves the nearest integer in the low bits.
    private static final float SHIFT = 0x1.8p23f;
    private static final int SHIFT_BITS = Float.floatToRawIntBits(SHIFT);

    // Constants are vectors ready made. Made in place each costs C2 so many nodes that a kernel runs over its budget; what it then no
    // longer inlines has its operands boxed: GELU's derivative took three times as long.

    static final FloatVector ONE = all(1f);
    static final FloatVector MINUS_TWO = all(-2f);
    private static final FloatVector MINUS_HALF = all(-0.5f);
    private static final FloatVector ZERO = all(0f);

    private static final FloatVector EXP_LEAST = all(-104f);
    private static final FloatVector EXP_MOST = all(89f);
    private static final FloatVector LOG2_E = all(0x1.715476p0f);
    private static final FloatVector MINUS_LN2_HIGH = all(-0x1.62e43p-1f);
    private static final FloatVector MINUS_LN2_LOW = all(0x1.05c61p-29f);
    private static final FloatVector ROUND = all(SHIFT);
    private static final FloatVector EXP_2 = all(0.5f);
    private static final FloatVector EXP_3 = all(0x1.5554dcp-3f);
    private static final FloatVector EXP_4 = all(0x1.555518p-5f);
    private static final FloatVector EXP_5 = all(0x1.120cd4p-7f);
    private static final FloatVector EXP_6 = all(0x1.6d127p-10f);

    private static final FloatVector TANH_SMALL = all(0.625f);
    private static final FloatVector TANH_3 = all(-0x1.555556p-2f);
    private static final FloatVector TANH_5 = all(0x1.1110e4p-3f);
    private static final FloatVector TANH_7 = all(-0x1.ba0718p-5f);
    private static final FloatVector TANH_9 = all(0x1.648e8ep-6f);
    private static final FloatVector TANH_11 = all(-0x1.10bbf4p-7f);
    private static final FloatVector TANH_13 = all(0x1.2977d8p-9f);

    private static final FloatVector BELL_EXACT = all(-1e4f);

    private static final FloatVector NORMAL_SLOPE = all(0.3f);
    private static final FloatVector NORMAL_0 = all(0x1.ea3db4p-4f);
    private static final FloatVector NORMAL_1 = all(0x1.e9ad62p-4f);
    private static final FloatVector NORMAL_2 = all(0x1.c44b1ep-4f);
    private static final FloatVector NORMAL_3 = all(0x1.3d61b8p-4f);
    private static final FloatVector NORMAL_4 = all(0x1.94cfa6p-4f);
    private static final FloatVector NORMAL_5 = all(-0x1.5a090cp-4f);
    private static final FloatVector NORMAL_6 = all(0x1.9557f2p-3f);
    private static final FloatVector NORMAL_7 = all(-0x1.dcd8dap-3f);
    private static final FloatVector NORMAL_8 = all(0x1.d4975p-4f);
    private static final FloatVector NORMAL_9 = all(-0x1.57d016p-6f);

    private VectorMath() {
    }

    /// A constant in every lane.
    static FloatVector all(float value) {
        return FloatVector.broadcast(V, value);
    }

    /// eˣ: relative error below 1.5e-7; overflows to infinity, gradual underflow rounds twice at most (one unit of the last place).
    ///
    /// x = n·ln 2 + r, |r| ≤ ½ ln 2; eʳ = 1 + r + r²·P(r), P a near-minimax polynomial of degree 4; 2ⁿ in two factors, so that
    /// neither overflows.
    static FloatVector exp(FloatVector x) {
        // Where the result is certain to be zero, as in the padding of a softmax, e⁰ is computed in its place: products that
        // underflow are slow, those of one row's padding took 92 ns on a Xeon.
        VectorMask<Float> vanishes = x.compare(VectorOperators.LT, EXP_LEAST);
        FloatVector z = x.blend(EXP_MOST, x.compare(VectorOperators.GT, EXP_MOST)).blend(ZERO, vanishes);
        FloatVector shifted = z.fma(LOG2_E, ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, z));
        FloatVector p = r.fma(EXP_6, EXP_5).fma(r, EXP_4).fma(r, EXP_3).fma(r, EXP_2);
        p = p.fma(r.mul(r), r).add(ONE);
        // Between 2²³ and 2²⁴ the bits of a float count by ones.
        IntVector whole = shifted.reinterpretAsInts().sub(SHIFT_BITS);
        IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
        FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector second = whole.sub(half).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        return p.mul(first).mul(second).blend(ZERO, vanishes);
    }

    /// tanh x: relative error below 2.5e-7.
    ///
    /// |x| < 0.625: x + x³·P(x²); else ±(1 − e)/(1 + e) with e = exp(−2|x|).
    static FloatVector tanh(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector e = exp(size.mul(MINUS_TWO));
        FloatVector large = ONE.sub(e).div(ONE.add(e));
        VectorMask<Float> negative = x.compare(VectorOperators.LT, ZERO);
        large = large.blend(large.neg(), negative);
        FloatVector z = x.mul(x);
        FloatVector p = z.fma(TANH_13, TANH_11).fma(z, TANH_9).fma(z, TANH_7).fma(z, TANH_5).fma(z, TANH_3);
        FloatVector small = p.fma(z.mul(x), x);
        return large.blend(small, size.compare(VectorOperators.LT, TANH_SMALL));
    }

    /// exp(−x²/2), with the rounding error of x²/2 made good: relative error below 2e-7 where the result is normal.
    static FloatVector bell(FloatVector x) {
        FloatVector minusHalf = x.mul(MINUS_HALF);
        FloatVector h = minusHalf.mul(x);
        FloatVector rest = minusHalf.fma(x, h.neg());
        FloatVector e = exp(h);
        // Beyond ±1e4 the correction is infinite or not a number, and the result is zero without it.
        rest = rest.blend(ZERO, h.compare(VectorOperators.LT, BELL_EXACT));
        return e.fma(rest, e);
    }

    /// The normal distribution function Φ(x) = ½(1 + erf(x/√2)), given [#bell] of x: relative error below 5e-7 in both tails.
    ///
    /// Φ(−|x|) = bell(x)·t·S(t), t = 1/(1 + 0.3|x|), S a near-minimax polynomial of degree 9; Φ(|x|) = 1 − Φ(−|x|).
    static FloatVector normal(FloatVector x, FloatVector bell) {
        FloatVector t = ONE.div(x.abs().fma(NORMAL_SLOPE, ONE));
        FloatVector p = t.fma(NORMAL_9, NORMAL_8).fma(t, NORMAL_7).fma(t, NORMAL_6).fma(t, NORMAL_5).fma(t, NORMAL_4).fma(t, NORMAL_3)
                .fma(t, NORMAL_2).fma(t, NORMAL_1).fma(t, NORMAL_0);
        FloatVector tail = bell.mul(t).mul(p);
        return tail.blend(ONE.sub(tail), x.compare(VectorOperators.GT, ZERO));
    }
}
