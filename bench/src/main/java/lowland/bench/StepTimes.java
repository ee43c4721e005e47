package lowland.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lowland.cpu.CpuDevice;
import lowland.cpu.Gemm;
import lowland.cpu.Lanes;
import lowland.cpu.PackedMatrix;
import lowland.cpu.Scratch;
import lowland.cpu.Workers;
import lowland.program.Inputs;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;

/// Milliseconds a training step of a MiniLM-shaped encoder with random weights: five rules in alternating rounds, as ratios to LoRA,
/// and the share of the step that the operations take. One thread is measured by its processor time, which a busy machine does not
/// stretch; more threads by the clock.
///
/// With a Python interpreter that has torch, transformers and peft, a step of LoRA there takes its turn in each round.
///
///     StepTimes [threads] [tokens a sequence, 0 for mixed lengths of about 18] [rounds] [dropout] [query,value|all-linear] [python]
public final class StepTimes {
    private static final int SEQUENCES = 32;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static boolean processorTime;

    private StepTimes() {}

    private static long now() {
        return processorTime ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }

    public static void main(String[] arguments) {
        int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : Runtime.getRuntime().availableProcessors();
        int length = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 32;
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 20;
        String targets = arguments.length > 4 ? arguments[4] : "query,value";
        String python = arguments.length > 5 ? arguments[5] : null;
        if (python != null && (length == 0 || !targets.equals("query,value"))) {
            throw new IllegalArgumentException("the peer takes sequences of one length, name their tokens, and adapts query,value");
        }
        boolean dropout = arguments.length > 3 && Boolean.parseBoolean(arguments[3]);
        processorTime = threads == 1;
        Inputs inputs = RandomStep.inputs(SEQUENCES, length);
        int tokens = inputs.extents().get("tokens");
        System.out.printf("%d threads, vectors of %d floats, %d sequences, %d tokens, dropout %s, %s%n", threads, Lanes.count(),
                SEQUENCES, tokens, dropout, targets);
        List<RandomStep> rules = new ArrayList<>();
        for (UpdateRule rule : List.of(Lora.defaults(), LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(), BiLora.defaults())) {
            rules.add(RandomStep.open(rule, new CpuDevice(threads), SEQUENCES, tokens, dropout, targets));
        }
        for (RandomStep running : rules) {
            Session.Planned planned = running.session().planned();
            System.out.printf("%-10s states %.1f MB, arena %.1f MB, packed %.1f MB%n", running.name(), planned.states() / 1e6,
                    planned.arena() / 1e6, planned.packed() / 1e6);
        }
        double[][] times = new double[rules.size()][rounds];
        double[] torch = python == null ? null : new double[rounds];
        try (TorchStep peer = torch == null ? null : new TorchStep(python, threads, SEQUENCES, length)) {
            rounds(rules, inputs, times, peer, torch);
            if (peer != null) {
                System.out.printf("%s: LoRA %.1f ms a step, least %.1f; of it our LoRA: median of the rounds' ratios %.3f, ratio of the"
                        + " least %.3f%n", peer.versions(), median(torch), least(torch), median(ratios(times[0], torch)),
                        least(times[0]) / least(torch));
            }
        }
        double lora = median(times[0]);
        for (int i = 0; i < rules.size(); i++) {
            System.out.printf("%-10s %7.1f ms a step, least %.1f; of LoRA: median of the rounds' ratios %.3f, ratio of the least %.3f%n",
                    rules.get(i).name(), median(times[i]), least(times[i]), median(ratios(times[i], times[0])), least(times[i]) / least(times[0]));
        }
        double products = products(threads, tokens);
        System.out.printf("frozen matrices alone, forward and backward: %.1f ms, %.0f%% of a step of LoRA%n", products, 100 * products / lora);
        for (RandomStep running : rules) {
            shares(running, inputs);
        }
        rules.forEach(running -> running.session().close());
    }

    private static void rounds(List<RandomStep> rules, Inputs inputs, double[][] times, TorchStep peer, double[] torch) {
        for (int round = -2; round < times[0].length; round++) {
            for (int i = 0; i < rules.size(); i++) {
                long start = now();
                rules.get(i).run(inputs, null);
                if (round >= 0) {
                    times[i][round] = (now() - start) / 1e6;
                }
            }
            if (peer != null) {
                double milliseconds = peer.step();
                if (round >= 0) {
                    torch[round] = milliseconds;
                }
                pause();
            }
        }
    }

