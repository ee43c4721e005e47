package lowland.bench;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import java.util.SplittableRandom;
import lowland.cpu.Gemm;
import lowland.cpu.PackedMatrix;
import org.bytedeco.javacpp.FloatPointer;

/// One matrix product, here and in OpenBLAS, on the same operands.
///
/// `PACKED` is y = x·Wᵀ with W packed once, `BACKWARD` dx = dy·W from that copy. OpenBLAS works on native memory, filled once.
record ProductPair(Kind kind, int m, int n, int k, String what) {
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
        float[] c = new float[m * n];
        try (FloatPointer pa = new FloatPointer(a); FloatPointer pb = new FloatPointer(b); FloatPointer pc = new FloatPointer(c)) {
            PackedMatrix w = switch (kind) {
                case PACKED -> PackedMatrix.of(b, 0, n, k);
                case BACKWARD -> PackedMatrix.of(b, 0, k, n);
                case NN, NT, TN -> null;
            };
            Runnable ours = switch (kind) {
                case PACKED -> () -> gemm.forward(m, a, 0, k, w, c, 0, n, Gemm.Start.ZERO, null, 0);
                case BACKWARD -> () -> gemm.backward(m, a, 0, k, w, c, 0, n, Gemm.Start.ZERO);
                case NN, NT, TN -> () -> gemm.multiply(Gemm.Form.valueOf(kind.name()), m, n, k, a, 0, kind == Kind.TN ? m : k,
                        b, 0, kind == Kind.NT ? k : n, c, 0, n, Gemm.Start.ZERO, null, 0);
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
        theirs.get(other);
        double bound = 2.0 * k * 0x1p-24 * k / 4;
        for (int i = 0; i < ours.length; i++) {
            if (!(Math.abs(ours[i] - other[i]) <= bound)) {
                throw new AssertionError(this + ": element " + i + " is " + ours[i] + " here, " + other[i] + " in OpenBLAS");
            }
        }
    }

    private static float[] values(int n, SplittableRandom random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return values;
    }
}
