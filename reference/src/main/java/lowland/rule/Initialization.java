package lowland.rule;

import lowland.random.CounterRandom;
import org.ejml.simple.SimpleMatrix;

/// Where a new pair starts: A uniform, B = 0, hence W = W0.
///
///     A_ij ~ U(−1/√in, 1/√in)
///
/// as in the code of Hu et al. and in PEFT: Kaiming-uniform with a = √5, whose bound is √(6/((1 + a²)·in)) = 1/√in.
/// Element i (row-major) is (2u − 1)/√in with u uniform, keyed (seed, tensor's name, i), see [CounterRandom#tensorKey]; the names are
/// `NAME.lora_A.weight` and `NAME.auxiliary.lora_A.weight`. So what a tensor starts from depends neither on the other tensors nor
/// on their order, and Bi-LoRA's two pairs differ under one seed: with A1 = A2, B1 = B2 = 0 and equal rates they would cancel in W
/// until its clip acts (P2 leaves this open).
public final class Initialization {

    private Initialization() {
    }

    /// A pair to be trained.
    ///
    /// @param in  columns of the adapted matrix
    /// @param out rows of the adapted matrix
    public static LoraPair pair(long seed, String name, double scaling, int rank, int in, int out) {
        return new LoraPair(name, scaling, kaimingUniform(seed, name + ".lora_A.weight", rank, in), new SimpleMatrix(out, rank));
    }

    /// Bi-LoRA's second pair on the matrix.
    public static LoraPair auxiliaryPair(long seed, String name, double scaling, int rank, int in, int out) {
        return new LoraPair(name, scaling, kaimingUniform(seed, name + ".auxiliary.lora_A.weight", rank, in), new SimpleMatrix(out, rank));
    }

    /// rows×in, uniform in ±1/√in.
    public static SimpleMatrix kaimingUniform(long seed, String tensor, int rows, int in) {
        long key = CounterRandom.tensorKey(seed, tensor);
        double bound = 1 / Math.sqrt(in);
        SimpleMatrix matrix = new SimpleMatrix(rows, in);
        for (int i = 0; i < rows * in; i++) {
            matrix.set(i, (2 * CounterRandom.uniform(CounterRandom.child(key, i)) - 1) * bound);
        }
        return matrix;
    }
}
