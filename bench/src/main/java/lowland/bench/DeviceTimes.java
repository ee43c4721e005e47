package lowland.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Product;
import lowland.rule.Lora;

/// Figures of a device of TornadoVM as a table to paste into a report: rates of matrix products, what launching and compiling a task costs,
/// and the share of a training step that its products take. The step is LoRA's (rank 8 on query and value) of a MiniLM-shaped encoder with
/// random weights.
///
/// A product is timed as one of several in a graph: the difference to a graph with one of them, so that neither launching graphs nor
/// transfers count. The share adds these times up over every product of the step; nothing within the step is instrumented.
///
///     DeviceTimes [number of the device] [sequences] [tokens a sequence]
public final class DeviceTimes {
    private static final int ROUNDS = 7;
    /// Products, and tasks, of the larger graph beyond the one of the smaller.
    private static final int MORE_PRODUCTS = 3;
    private static final int MORE_TASKS = 40;
    private static final int RANK = 8;

    private DeviceTimes() {}

    /// A product of [rows, depth]·[depth, columns].
    ///
    /// @param frozen whether the right-hand side is a weight that no program updates
    private record Kind(int rows, int columns, int depth, boolean transposeA, boolean transposeB, boolean frozen) {
        static Kind of(Product p, boolean frozen, Map<String, Integer> capacity) {
            return new Kind(p.y().shape().extent(0).size(capacity), p.y().shape().extent(1).size(capacity),
                    p.a().shape().extent(p.transposeA() ? 0 : 1).size(capacity), p.transposeA(), p.transposeB(), frozen);
        }

        double flops() {
            return 2.0 * rows * columns * depth;
        }

        @Override
        public String toString() {
            return "A" + (transposeA ? "ᵀ" : "") + "·B" + (transposeB ? "ᵀ" : "") + " " + rows + "×" + columns + "×" + depth
                    + (frozen ? ", B frozen" : "");
        }

        /// A program with so many of them; each adds to the one before.
        Program program(int count) {
            Recording p = new Recording("of " + count);
            Value a = p.read(left());
            Value b = p.read(right());
            Value y = null;
            for (int i = 0; i < count; i++) {
                y = p.product(a, transposeA, b, transposeB, y);
            }
            p.output("sum", p.sum(y));
            return p.finish();
        }

        State left() {
            return new State("left", ElementType.REAL, transposeA ? Shape.of(depth, rows) : Shape.of(rows, depth), 0);
        }

        State right() {
            return new State("right", ElementType.REAL, transposeB ? Shape.of(columns, depth) : Shape.of(depth, columns), 0);
        }
    }

    /// What a task costs, in seconds.
    private record Cost(double run, double compile) {}

