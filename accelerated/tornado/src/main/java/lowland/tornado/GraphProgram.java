package lowland.tornado;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Size;
import lowland.program.Stage;
import lowland.program.State;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Guard;
import lowland.program.operation.Operation;
import lowland.program.operation.Scalar;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;

/// A program as graphs: one a stage, cut where a guard asks the host, and where it would have too many tasks. The graph of a repeated stage
/// is executed once for each of its layers, with the layer's number in `control`.
final class GraphProgram {
    /// TornadoVM's graphs hold 256 tasks, and an operation has several.
    static final int MOST_TASKS = 200;

    private final GraphSession session;
    private final Liveness plan;
    private final Layout layout;
    private final boolean observable;
    private final int mostTasks;
    private final Given given;
    private final List<Pass> passes = new ArrayList<>();
    private final List<Liveness.Copy> copies;
    private final Map<String, Output> outputs = new LinkedHashMap<>();
    private final Sizes sizes;

    /// A stage: what every iteration does, part by part.
    private record Pass(Stage stage, List<Part> parts) {}

    /// Tasks in one graph, then a guard's question; either may be missing.
    private static final class Part {
        final List<Task> tasks = new ArrayList<>();
        /// The operation that a watched graph is for.
        Site watched;
        Site guard;
        int[] slots = {};
        int graph = -1;
    }

    /// What the host may read after a run.
    private static final class Output {
        final Value value;
        final Size size;
        final int made;
        final int buffer;
        final int offset;
        final float[] reals;
        final double[] doubles;
        int latest;

        Output(Value value, Size size, int most, int made, int buffer, int offset) {
            this.value = value;
            this.size = size;
            this.made = made;
            this.buffer = buffer;
            this.offset = offset;
            boolean real = value.type() == ElementType.REAL;
            reals = real ? new float[most] : null;
            doubles = real ? null : new double[most];
        }
    }

    GraphProgram(GraphSession session, Program program, Liveness plan, Layout layout, Sizes sizes, Binding binding, Rows rows,
            GraphDevice device) {
        this.session = session;
        this.plan = plan;
        this.layout = layout;
        this.sizes = sizes;
        observable = device.observable();
        mostTasks = device.mostTasks();
        given = new Given(program, plan, layout, sizes.bindings());
        copies = plan.copies();
        Map<Operation, Instruction[]> byOperation = new IdentityHashMap<>();
        Map<Operation, Integer> layers = new IdentityHashMap<>();
        program.stages().forEach(stage -> stage.operations().forEach(operation -> layers.put(operation, Math.max(1, stage.repeat()))));
        for (Instruction instruction : plan.instructions()) {
            byOperation.computeIfAbsent(instruction.operation(), o -> new Instruction[layers.get(o)])[instruction.layer()] = instruction;
        }
        for (Stage stage : program.stages()) {
            List<Site> sites = stage.operations().stream().filter(byOperation::containsKey)
                    .map(operation -> new Site(plan, layout, rows, byOperation.get(operation))).toList();
            passes.add(new Pass(stage, parts(sites, binding, rows)));
        }
        program.outputs().forEach((name, value) -> {
            Cell cell = plan.cell(value);
            outputs.put(name, new Output(value, Size.of(sizes.bindings(), value.shape()), sizes.most(value.shape()), plan.made(value),
                    layout.buffer(plan.place(value)), layout.offset(plan, cell)));
        });
    }

    private List<Part> parts(List<Site> sites, Binding binding, Rows rows) {
        List<Part> parts = new ArrayList<>();
        Part part = new Part();
        List<Site> scalars = new ArrayList<>();
        for (Site site : sites) {
            if (site.operation() instanceof Scalar && !observable) {
                scalars.add(site);
                continue;
            }
            if (!scalars.isEmpty()) {
                part.tasks.add(binding.scalars(scalars));
                scalars.clear();
            }
            if (site.operation() instanceof Guard) {
                part.guard = site;
            } else if (!site.uploaded()) {
                part.tasks.addAll(binding.bind(site));
                part.watched = site;
            }
            if (observable || part.guard != null || part.tasks.size() >= mostTasks) {
                part.slots = rows.slots();
                parts.add(part);
                part = new Part();
            }
        }
        if (!scalars.isEmpty()) {
            part.tasks.add(binding.scalars(scalars));
        }
        part.slots = rows.slots();
        parts.add(part);
        parts.removeIf(empty -> empty.tasks.isEmpty() && empty.guard == null);
        return parts;
    }

    int tasks() {
        return passes.stream().flatMap(pass -> pass.parts().stream()).mapToInt(part -> part.tasks.size()).sum();
    }

