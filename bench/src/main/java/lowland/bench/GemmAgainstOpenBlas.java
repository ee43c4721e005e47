package lowland.bench;

import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import lowland.cpu.Gemm;
import lowland.cpu.Lanes;
import lowland.cpu.Scratch;
import lowland.cpu.Workers;

/// Matrix products here and in OpenBLAS, alternating in one run on the same shapes: GFLOP/s as medians over rounds, and
/// the ratio of each round as median and range. Arguments: threads (2), rounds (15), milliseconds of each timing (60).
///
/// Unset `OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`: they make OpenBLAS choose a slow kernel.
public final class GemmAgainstOpenBlas {
    static final List<ProductPair> SHAPES = List.of(
        new ProductPair(ProductPair.Kind.NT, 512, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.PACKED, 512, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.NT, 2048, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.NN, 2048, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.TN, 2048, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.PACKED, 2048, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.BACKWARD, 2048, 1024, 1024, ""),
        new ProductPair(ProductPair.Kind.PACKED, 2048, 4096, 1024, ""),
        new ProductPair(ProductPair.Kind.PACKED, 2048, 1024, 4096, ""),
        new ProductPair(ProductPair.Kind.NT, 2048, 8, 1024, "LoRA down"),
        new ProductPair(ProductPair.Kind.NT, 2048, 1024, 8, "LoRA up"),
        new ProductPair(ProductPair.Kind.TN, 8, 1024, 2048, "LoRA dA"),
        new ProductPair(ProductPair.Kind.TN, 1024, 8, 2048, "LoRA dB"),
        new ProductPair(ProductPair.Kind.PACKED, 512, 384, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.BACKWARD, 512, 384, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.PACKED, 512, 1536, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.BACKWARD, 512, 1536, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.PACKED, 512, 384, 1536, "MiniLM"),
        new ProductPair(ProductPair.Kind.BACKWARD, 512, 384, 1536, "MiniLM"),
        new ProductPair(ProductPair.Kind.PACKED, 1024, 384, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.PACKED, 1024, 1536, 384, "MiniLM"),
        new ProductPair(ProductPair.Kind.PACKED, 1024, 384, 1536, "MiniLM"),
        new ProductPair(ProductPair.Kind.BACKWARD, 1024, 384, 1536, "MiniLM"),
        new ProductPair(ProductPair.Kind.NT, 1024, 8, 384, "LoRA down"),
        new ProductPair(ProductPair.Kind.NT, 1024, 384, 8, "LoRA up"),
        new ProductPair(ProductPair.Kind.TN, 8, 384, 1024, "LoRA dA"),
        new ProductPair(ProductPair.Kind.TN, 384, 8, 1024, "LoRA dB"));

    private static final int SPIN_MILLISECONDS = 100;

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
        try (Workers workers = new Workers(threads)) {
            Gemm gemm = new Gemm(workers, new Scratch(threads, deepest()));
            for (ProductPair pair : SHAPES) {
                pair.use(gemm, (ours, theirs) -> measure(pair, ours, theirs, rounds, seconds));
            }
        }
    }

    /// The largest k of the shapes.
    static int deepest() {
        return SHAPES.stream().mapToInt(ProductPair::k).max().orElse(0);
    }

    private static void measure(ProductPair pair, Runnable ours, Runnable theirs, int rounds, double seconds) {
        rate(ours, pair, 1.0);
        rate(theirs, pair, 0.2);
        double[] mine = new double[rounds];
        double[] other = new double[rounds];
        double[] ratio = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            mine[i] = calmRate(ours, pair, seconds);
            other[i] = calmRate(theirs, pair, seconds);
            ratio[i] = mine[i] / other[i];
        }
        Arrays.sort(mine);
        Arrays.sort(other);
        Arrays.sort(ratio);
        System.out.printf(Locale.ROOT, "%-8s %5d %5d %5d %-9s  %6.1f / %6.1f   %.2f [%.2f, %.2f]%n", pair.kind(), pair.m(), pair.n(),
            pair.k(), pair.what(), mine[rounds / 2], other[rounds / 2], ratio[rounds / 2], ratio[0], ratio[rounds - 1]);
    }

    /// The rate once the other library's idle threads have stopped spinning (OpenBLAS' spin for 2²⁶ cycles and take a core meanwhile).
    private static double calmRate(Runnable product, ProductPair pair, double seconds) {
        try {
            Thread.sleep(SPIN_MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while timing", e);
        }
        product.run();
        return rate(product, pair, seconds);
    }

    /// GFLOP/s over at least `seconds`.
    private static double rate(Runnable product, ProductPair pair, double seconds) {
        long begun = System.nanoTime();
        int runs = 0;
        long elapsed;
        do {
            product.run();
            runs++;
            elapsed = System.nanoTime() - begun;
        } while (elapsed < seconds * 1e9);
        return runs * pair.flops() / elapsed;
    }
}
