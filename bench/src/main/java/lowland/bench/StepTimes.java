package lowland.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lowland.checkpoint.BertConfig;
import lowland.cpu.CpuDevice;
import lowland.cpu.Gemm;
import lowland.cpu.Lanes;
import lowland.cpu.PackedMatrix;
import lowland.cpu.Scratch;
import lowland.cpu.Workers;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Inputs;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.operation.Mask;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import lowland.random.CounterRandom;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.TrainingStep;

/// Milliseconds a training step of a MiniLM-shaped encoder with random weights: five rules in alternating rounds, as ratios to LoRA,
/// and the share of the step that the operations take. One thread is measured by its processor time, which a busy machine does not
/// stretch; more threads by the clock.
///
/// With a Python interpreter that has torch, transformers and peft, a step of LoRA there takes its turn in each round.
///
///     StepTimes [threads] [tokens a sequence, 0 for mixed lengths of about 18] [rounds] [dropout] [query,value|all-linear] [python]
public final class StepTimes {
    private static final int SEQUENCES = 32;
    private static final int RANK = 8;
    private static final int CLASSES = 15;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static boolean processorTime;

    private StepTimes() {}

    private static long now() {
        return processorTime ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }

    /// A rule in training.
    private record Running(String name, TrainingStep step, Session session) {
        void run(Inputs inputs, Observer observer) {
            session.run("clear", inputs, observer);
            session.run("gradient", inputs, observer);
            if (step.perturb() != null) {
                session.run("perturb", inputs, observer);
                session.run("gradient", inputs, observer);
            }
            session.run("descend", inputs, observer);
        }
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
        Inputs inputs = inputs(length);
        int tokens = inputs.extents().get("tokens");
        System.out.printf("%d threads, vectors of %d floats, %d sequences, %d tokens, dropout %s, %s%n", threads, Lanes.count(),
                SEQUENCES, tokens, dropout, targets);
        List<Running> rules = new ArrayList<>();
        for (UpdateRule rule : List.of(Lora.defaults(), LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults(), BiLora.defaults())) {
            rules.add(open(rule, threads, tokens, dropout, targets));
        }
        for (Running running : rules) {
            Session.Planned planned = running.session.planned();
            System.out.printf("%-10s states %.1f MB, arena %.1f MB, packed %.1f MB%n", running.name, planned.states() / 1e6,
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
                    rules.get(i).name, median(times[i]), least(times[i]), median(ratios(times[i], times[0])), least(times[i]) / least(times[0]));
        }
        double products = products(threads, tokens);
        System.out.printf("frozen matrices alone, forward and backward: %.1f ms, %.0f%% of a step of LoRA%n", products, 100 * products / lora);
        for (Running running : rules) {
            shares(running, inputs);
        }
        rules.forEach(running -> running.session.close());
    }