    public static void main(String[] arguments) {
        int number = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 0;
        int sequences = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8;
        int length = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 32;
        try {
            report(ServiceLoader.load(DeviceProvider.class).findFirst().orElseThrow(() -> DeviceFailure.absent(
                    "TornadoVM's module is not part of this build: set TORNADOVM_HOME to its SDK and build again", null)), number, sequences,
                    length);
        } catch (DeviceFailure e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void report(DeviceProvider provider, int number, int sequences, int length) {
        Device device = provider.device(number, false);
        DeviceProvider.Description description = provider.devices().get(number);
        System.out.printf("| %s | %s |%n|---|---|%n", device.name(), description.name());
        row("platform, backend", description.platform());
        row("type", description.type());
        row("memory, largest buffer", "%.1f GB, %.1f GB".formatted(description.memory() * 1e-9, description.largestBuffer() * 1e-9));
        row("host", Runtime.getRuntime().availableProcessors() + " processors, " + System.getProperty("os.arch") + ", Java "
                + Runtime.version().feature());
        Map<Kind, Cost> products = new HashMap<>();
        List<Kind> shown = new ArrayList<>();
        for (boolean[] transposed : new boolean[][] {{false, true}, {false, false}, {true, false}}) {
            shown.add(new Kind(512, 1024, 1024, transposed[0], transposed[1], !transposed[0]));
        }
        shown.add(new Kind(512, RANK, 1024, false, true, false));
        shown.add(new Kind(512, 1024, RANK, false, true, false));
        shown.add(new Kind(RANK, 1024, 512, true, false, false));
        shown.add(new Kind(1024, RANK, 512, true, false, false));
        for (Kind kind : shown) {
            Cost cost = products.computeIfAbsent(kind, k -> cost(device, k));
            row(kind.toString(), "%.2f ms, %.1f GFLOP/s".formatted(cost.run * 1e3, kind.flops() / cost.run * 1e-9));
        }
        Cost task = cost(device, MORE_TASKS, DeviceTimes::tasks, Map.of(), Set.of());
        row("launching a task", "%.0f µs".formatted(task.run * 1e6));
        row("compiling it; a product", "%.0f ms; %.0f ms".formatted(task.compile * 1e3, products.get(shown.getFirst()).compile * 1e3));
        step(device, sequences, length, products);
    }

    private static void step(Device device, int sequences, int length, Map<Kind, Cost> products) {
        int tokens = sequences * length;
        Map<String, Integer> capacity = Map.of("tokens", tokens, "sequences", sequences);
        Inputs inputs = RandomStep.inputs(sequences, length);
        Map<Kind, Integer> counts = new LinkedHashMap<>();
        RandomStep step = RandomStep.open(Lora.defaults(), device, sequences, tokens, false, "query,value");
        double first = seconds(() -> step.run(inputs, null));
        double run = least(() -> step.run(inputs, null));
        step.session().close();
        Set<State> updated = new HashSet<>();
        step.step().programs().forEach(program -> updated.addAll(program.updates().keySet()));
        for (Program program : step.step().programs()) {
            Liveness plan = new Liveness(program, capacity);
            for (Instruction instruction : plan.instructions()) {
                if (instruction.operation() instanceof Product p) {
                    boolean frozen = plan.place(instruction.inputs().get(1)) instanceof Liveness.Place.InState(State state, _)
                            && !updated.contains(state);
                    counts.merge(Kind.of(p, frozen, capacity), 1, Integer::sum);
                }
            }
        }
        double inProducts = 0;
        double flops = 0;
        for (Map.Entry<Kind, Integer> entry : counts.entrySet()) {
            inProducts += entry.getValue() * products.computeIfAbsent(entry.getKey(), kind -> cost(device, kind)).run;
            flops += entry.getValue() * entry.getKey().flops();
        }
        row("a step of %d × %d tokens".formatted(sequences, length), "%.0f ms; the first, which compiles, %.1f s".formatted(run * 1e3,
                first));
        row("its %d products".formatted(counts.values().stream().mapToInt(count -> count).sum()),
                "%.0f ms, %.0f %% of it, %.1f GFLOP/s".formatted(inProducts * 1e3, 100 * inProducts / run, flops / inProducts * 1e-9));
    }

    private static void row(String name, String value) {
        System.out.println("| " + name + " | " + value + " |");
    }

    /// Tasks of one element each.
    private static Program tasks(int count) {
        Recording p = new Recording("of " + count);
        Value x = p.read(new State("x", ElementType.REAL, Shape.of(1), 0));
        Value y = x;
        for (int i = 0; i < count; i++) {
            y = p.add(y, x);
        }
        p.output("sum", p.sum(y));
        return p.finish();
    }

    private static Cost cost(Device device, Kind kind) {
        return cost(device, MORE_PRODUCTS, kind::program, Map.of(kind.left(), values(kind.left()), kind.right(), values(kind.right())),
                kind.frozen ? Set.of(kind.right()) : Set.of());
    }

    private static float[] values(State state) {
        float[] values = new float[state.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 37 % 101 - 50) / 100f;
        }
        return values;
    }

    private interface Programs {
        Program of(int count);
    }

    /// @param more how many tasks one program has beyond the other
    private static Cost cost(Device device, int more, Programs programs, Map<State, float[]> states, Set<State> frozen) {
        Program one = programs.of(1);
        Program many = programs.of(1 + more);
        try (Session session = device.open(List.of(one, many), frozen, Map.of())) {
            states.forEach((state, values) -> session.write(state, 0, values));
            Inputs inputs = new Inputs();
            double firstOne = seconds(() -> session.run(one.name(), inputs));
            double firstMany = seconds(() -> session.run(many.name(), inputs));
            double least = least(() -> session.run(one.name(), inputs));
            double leastMany = least(() -> session.run(many.name(), inputs));
            double run = (leastMany - least) / more;
            return new Cost(run, (firstMany - firstOne) / more - run);
        }
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) * 1e-9;
    }

    private static double least(Runnable work) {
        double least = Double.POSITIVE_INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            least = Math.min(least, seconds(work));
        }
        return least;
    }
}
