package lowland.bench;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import lowland.cpu.Gemm;
import lowland.cpu.Lanes;
import lowland.cpu.PackedMatrix;
import lowland.cpu.Scratch;
import lowland.cpu.Workers;
import org.bytedeco.javacpp.FloatPointer;

/// Matrix products here and in OpenBLAS, alternating in one run on the same shapes: GFLOP/s as medians over rounds, and
/// the ratio of each round as median and range. Arguments: threads (2), rounds (15), milliseconds of each timing (60).
///
/// OpenBLAS works on native memory, filled once. `packed` is y = x·Wᵀ with W packed once, `backward` dx = dy·W from that copy.
/// Unset `OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`: they make OpenBLAS choose a slow kernel.
public final class GemmAgainstOpenBlas {
    private enum Kind { NN, NT, TN, PACKED, BACKWARD }

    private record Shape(Kind kind, int m, int n, int k, String what) {
        double flops() {
            return 2.0 * m * n * k;
        }
    }

    private static final List<Shape> SHAPES = List.of(
        new Shape(Kind.NT, 512, 1024, 1024, ""),
        new Shape(Kind.PACKED, 512, 1024, 1024, ""),
        new Shape(Kind.NT, 2048, 1024, 1024, ""),
        new Shape(Kind.NN, 2048, 1024, 1024, ""),
        new Shape(Kind.TN, 2048, 1024, 1024, ""),
        new Shape(Kind.PACKED, 2048, 1024, 1024, ""),
        new Shape(Kind.BACKWARD, 2048, 1024, 1024, ""),
        new Shape(Kind.PACKED, 2048, 4096, 1024, ""),
        new Shape(Kind.PACKED, 2048, 1024, 4096, ""),
        new Shape(Kind.NT, 2048, 8, 1024, "LoRA down"),
        new Shape(Kind.NT, 2048, 1024, 8, "LoRA up"),
        new Shape(Kind.TN, 8, 1024, 2048, "LoRA dA"),
        new Shape(Kind.TN, 1024, 8, 2048, "LoRA dB"),
        new Shape(Kind.PACKED, 512, 384, 384, "MiniLM"),
        new Shape(Kind.BACKWARD, 512, 384, 384, "MiniLM"),
        new Shape(Kind.PACKED, 512, 1536, 384, "MiniLM"),
        new Shape(Kind.BACKWARD, 512, 1536, 384, "MiniLM"),
        new Shape(Kind.PACKED, 512, 384, 1536, "MiniLM"),
        new Shape(Kind.BACKWARD, 512, 384, 1536, "MiniLM"),
        new Shape(Kind.PACKED, 1024, 384, 384, "MiniLM"),
        new Shape(Kind.PACKED, 1024, 1536, 384, "MiniLM"),
        new Shape(Kind.PACKED, 1024, 384, 1536, "MiniLM"),
        new Shape(Kind.BACKWARD, 1024, 384, 1536, "MiniLM"),
        new Shape(Kind.NT, 1024, 8, 384, "LoRA down"),
        new Shape(Kind.NT, 1024, 384, 8, "LoRA up"),
        new Shape(Kind.TN, 8, 384, 1024, "LoRA dA"),
        new Shape(Kind.TN, 384, 8, 1024, "LoRA dB"));

    private GemmAgainstOpenBlas() {
    }

    /// Prints one line a shape.
    public static void main(String[] arguments) {
        int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 15;
        double seconds = arguments.length > 2 ? Integer.parseInt(arguments[2]) / 1e3 : 0.06;
        for (String name : List.of("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")) {
            if (System.getenv(name) != null) {
                System.err.println(name + " is set: unset it, else OpenBLAS picks a slow kernel");
                System.exit(2);
            }
        }
        blas_set_num_threads(threads);
        System.out.printf(Locale.ROOT,
            "%d threads, %d float lanes, %d rounds; ours / OpenBLAS in GFLOP/s (median), ratio median [least, most]%n",
            threads, Lanes.count(), rounds);
        int most = SHAPES.stream().mapToInt(s -> Scratch.packedFloats(s.k, s.n)).max().orElse(0);
        try (Workers workers = new Workers(threads)) {
            Gemm gemm = new Gemm(workers, new Scratch(threads, most));
            for (Shape shape : SHAPES) {
                measure(shape, gemm, rounds, seconds);
            }
        }
    }