    /// The most double scalars that are asked for at once.
    int mostWanted() {
        int most = outputs.values().stream().filter(output -> output.doubles != null).mapToInt(output -> output.doubles.length).sum();
        for (Pass pass : passes) {
            for (Part part : pass.parts()) {
                most = Math.max(most, part.guard == null ? 0 : part.guard.operation().inputs().size());
            }
        }
        return most;
    }

    void record(Graphs graphs) {
        for (Pass pass : passes) {
            for (Part part : pass.parts()) {
                if (!part.tasks.isEmpty()) {
                    part.graph = graphs.add(part.tasks, List.of(), List.of());
                }
            }
        }
    }

    boolean run(Inputs inputs, Observer observer) {
        if (observer != null && !observable) {
            throw new IllegalStateException("this session runs a stage at once; open it on a watched device");
        }
        given.take(inputs, session.buffers());
        int end = execute(observer, session.take());
        boolean passed = end == plan.instructions().size();
        answer(end);
        for (Liveness.Copy copy : passed ? copies : List.<Liveness.Copy>of()) {
            State state = copy.state();
            session.move(state.type(), layout.offset(plan, copy.from()), layout.offset(state, copy.layer()), state.size());
        }
        return passed;
    }

    /// @return how many instructions were run: all, or those before a guard that failed
    private int execute(Observer observer, TornadoExecutionResult begun) {
        Watch watch = observer == null ? null : new Watch(observer, session.buffers(), sizes, begun);
        for (Pass pass : passes) {
            for (int iteration = 0; iteration < pass.stage().iterations(); iteration++) {
                int layer = pass.stage().layer(iteration);
                session.buffers().control.set(Row.LAYER, layer);
                for (Part part : pass.parts()) {
                    if (part.graph >= 0) {
                        Instruction watched = watch == null ? null : part.watched.layers()[layer];
                        if (watched != null) {
                            watch.before(part.watched, watched);
                        }
                        for (int slot = 0; slot < part.slots.length; slot++) {
                            session.buffers().control.set(Row.SLOTS + slot, part.slots[slot]);
                        }
                        TornadoExecutionResult result = session.graphs().execute(part.graph);
                        if (watched != null) {
                            watch.after(part.watched, watched, result);
                        }
                    }
                    if (part.guard != null && !passes(part.guard.layers()[layer])) {
                        return index(part.guard.layers()[layer]);
                    }
                }
            }
        }
        return plan.instructions().size();
    }

    private int index(Instruction instruction) {
        for (int i = 0; ; i++) {
            if (plan.instructions().get(i) == instruction) {
                return i;
            }
        }
    }

    private boolean passes(Instruction guard) {
        int[] places = guard.inputs().stream().mapToInt(cell -> layout.offset(plan, cell)).toArray();
        return Arrays.stream(session.answers(places)).allMatch(Double::isFinite);
    }

    /// Takes the outputs, since the programs share their arenas, and learns whether all kernels ran.
    ///
    /// @param end how many instructions were run
    private void answer(int end) {
        List<Integer> places = new ArrayList<>();
        for (Output output : outputs.values()) {
            output.latest = output.size.get();
            if (output.reals == null) {
                for (int i = 0; i < output.latest; i++) {
                    places.add(output.offset + i);
                }
            } else if (output.made < end) {
                session.get(output.buffer, output.offset, output.reals, output.latest);
            } else {
                Arrays.fill(output.reals, 0, output.latest, Float.NaN);
            }
        }
        double[] answers = session.answers(places.stream().mapToInt(place -> place).toArray());
        int at = 0;
        for (Output output : outputs.values()) {
            if (output.doubles != null) {
                System.arraycopy(answers, at, output.doubles, 0, output.latest);
                at += output.latest;
                if (output.made >= end) {
                    Arrays.fill(output.doubles, Double.NaN);
                }
            }
        }
    }

    double scalar(String name) {
        Output output = output(name);
        if (output.doubles == null || output.value.shape().rank() != 0) {
            throw new IllegalArgumentException("output '" + name + "' is " + output.value.type() + output.value.shape()
                    + ", not a double scalar");
        }
        return output.doubles[0];
    }

    void copy(String name, float[] into) {
        Output output = output(name);
        if (output.reals == null) {
            throw new IllegalArgumentException("output '" + name + "' is " + output.value.type() + ", not real");
        }
        if (into.length < output.latest) {
            throw new IllegalArgumentException("output '" + name + "' has " + output.latest + " values, the array " + into.length);
        }
        System.arraycopy(output.reals, 0, into, 0, output.latest);
    }

    private Output output(String name) {
        Output output = outputs.get(name);
        if (output == null) {
            throw new IllegalArgumentException("no output '" + name + "'; there are " + outputs.keySet());
        }
        return output;
    }
}
