package lowland.bench;

import java.util.concurrent.TimeUnit;
import lowland.cpu.Activations;
import lowland.cpu.Attention;
import lowland.cpu.LayerNorm;
import lowland.cpu.Workers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Row kernels and attention on one thread, at the sizes of a MiniLM step: 1,024 tokens of 384 or 1,536 channels, 12 heads of 32.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Xmx1g"})
public class RowKernels {
    private static final int TOKENS = 1024;
    private static final int CHANNELS = 384;
    private static final int WIDE = 1536;

    private final float[] x = new float[TOKENS * WIDE];
    private final float[] y = new float[TOKENS * WIDE];
    private final float[] z = new float[TOKENS * WIDE];
    private final float[] dk = new float[TOKENS * CHANNELS];
    private final float[] dv = new float[TOKENS * CHANNELS];
    private final int[] starts = new int[TOKENS / 32 + 1];
    private Workers workers;
    private Attention attention;

    /// Fills the inputs.
    @Setup
    public void fill() {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i);
            y[i] = (float) Math.cos(i);
        }
        for (int s = 0; s < starts.length; s++) {
            starts[s] = 32 * s;
        }
        workers = new Workers(1);
        attention = new Attention(workers, 12, 12, 32, false, 0.1767767f, 32);
    }

    /// Ends the threads.
    @TearDown
    public void close() {
        workers.close();
    }

    /// GELU (error function) of the feed-forward layer.
    @Benchmark
    public void geluErf() {
        Activations.geluErf(x, 0, z, 0, x.length);
    }

    /// Its derivative.
    @Benchmark
    public void geluErfBackward() {
        Activations.geluErfBackward(x, 0, y, 0, z, 0, x.length);
    }

    /// GPT-2's GELU.
    @Benchmark
    public void geluTanh() {
        Activations.geluTanh(x, 0, z, 0, x.length);
    }

    /// Layer normalisation.
    @Benchmark
    public void layerNorm() {
        LayerNorm.forward(x, 0, y, 0, y, CHANNELS, 1e-12f, z, 0, CHANNELS, 0, TOKENS);
    }

    /// Its derivative by the input.
    @Benchmark
    public void layerNormBackward() {
        LayerNorm.backward(x, 0, y, 0, 1e-12f, y, 0, z, 0, CHANNELS, 0, TOKENS);
    }

    /// Attention over 32 sequences of 32 tokens.
    @Benchmark
    public void attention() {
        attention.forward(x, 0, y, 0, y, TOKENS * CHANNELS, starts, starts, starts.length - 1, z, 0);
    }

    /// Its derivatives.
    @Benchmark
    public void attentionBackward() {
        attention.backward(x, 0, y, 0, y, TOKENS * CHANNELS, starts, starts, starts.length - 1, x, TOKENS * CHANNELS, z, 0, dk, 0, dv, 0);
    }
}