    private static void measure(Shape s, Gemm gemm, int rounds, double seconds) {
        SplittableRandom random = new SplittableRandom(1);
        float[] a = values(s.m * s.k, random);
        float[] b = values(s.n * s.k, random);
        float[] c = new float[s.m * s.n];
        try (FloatPointer pa = new FloatPointer(a); FloatPointer pb = new FloatPointer(b); FloatPointer pc = new FloatPointer(c)) {
            PackedMatrix w = switch (s.kind) {
                case PACKED -> PackedMatrix.of(b, 0, s.n, s.k);
                case BACKWARD -> PackedMatrix.of(b, 0, s.k, s.n);
                case NN, NT, TN -> null;
            };
            Runnable ours = switch (s.kind) {
                case PACKED -> () -> gemm.forward(s.m, a, 0, s.k, w, c, 0, s.n, Gemm.Start.ZERO, null, 0);
                case BACKWARD -> () -> gemm.backward(s.m, a, 0, s.k, w, c, 0, s.n, Gemm.Start.ZERO);
                case NN, NT, TN -> () -> gemm.multiply(Gemm.Form.valueOf(s.kind.name()), s.m, s.n, s.k, a, 0, s.kind == Kind.TN ? s.m : s.k,
                    b, 0, s.kind == Kind.NT ? s.k : s.n, c, 0, s.n, Gemm.Start.ZERO, null, 0);
            };
            boolean transA = s.kind == Kind.TN;
            boolean transB = s.kind == Kind.NT || s.kind == Kind.PACKED;
            Runnable theirs = () -> cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
                s.m, s.n, s.k, 1f, pa, transA ? s.m : s.k, pb, transB ? s.k : s.n, 0f, pc, s.n);
            rate(ours, s, 1.0);
            rate(theirs, s, 0.2);
            double[] mine = new double[rounds];
            double[] other = new double[rounds];
            double[] ratio = new double[rounds];
            for (int i = 0; i < rounds; i++) {
                mine[i] = rate(ours, s, seconds);
                other[i] = rate(theirs, s, seconds);
                ratio[i] = mine[i] / other[i];
            }
            check(s, c, pc);
            Arrays.sort(mine);
            Arrays.sort(other);
            Arrays.sort(ratio);
            System.out.printf(Locale.ROOT, "%-8s %5d %5d %5d %-9s  %6.1f / %6.1f   %.2f [%.2f, %.2f]%n", s.kind, s.m, s.n, s.k, s.what,
                mine[rounds / 2], other[rounds / 2], ratio[rounds / 2], ratio[0], ratio[rounds - 1]);
        }
    }

    /// Two products that disagree are not worth timing.
    private static void check(Shape s, float[] ours, FloatPointer theirs) {
        float[] other = new float[ours.length];
        theirs.get(other);
        double bound = 2.0 * s.k * 0x1p-24 * s.k / 4;
        for (int i = 0; i < ours.length; i++) {
            if (!(Math.abs(ours[i] - other[i]) <= bound)) {
                throw new AssertionError(s + ": element " + i + " is " + ours[i] + " here, " + other[i] + " in OpenBLAS");
            }
        }
    }

    /// GFLOP/s over at least `seconds`.
    private static double rate(Runnable product, Shape s, double seconds) {
        long begun = System.nanoTime();
        int runs = 0;
        long elapsed;
        do {
            product.run();
            runs++;
            elapsed = System.nanoTime() - begun;
        } while (elapsed < seconds * 1e9);
        return runs * s.flops() / elapsed;
    }

    private static float[] values(int n, SplittableRandom random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return values;
    }
}