    /// The peer's idle threads spin for a while.
    private static void pause() {
        try {
            Thread.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Milliseconds of the products with the frozen matrices of a step, alone. The backward pass ends at the lowest adapter: the first
    /// layer's query, key and value have no dx.
    private static double products(int threads, int tokens) {
        int[][] shapes = {{384, 384, 24, 21}, {1536, 384, 6, 6}, {384, 1536, 6, 6}};
        double total = 0;
        try (Workers workers = new Workers(threads)) {
            Gemm gemm = new Gemm(workers, new Scratch(threads, 1536));
            for (int[] shape : shapes) {
                int out = shape[0];
                int in = shape[1];
                float[] x = new float[Lanes.first() + tokens * in];
                float[] y = new float[Lanes.first() + tokens * out];
                Arrays.fill(x, 0.5f);
                PackedMatrix[] weights = new PackedMatrix[6];
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = PackedMatrix.of(new float[out * in], 0, out, in);
                }
                double[] forward = new double[24];
                double[] backward = new double[24];
                for (int i = 0; i < forward.length; i++) {
                    long start = now();
                    gemm.forward(tokens, x, Lanes.first(), in, weights[i % 6], y, Lanes.first(), out, Gemm.Start.ZERO, null, 0);
                    long middle = now();
                    gemm.backward(tokens, y, Lanes.first(), out, weights[i % 6], x, Lanes.first(), in, Gemm.Start.ZERO);
                    forward[i] = (middle - start) / 1e6;
                    backward[i] = (now() - middle) / 1e6;
                }
                total += shape[2] * median(forward) + shape[3] * median(backward);
            }
        }
        return total;
    }

    /// What a busy machine disturbs least.
    private static double least(double[] values) {
        return Arrays.stream(values).min().orElseThrow();
    }

    /// Round by round.
    private static double[] ratios(double[] some, double[] others) {
        double[] ratios = new double[some.length];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = some[round] / others[round];
        }
        return ratios;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /// Where the time goes, by kind of operation, and the rate of the products, each alone: a step that nothing observes joins
    /// those that add up.
    private static void shares(RandomStep running, Inputs inputs) {
        running.run(inputs, new Watch());
        Watch watch = new Watch();
        running.run(inputs, watch);
        double total = 0;
        double products = 0;
        for (Map.Entry<String, double[]> entry : watch.nanos.entrySet()) {
            total += entry.getValue()[0];
            products += entry.getKey().startsWith("product") ? entry.getValue()[0] : 0;
        }
        StringBuilder line = new StringBuilder("%-10s %.1f ms in operations, products %.0f%% at %.1f GFLOP/s:"
                .formatted(running.name(), total / 1e6, 100 * products / total, watch.flops / products));
        List<String> names = new ArrayList<>(watch.nanos.keySet());
        names.sort(Comparator.comparingDouble(name -> -watch.nanos.get(name)[0]));
        for (String name : names.subList(0, Math.min(12, names.size()))) {
            line.append(" %s %.1f%%".formatted(name, 100 * watch.nanos.get(name)[0] / total));
        }
        System.out.println(line);
    }

    /// Times operations between the observer's two calls; it looks at no value.
    private static final class Watch implements Observer {
        private final Map<String, double[]> nanos = new TreeMap<>();
        private double flops;
        private String name;
        private long start;

        @Override
        public void before(Operation operation, Memory memory) {
            name = operation.name();
            if (operation instanceof Product p) {
                int rows = memory.extent(p.y(), 0);
                int columns = memory.extent(p.y(), 1);
                int depth = memory.extent(p.a(), p.transposeA() ? 0 : 1);
                flops += 2.0 * rows * columns * depth;
                name += Math.min(rows, Math.min(columns, depth)) <= 16 ? " (narrow)" : "";
            }
            start = now();
        }

        @Override
        public void after(Operation operation, Memory memory) {
            nanos.computeIfAbsent(name, _ -> new double[1])[0] += now() - start;
        }
    }
}
