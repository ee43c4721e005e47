package lowland.cpu;

import java.util.Arrays;
import lowland.program.operation.AdamW;
import lowland.program.operation.SgdMomentum;

/// Prints a hash of the bits of every kernel's results on small ragged inputs, computed `rounds` times: in a JVM that compiles, the first
/// rounds are interpreted and the last compiled. Fails if two rounds differ. Also checks the products, plain, packed and summed, and attention
/// against doubles, for widths that the tests' own JVM does not have; some are deeper than a block of any width.
public final class KernelBits {
    /// [Tile#DEPTH] is 512 at most.
    private static final int DEEP = 512 + 5;

    private KernelBits() {
    }

    /// Argument: rounds.
    public static void main(String[] arguments) {
        int rounds = Integer.parseInt(arguments[0]);
        try (Workers workers = new Workers(1)) {
            Gemm gemm = new Gemm(workers, new Scratch(1, 1 << 10));
            Attention attention = new Attention(workers, 2, 1, 9, true, 0.3f, 13);
            Attention wide = new Attention(workers, 1, 1, 9, false, 0.3f, 53);
            for (Gemm.Form form : Gemm.Form.values()) {
                GemmTest.check(gemm, form, 13, 35, 19, Gemm.Start.C);
                GemmTest.check(gemm, form, 13, 13, 19, Gemm.Start.C);
                GemmTest.check(gemm, form, 9, 3, 33, Gemm.Start.BIAS);
            }
            GemmTest.checkPacked(gemm, 9, 37, 19);
            GemmTest.checkSum(gemm, 9, 3, 33);
            if (rounds > 1) { // one round is interpreted, where this takes seconds
                GemmTest.check(gemm, Gemm.Form.NT, 7, 37, DEEP, Gemm.Start.C);
                GemmTest.checkPacked(gemm, 7, 5, DEEP);
                GemmTest.checkPacked(gemm, 7, DEEP, 35);
                GemmTest.checkSum(gemm, 7, 37, DEEP);
                AttentionTest.checkWide();
            }
            int first = 0;
            for (int round = 0; round < rounds; round++) {
                int hash = 31 * hash(gemm, attention) + hash(wide);
                if (round > 0 && hash != first) {
                    throw new AssertionError("round " + round + " has other bits than round 0");
                }
                first = hash;
            }
            System.out.println(Integer.toHexString(first));
        }
    }

    /// Of attention to so many keys that they take every tile of [Strips].
    private static int hash(Attention attention) {
        int[] queries = {0, 5};
        int[] keys = {0, 53};
        float[] x = Floats.random(53 * 9, 1);
        float[] y = Floats.random(53 * 9, 2);
        float[] z = new float[5 * 9];
        float[] dk = new float[x.length];
        float[] dv = new float[x.length];
        attention.forward(x, 0, y, 0, x, 0, queries, keys, 1, z, 0);
        int hash = Arrays.hashCode(z);
        attention.backward(x, 0, y, 0, x, 0, queries, keys, 1, y, 0, z, 0, dk, 0, dv, 0);
        return 31 * (31 * (31 * hash + Arrays.hashCode(z)) + Arrays.hashCode(dk)) + Arrays.hashCode(dv);
    }

    private static int hash(Gemm gemm, Attention attention) {
        float[] x = Floats.random(13 * 37, 1);
        float[] y = Floats.random(13 * 37, 2);
        float[] z = new float[x.length];
        int hash = 0;
        for (Gemm.Form form : Gemm.Form.values()) {
            gemm.multiply(form, 13, 17, 19, x, 0, 19, y, 0, 19, z, 0, 17, Gemm.Start.ZERO, null, 0);
            hash = 31 * hash + Arrays.hashCode(z);
            gemm.multiply(form, 13, 5, 19, x, 0, 19, y, 0, 19, z, 0, 5, Gemm.Start.BIAS, x, 3);
            hash = 31 * hash + Arrays.hashCode(z);
        }
        float[] wide = new float[x.length];
        Elementwise.scale(5f, x, 0, wide, 0, x.length);
        Activations.exp(wide, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.tanh(wide, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.tanhBackward(z, 0, y, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.relu(wide, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.reluBackward(z, 0, y, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.geluErf(wide, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.geluTanh(wide, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.geluErfBackward(wide, 0, y, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        Activations.geluTanhBackward(wide, 0, y, 0, z, 0, z.length);
        hash = 31 * hash + Arrays.hashCode(z);
        LayerNorm.forward(x, 0, y, 0, y, 50, 1e-12f, z, 0, 37, 0, 13);
        hash = 31 * hash + Arrays.hashCode(z);
        LayerNorm.backward(x, 0, y, 0, 1e-12f, y, 0, z, 0, 37, 0, 13);
        hash = 31 * hash + Arrays.hashCode(z);
        Losses.crossEntropy(wide, 0, new int[13], 0, 0.1f, z, 0, 37, 0, 13, new float[37], 0);
        Losses.crossEntropyBackward(wide, 0, new int[13], 0, 0.1f, y, 0, z, 37, 36, 0, 12);
        hash = 31 * hash + Arrays.hashCode(z);
        float[] m = y.clone();
        float[] v = new float[x.length];
        Descents.Coefficients now = new Descents.Coefficients();
        now.set(0.5, 1e-3, 0.1, 0.01);
        Reals p = new Reals(wide, 0);
        Reals atM = new Reals(m, 0);
        Reals atV = new Reals(v, 0);
        Descents.adamW(now, new AdamW.Constants(0.9, 0.999, 1e-8, 0.01), p, new Reals(x, 0), atM, atV, p, atM, atV, 0, x.length);
        Descents.sgd(now, new SgdMomentum(null, null, null, null, null, 0.9, 0.01, null, null), p, new Reals(x, 0), atM, p, atM, 0, x.length);
        Elementwise.addScaled(0.7f, x, 0, wide, 0, wide, 0, x.length);
        Elementwise.addColumnSums(x, 0, 37, 13, 0, 37, wide, 0);
        hash = 31 * hash + Arrays.hashCode(wide);
        int[] starts = {0, 4, 13};
        float[] dk = new float[13 * 9];
        float[] dv = new float[13 * 9];
        attention.forward(x, 0, y, 0, y, 117, starts, starts, 2, z, 0);
        hash = 31 * hash + Arrays.hashCode(z);
        attention.backward(x, 0, y, 0, y, 117, starts, starts, 2, y, 0, z, 0, dk, 0, dv, 0);
        hash = 31 * hash + Arrays.hashCode(z);
        hash = 31 * hash + Arrays.hashCode(dk) + Arrays.hashCode(dv);
        double[] gram = new double[64];
        GramProducts.ofColumns(x, 0, 8, y, 0, 8, 13, 0, 4, gram, 0);
        hash = 31 * hash + Arrays.hashCode(gram);
        GramProducts.ofRows(x, 0, 8, y, 0, 8, 13, 0, 4, gram, 0);
        hash = 31 * hash + Arrays.hashCode(gram);
        return 31 * hash + Double.hashCode(DoubleSums.inner(x, 0, y, 0, x.length, 0));
    }
}
