package lowland.tornado;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.DeviceFailure;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;

/// Programs as task graphs of one plan, with all their states on the device.
///
/// Kernels are compiled at their first execution, each anew: the first run of a program takes seconds. One thread at a time may use a
/// session. After a run that a guard ended, outputs that were not made yet are NaN.
public final class GraphSession implements Session {
    /// What a user may do where memory is short.
    static final String LOWER = "; lower --batch-size or --max-tokens, or choose another device";

    private final Sizes sizes;
    private final Layout layout;
    private final Buffers buffers;
    private final Graphs graphs;
    private final Map<String, GraphProgram> programs = new LinkedHashMap<>();
    private final int put;
    private final int get;
    private final int takeGraph;
    private final int answerGraph;
    private final int moveReals;
    private final int moveDoubles;
    private final int tasks;

    GraphSession(GraphDevice device, List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
        Map<Program, Liveness> plans = new LinkedHashMap<>();
        for (Program program : programs) {
            plans.put(program, new Liveness(program, capacity));
        }
        sizes = new Sizes(capacity);
        MatrixProduct product = MatrixProduct.of(device.device());
        layout = new Layout(plans, frozen, capacity, device.largestBuffer());
        String memory = requireMemory(device);
        Rows rows = new Rows();
        Binding binding = new Binding(layout, rows, sizes, product);
        plans.forEach((program, plan) -> {
            GraphProgram bound = new GraphProgram(this, program, plan, layout, sizes, binding, rows, device);
            if (this.programs.put(program.name(), bound) != null) {
                throw new IllegalArgumentException("two programs are named '" + program.name() + "'");
            }
        });
        int wanted = this.programs.values().stream().mapToInt(GraphProgram::mostWanted).max().orElse(0);
        buffers = new Buffers(layout, sizes, rows.table(), wanted);
        graphs = new Graphs(buffers, memory);
        takeGraph = graphs.add(List.of(Task.elements(Math.max(layout.givenReals(), layout.givenDoubles()),
                (g, t, b) -> g.task(t, Transfers::kernelTake, Binding.C, b.table, b.givenReals, b.work, layout.givenReals(), b.givenDoubles,
                        b.small, layout.givenDoubles(), b.ints))), List.of(buffers.givenReals, buffers.givenDoubles, buffers.ints), List.of());
        answerGraph = graphs.add(List.of(Task.elements(Math.max(1, wanted),
                (g, t, b) -> g.task(t, Transfers::kernelAnswer, Binding.C, b.table, b.wanted, b.small, b.answers))), List.of(buffers.wanted),
                List.of(buffers.answers));
        moveReals = graphs.add(List.of(Task.elements(4096,
                (g, t, b) -> g.task(t, Transfers::kernelMoveReals, Binding.C, b.control, b.table, b.work, b.work))), List.of(), List.of());
        moveDoubles = graphs.add(List.of(Task.elements(64,
                (g, t, b) -> g.task(t, Transfers::kernelMoveDoubles, Binding.C, b.control, b.table, b.small, b.small))), List.of(), List.of());
        put = moves(true);
        get = moves(false);
        this.programs.values().forEach(program -> program.record(graphs));
        tasks = this.programs.values().stream().mapToInt(GraphProgram::tasks).sum();
        graphs.start(device.device());
        answers(new int[0]);
    }

    /// A graph for `work`, and behind it one for each buffer of weights.
    private int moves(boolean in) {
        int first = -1;
        for (int buffer = -1; buffer < buffers.weights.size(); buffer++) {
            int which = buffer;
            int graph = graphs.add(List.of(Task.elements(4096, in
                    ? (g, t, b) -> g.task(t, Transfers::kernelMoveReals, Binding.C, b.control, b.table, b.in, b.reals(which))
                    : (g, t, b) -> g.task(t, Transfers::kernelMoveReals, Binding.C, b.control, b.table, b.reals(which), b.out))),
                    in ? List.of(buffers.in) : List.of(), in ? List.of() : List.of(buffers.out));
            first = first < 0 ? graph : first;
        }
        return first;
    }

    /// @return what is needed, and what there is: no backend tells how much of it other programs hold
    private String requireMemory(GraphDevice device) {
        // TornadoVM itself takes no more than -Dtornado.device.memory.
        long memory = Math.min(device.device().getMaxGlobalMemory(), device.device().getMemoryProvider().getHeapSize());
        long buffer = device.device().getMaxAllocMemory();
        if (layout.bytes() > memory) {
            throw DeviceFailure.failed(device.name() + " has " + memory / 1_000_000 + " MB and " + layout.bytes() / 1_000_000
                    + " MB are needed" + LOWER, null);
        }
        if (layout.largest() > buffer) {
            throw DeviceFailure.failed(device.name() + " allows buffers of " + buffer / 1_000_000 + " MB and one of "
                    + layout.largest() / 1_000_000 + " MB is needed" + LOWER, null);
        }
        return Math.ceilDiv(layout.bytes(), 1_000_000) + " MB are needed and it has " + memory / 1_000_000
                + " MB, of which other programs may hold a part";
    }

