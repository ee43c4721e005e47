package lowland.bench;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import java.util.SplittableRandom;
import lowland.cpu.Gemm;
import lowland.cpu.Lanes;
import lowland.cpu.PackedMatrix;
import org.bytedeco.javacpp.FloatPointer;

/// One matrix product, here and in OpenBLAS, on the same operands.
///
/// `PACKED` is y = x·Wᵀ with W packed once, `BACKWARD` dx = dy·W from that copy. OpenBLAS works on native memory, filled once.
record ProductPair(Kind kind, int m, int n, int k, String what) {
    /// Operands lie where a session puts them.
    private static final int FIRST = Lanes.first();

    enum Kind { NN, NT, TN, PACKED, BACKWARD }

    double flops() {
        return 2.0 * m * n * k;
    }

    /// Something done with the two products: each run of one overwrites its own result.
    interface Use {
        void with(Runnable ours, Runnable theirs);
    }

    /// Makes the operands, hands over both products, then checks that they agree.
    void use(Gemm gemm, Use use) {
        SplittableRandom random = new SplittableRandom(1);
        float[] a = values(m * k, random);
        float[] b = values(n * k, random);
        float[] c = new float[FIRST + m * n];
        try (FloatPointer pa = inNative(a); FloatPointer pb = inNative(b); FloatPointer pc = inNative(c)) {
            PackedMatrix w = switch (kind) {
                case PACKED -> PackedMatrix.of(b, FIRST, n, k);
                case BACKWARD -> PackedMatrix.of(b, FIRST, k, n);
                case NN, NT, TN -> null;
            };
            Runnable ours = switch (kind) {
                case PACKED -> () -> gemm.forward(m, a, FIRST, k, w, c, FIRST, n, Gemm.Start.ZERO, null, 0);
                case BACKWARD -> () -> gemm.backward(m, a, FIRST, k, w, c, FIRST, n, Gemm.Start.ZERO);
                case NN, NT, TN -> () -> gemm.multiply(Gemm.Form.valueOf(kind.name()), m, n, k, a, FIRST, kind == Kind.TN ? m : k,
                        b, FIRST, kind == Kind.NT ? k : n, c, FIRST, n, Gemm.Start.ZERO, null, 0);
            };
            boolean transA = kind == Kind.TN;
            boolean transB = kind == Kind.NT || kind == Kind.PACKED;
            Runnable theirs = () -> cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
                    m, n, k, 1f, pa, transA ? m : k, pb, transB ? k : n, 0f, pc, n);
            use.with(ours, theirs);
            ours.run();
            theirs.run();
            check(c, pc);
        }
    }

    /// Two products that disagree are not worth timing. Each element is a sum of k terms of at most 1/4 in magnitude.
    private void check(float[] ours, FloatPointer theirs) {
        float[] other = new float[ours.length];
        theirs.get(other, FIRST, ours.length - FIRST);
        double bound = 2.0 * k * 0x1p-24 * k / 4;
        for (int i = FIRST; i < ours.length; i++) {
            if (!(Math.abs(ours[i] - other[i]) <= bound)) {
                throw new AssertionError(this + ": element " + (i - FIRST) + " is " + ours[i] + " here, " + other[i] + " in OpenBLAS");
            }
        }
    }

    private static FloatPointer inNative(float[] values) {
        return new FloatPointer(values.length - FIRST).put(values, FIRST, values.length - FIRST);
    }

    private static float[] values(int n, SplittableRandom random) {
        float[] values = new float[FIRST + n];
        for (int i = FIRST; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return values;
    }
}
