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
/// `VectorMathTest`, which holds them. A kernel method should use one of these once: a second one may exceed C2's inlining budget,
/// and is then boxed.
final class VectorMath {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final float LOG2_E = 0x1.715476p0f;
    private static final float LN2_HIGH = 0x1.62e43p-1f;
    private static final float LN2_LOW = -0x1.05c61p-29f;
    /// 1.5·2²³: adding it leaves the nearest integer in the low bits.
    private static final float ROUND = 0x1.8p23f;
    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

    private VectorMath() {
    }

    /// eˣ: relative error below 1.5e-7; overflows to infinity, gradual underflow rounds twice at most (one unit of the last place).
    ///
    /// x = n·ln 2 + r, |r| ≤ ½ ln 2; eʳ = 1 + r + r²·P(r), P a near-minimax polynomial of degree 4; 2ⁿ in two factors, so that
    /// neither overflows.
    static FloatVector exp(FloatVector x) {
        FloatVector low = x.blend(-104f, x.compare(VectorOperators.LT, -104f));
        FloatVector z = low.blend(89f, low.compare(VectorOperators.GT, 89f));
        FloatVector shifted = z.fma(FloatVector.broadcast(V, LOG2_E), FloatVector.broadcast(V, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(V, -LN2_LOW), n.fma(FloatVector.broadcast(V, -LN2_HIGH), z));
        FloatVector p = r.fma(FloatVector.broadcast(V, 0x1.6d127p-10f), FloatVector.broadcast(V, 0x1.120cd4p-7f));
        p = p.fma(r, FloatVector.broadcast(V, 0x1.555518p-5f));
        p = p.fma(r, FloatVector.broadcast(V, 0x1.5554dcp-3f));
        p = p.fma(r, FloatVector.broadcast(V, 0.5f));
        p = p.fma(r.mul(r), r).add(1f);
        // Between 2²³ and 2²⁴ the bits of a float count by ones.
        IntVector whole = shifted.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
        FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector second = whole.sub(half).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        return p.mul(first).mul(second);
    }

    /// tanh x: relative error below 2.5e-7.
    ///
    /// |x| < 0.625: x + x³·P(x²); else ±(1 − e)/(1 + e) with e = exp(−2|x|).
    static FloatVector tanh(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector e = exp(size.mul(-2f));
        FloatVector one = FloatVector.broadcast(V, 1f);
        FloatVector large = one.sub(e).div(one.add(e));
        VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
        large = large.blend(large.neg(), negative);
        FloatVector z = x.mul(x);
        FloatVector p = z.fma(FloatVector.broadcast(V, 0x1.2977d8p-9f), FloatVector.broadcast(V, -0x1.10bbf4p-7f));
        p = p.fma(z, FloatVector.broadcast(V, 0x1.648e8ep-6f));
        p = p.fma(z, FloatVector.broadcast(V, -0x1.ba0718p-5f));
        p = p.fma(z, FloatVector.broadcast(V, 0x1.1110e4p-3f));
        p = p.fma(z, FloatVector.broadcast(V, -0x1.555556p-2f));
        FloatVector small = p.fma(z.mul(x), x);
        return large.blend(small, size.compare(VectorOperators.LT, 0.625f));
    }

    /// exp(−x²/2), with the rounding error of x²/2 made good: relative error below 2e-7 where the result is normal.
    static FloatVector bell(FloatVector x) {
        FloatVector minusHalf = x.mul(-0.5f);
        FloatVector h = minusHalf.mul(x);
        FloatVector rest = minusHalf.fma(x, h.neg());
        FloatVector e = exp(h);
        // Beyond ±1e4 the correction is infinite or not a number, and the result is zero without it.
        rest = rest.blend(0f, h.compare(VectorOperators.LT, -1e4f));
        return e.fma(rest, e);
    }

    /// The normal distribution function Φ(x) = ½(1 + erf(x/√2)), given [#bell] of x: relative error below 5e-7 in both tails.
    ///
    /// Φ(−|x|) = bell(x)·t·S(t), t = 1/(1 + 0.3|x|), S a near-minimax polynomial of degree 9; Φ(|x|) = 1 − Φ(−|x|).
    static FloatVector normal(FloatVector x, FloatVector bell) {
        FloatVector one = FloatVector.broadcast(V, 1f);
        FloatVector t = one.div(x.abs().fma(FloatVector.broadcast(V, 0.3f), one));
        FloatVector p = t.fma(FloatVector.broadcast(V, -0x1.57d016p-6f), FloatVector.broadcast(V, 0x1.d4975p-4f));
        p = p.fma(t, FloatVector.broadcast(V, -0x1.dcd8dap-3f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.9557f2p-3f));
        p = p.fma(t, FloatVector.broadcast(V, -0x1.5a090cp-4f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.94cfa6p-4f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.3d61b8p-4f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.c44b1ep-4f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.e9ad62p-4f));
        p = p.fma(t, FloatVector.broadcast(V, 0x1.ea3db4p-4f));
        FloatVector tail = bell.mul(t).mul(p);
        return tail.blend(one.sub(tail), x.compare(VectorOperators.GT, 0f));
    }
}