    Buffers buffers() {
        return buffers;
    }

    Graphs graphs() {
        return graphs;
    }

    /// How many tasks the programs' graphs have: each is compiled once.
    public int tasks() {
        return tasks;
    }

    /// Brings a run's inputs to the device.
    TornadoExecutionResult take() {
        sizes.write(buffers.control);
        return graphs.execute(takeGraph);
    }

    /// The double scalars at these places.
    ///
    /// @throws DeviceFailure if the device did not run everything that it was given until now
    double[] answers(int[] places) {
        buffers.wanted.set(0, places.length);
        for (int i = 0; i < places.length; i++) {
            buffers.wanted.set(i + 1, places[i]);
        }
        graphs.execute(answerGraph);
        graphs.requireRun(buffers.answers.get(0));
        double[] answers = new double[places.length];
        for (int i = 0; i < places.length; i++) {
            answers[i] = buffers.answers.get(i + 1);
        }
        return answers;
    }

    /// Copies elements within `work` or `small`.
    void move(ElementType type, int from, int to, int count) {
        control(from, to, count);
        graphs.execute(type == ElementType.REAL ? moveReals : moveDoubles);
    }

    private void control(int from, int to, int count) {
        buffers.control.set(Row.FROM, from);
        buffers.control.set(Row.TO, to);
        buffers.control.set(Row.COUNT, count);
    }

    /// Copies elements of a buffer from the device. Whether that ran, [#answers] tells.
    void get(int buffer, int from, float[] into, int count) {
        for (int done = 0; done < count; done += Buffers.MOST_OUT) {
            int part = Math.min(Buffers.MOST_OUT, count - done);
            control(from + done, 0, part);
            graphs.execute(get + 1 + buffer);
            for (int i = 0; i < part; i++) {
                into[done + i] = buffers.out.get(i);
            }
        }
    }

    private void put(int buffer, int to, float[] values, int count) {
        for (int done = 0; done < count; done += Buffers.MOST_IN) {
            int part = Math.min(Buffers.MOST_IN, count - done);
            for (int i = 0; i < part; i++) {
                buffers.in.set(i, values[done + i]);
            }
            control(0, to + done, part);
            graphs.execute(put + 1 + buffer);
        }
    }

    @Override
    public void write(State state, int layer, int from, float[] values, int count) {
        requireReal(state, layer);
        Session.requirePart(state, from, values, count);
        put(layout.buffer(state), layout.offset(state, layer) + from, values, count);
    }

    @Override
    public float[] read(State state, int layer) {
        requireReal(state, layer);
        float[] values = new float[state.size()];
        get(layout.buffer(state), layout.offset(state, layer), values, values.length);
        // Of the copies that ended the last run nobody has asked yet either.
        answers(new int[0]);
        return values;
    }

    private void requireReal(State state, int layer) {
        if (state.type() != ElementType.REAL) {
            throw new IllegalArgumentException("state '" + state.name() + "' is " + state.type()
                    + ": only real states are read and written");
        }
        if (!layout.holds(state) || layer < 0 || layer >= state.slices()) {
            throw new IllegalArgumentException("no program here reads slice " + layer + " of state '" + state.name() + "'");
        }
    }

    @Override
    public boolean run(String program, Inputs inputs) {
        return program(program).run(inputs, null);
    }

    /// @throws IllegalStateException if the session is not of a watched device
    @Override
    public boolean run(String program, Inputs inputs, Observer observer) {
        return program(program).run(inputs, observer);
    }

    @Override
    public double scalar(String program, String output) {
        return program(program).scalar(output);
    }

    @Override
    public void copy(String program, String output, float[] into) {
        program(program).copy(output, into);
    }

    private GraphProgram program(String name) {
        GraphProgram program = programs.get(name);
        if (program == null) {
            throw new IllegalArgumentException("no program '" + name + "'; there are " + programs.keySet());
        }
        return program;
    }

    @Override
    public Planned planned() {
        return new Planned(layout.stateBytes(), layout.bytes() - layout.stateBytes(), 0);
    }

    @Override
    public void close() {
        graphs.close();
    }
}