    private static void rounds(List<Running> rules, Inputs inputs, double[][] times, TorchStep peer, double[] torch) {
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
            Gemm gemm = new Gemm(workers, new Scratch(threads, Scratch.packedFloats(1536, 1536)));
            for (int[] shape : shapes) {
                int out = shape[0];
                int in = shape[1];
                float[] x = new float[tokens * in];
                float[] y = new float[tokens * out];
                Arrays.fill(x, 0.5f);
                PackedMatrix[] weights = new PackedMatrix[6];
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = PackedMatrix.of(new float[out * in], 0, out, in);
                }
                double[] forward = new double[24];
                double[] backward = new double[24];
                for (int i = 0; i < forward.length; i++) {
                    long start = now();
                    gemm.forward(tokens, x, 0, in, weights[i % 6], y, 0, out, Gemm.Start.ZERO, null, 0);
                    long middle = now();
                    gemm.backward(tokens, y, 0, out, weights[i % 6], x, 0, in, Gemm.Start.ZERO);
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

    /// Where the time goes, by kind of operation, and the rate of the products.
    private static void shares(Running running, Inputs inputs) {
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
                .formatted(running.name, total / 1e6, 100 * products / total, watch.flops / products));
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

    private static Running open(UpdateRule rule, int threads, int tokens, boolean dropout, String targets) {
        BertConfig config = new BertConfig("bert", 6, 384, 12, 1536, 30_522, 512, 2, 0, 1e-12, 0.1, 0.1, 0.1);
        Bert model = new Bert(config, "", Bert.Pooling.MEAN, CLASSES, false, 0, dropout);
        List<Factors> pairs = new ArrayList<>();
        List<Factors> auxiliary = new ArrayList<>();
        for (Linear linear : targets(model, targets)) {
            pairs.add(new Factors(linear, Factors.PRIMARY, RANK, 2));
            if (rule instanceof BiLora) {
                auxiliary.add(new Factors(linear, Factors.AUXILIARY, RANK, 2));
            }
        }
        TrainingStep step = TrainingStep.of(rule, AdamW.defaults(), model, pairs, auxiliary);
        Session session = new CpuDevice(threads).open(step.programs(), Map.of("tokens", tokens, "sequences", SEQUENCES));
        model.frozen().forEach(state -> random(session, state, state.name().contains("Norm.weight") ? 1 : 0));
        step.trained().forEach(state -> random(session, state, 0));
        for (Factors pair : pairs) {
            random(session, pair.a(), 0);
            random(session, pair.b(), 0);
        }
        for (Factors pair : auxiliary) {
            random(session, pair.a(), 0);
        }
        return new Running(rule.getClass().getSimpleName(), step, session);
    }

    private static List<Linear> targets(Bert model, String targets) {
        return switch (targets) {
            case "query,value" -> List.of(model.query(), model.value());
            case "all-linear" -> model.linears();
            default -> throw new IllegalArgumentException("targets are query,value or all-linear, not " + targets);
        };
    }

    private static void random(Session session, State state, double mean) {
        long key = CounterRandom.tensorKey(1, state.name());
        for (int layer = 0; layer < state.slices(); layer++) {
            float[] values = new float[state.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + 0.1 * (CounterRandom.uniform(CounterRandom.child(key + layer, i)) - 0.5));
            }
            session.write(state, layer, values);
        }
    }

    private static Inputs inputs(int length) {
        int[] starts = new int[SEQUENCES + 1];
        for (int n = 0; n < SEQUENCES; n++) {
            starts[n + 1] = starts[n] + (length > 0 ? length : 6 + (int) Long.remainderUnsigned(CounterRandom.mix(n), 25));
        }
        int tokens = starts[SEQUENCES];
        int[] ids = new int[tokens];
        int[] places = new int[tokens];
        int[] sequences = new int[tokens];
        int[] labels = new int[SEQUENCES];
        int[] rows = new int[SEQUENCES];
        for (int n = 0; n < SEQUENCES; n++) {
            rows[n] = n;
            labels[n] = n % CLASSES;
            for (int i = starts[n]; i < starts[n + 1]; i++) {
                ids[i] = (int) Long.remainderUnsigned(CounterRandom.mix(i), 30_522);
                places[i] = i - starts[n];
                sequences[i] = n;
            }
        }
        return new Inputs().extent("tokens", tokens).extent("sequences", SEQUENCES).ints("ids", ids).ints("types", new int[tokens])
                .ints("positions", places).ints("places", places).ints("sequences", sequences).ints("starts", starts).ints("labels", labels)
                .ints("rows", rows).ints("rowPlaces", new int[SEQUENCES]).ints("maskKey", Mask.halves(1, 1, 0))
                .scalar("lossWeight", 1.0 / SEQUENCES).scalar("rho", 0.05).scalar("learningRate", 1e-5).scalar("headLearningRate", 1e-5)
                .scalar("clipNorm", 1).scalar("correction1", 0.1).scalar("correction2", 0.001).scalar("ema", 0.9);
    }
}
