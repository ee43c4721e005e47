package lowland.tornado;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/// Transcendental functions of floats, for kernels. OpenCL's own exp is within 3 ulp everywhere; its tanh may be off by 5, and erf has no
/// Java name: these are polynomials.
final class FloatMath {
    /// 1/√(2π).
    static final float DENSITY = 0.3989422804014327f;
    /// √(2/π).
    static final float ROOT = 0.7978845608028654f;
    /// The cubic term of GELU's tanh form.
    static final float CUBIC = 0.044715f;

    private FloatMath() {}

    /// |x| < 0.625: x + x³·P(x²); else ±(1 − e)/(1 + e) with e = exp(−2|x|).
    static float tanh(float x) {
        float size = TornadoMath.abs(x);
        float z = x * x;
        float p = z * 0x1.2977d8p-9f - 0x1.10bbf4p-7f;
        p = p * z + 0x1.648e8ep-6f;
        p = p * z - 0x1.ba0718p-5f;
        p = p * z + 0x1.1110e4p-3f;
        p = p * z - 0x1.555556p-2f;
        float result = p * (z * x) + x;
        if (size >= 0.625f) {
            float e = TornadoMath.exp(-2f * size);
            float large = (1f - e) / (1f + e);
            result = x < 0f ? -large : large;
        }
        return result;
    }

    /// exp(−x²/2): the square is exact in double.
    static float bell(float x) {
        double h = -0.5 * x * x;
        float high = (float) h;
        float rest = (float) (h - high);
        float e = TornadoMath.exp(high);
        return e + (e > 0f ? e * rest : 0f);
    }

    /// The normal distribution function Φ(x), given [#bell] of x: Φ(−|x|) = bell(x)·t·S(t), t = 1/(1 + 0.3|x|), S a near-minimax
    /// polynomial of degree 9.
    static float normal(float x, float bell) {
        float t = 1f / (TornadoMath.abs(x) * 0.3f + 1f);
        float p = t * -0x1.57d016p-6f + 0x1.d4975p-4f;
        p = p * t - 0x1.dcd8dap-3f;
        p = p * t + 0x1.9557f2p-3f;
        p = p * t - 0x1.5a090cp-4f;
        p = p * t + 0x1.94cfa6p-4f;
        p = p * t + 0x1.3d61b8p-4f;
        p = p * t + 0x1.c44b1ep-4f;
        p = p * t + 0x1.e9ad62p-4f;
        p = p * t + 0x1.ea3db4p-4f;
        float tail = bell * t * p;
        return x > 0f ? 1f - tail : tail;
    }
}
