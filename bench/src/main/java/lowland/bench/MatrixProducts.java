package lowland.bench;

import java.util.concurrent.TimeUnit;
import lowland.cpu.Gemm;
import lowland.cpu.Scratch;
import lowland.cpu.Workers;
import org.bytedeco.openblas.global.openblas;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Our product and OpenBLAS' under JMH, on shapes of [GemmAgainstOpenBlas]; that one alternates them and prints the ratio. An
/// invocation is two hundred products on two threads, with their operands' making.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx2g"})
public class MatrixProducts {
    private static final int REPEATS = 200;

    /// The place in [GemmAgainstOpenBlas]'s list of shapes.
    @Param({"0", "1", "5", "9", "13", "15"})
    public int shape;

    /// Two hundred products here.
    @Benchmark
    public void ours() {
        repeat(true);
    }

    /// Two hundred products in OpenBLAS.
    @Benchmark
    public void openBlas() {
        repeat(false);
    }

    private void repeat(boolean ours) {
        openblas.blas_set_num_threads(2);
        try (Workers workers = new Workers(2)) {
            Gemm gemm = new Gemm(workers, new Scratch(2, GemmAgainstOpenBlas.deepest()));
            GemmAgainstOpenBlas.SHAPES.get(shape).use(gemm, (mine, theirs) -> {
                for (int i = 0; i < REPEATS; i++) {
                    (ours ? mine : theirs).run();
                }
            });
        }
    }
}
