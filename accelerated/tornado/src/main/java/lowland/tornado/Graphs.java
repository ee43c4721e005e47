package lowland.tornado;

import java.util.ArrayList;
import java.util.List;
import lowland.program.DeviceFailure;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/// The graphs of a session in one plan. The first, the anchor, brings what all share to the device; every other one consumes it from there
/// and leaves it there, so they run in any order.
final class Graphs implements AutoCloseable {
    private final Buffers buffers;
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
    private final List<Integer> tasks = new ArrayList<>();
    private final GridScheduler grids = new GridScheduler();
    private final String memory;
    private TornadoExecutionPlan plan;
    private int launched;

    /// @param memory what is needed on the device, and what it has, for what is said when that is not there
    Graphs(Buffers buffers, String memory) {
        this.buffers = buffers;
        this.memory = memory;
        TaskGraph anchor = new TaskGraph("g0").transferToDevice(DataTransferMode.EVERY_EXECUTION, buffers.shared());
        List<Task> touch = new ArrayList<>();
        touch.add(Task.one((g, id, b) -> g.task(id, Transfers::kernelTouchRest, Binding.C, b.small, b.ints, b.table)));
        touch.add(Task.one((g, id, b) -> g.task(id, Transfers::kernelTouchReals, Binding.C, b.table, b.work)));
        for (int i = 0; i < buffers.weights.size(); i++) {
            int buffer = i;
            touch.add(Task.one((g, id, b) -> g.task(id, Transfers::kernelTouchReals, Binding.C, b.table, b.weights.get(buffer))));
        }
        finish(anchor, touch);
    }

    private int finish(TaskGraph graph, List<Task> tasks) {
        for (int i = 0; i < tasks.size(); i++) {
            tasks.get(i).call().record(graph, "t" + i, buffers);
            if (tasks.get(i).grid() != null) {
                grids.addWorkerGrid(graph.getTaskGraphName() + ".t" + i, tasks.get(i).grid());
            }
        }
        graph.persistOnDevice(buffers.shared());
        graphs.add(graph.snapshot());
        this.tasks.add((int) tasks.stream().filter(task -> task.grid() != null).count());
        return graphs.size() - 1;
    }

    /// Adds a graph.
    ///
    /// @param to arrays that every execution brings to the device, beside `control`
    /// @param back arrays that every execution brings back
    /// @return its number
    int add(List<Task> tasks, List<Object> to, List<Object> back) {
        TaskGraph graph = new TaskGraph("g" + graphs.size());
        List<Object> moved = new ArrayList<>(to);
        moved.add(buffers.control);
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, moved.toArray());
        List<Object> consumed = new ArrayList<>(List.of(buffers.shared()));
        consumed.removeIf(array -> to.stream().anyMatch(other -> other == array));
        graph.consumeFromDevice(consumed.toArray());
        if (!back.isEmpty()) {
            graph.transferToHost(DataTransferMode.EVERY_EXECUTION, back.toArray());
        }
        return finish(graph, tasks);
    }

    /// Puts the plan together and runs the anchor.
    void start(TornadoDevice device) {
        plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
        plan.withDevice(device).withGridScheduler(grids);
        execute(0);
    }

    /// @throws DeviceFailure if TornadoVM cannot compile a kernel, or the device fails: nothing is run elsewhere instead
    TornadoExecutionResult execute(int graph) {
        try {
            launched += tasks.get(graph);
            return plan.withGraph(graph).execute();
        } catch (TornadoOutOfMemoryException | TornadoMemoryException e) {
            throw DeviceFailure.failed("the device has no memory left: " + memory + " (" + oneLine(e) + ")" + GraphSession.LOWER, e);
        } catch (RuntimeException | TornadoInternalError e) {
            throw DeviceFailure.failed("the device failed, or TornadoVM could not compile a kernel for it (" + oneLine(e) + ")", e);
        }
    }

    /// @param ran how many kernels the device has run
    /// @throws DeviceFailure if it was given more
    void requireRun(double ran) {
        if (ran != launched) {
            throw DeviceFailure.failed("the device did not run every kernel, but " + (long) ran + " of " + launched
                    + ": a kernel asks too much of it, or it has no memory left: " + memory + GraphSession.LOWER, null);
        }
    }

    private static String oneLine(Throwable e) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return message.replaceAll("\u001B\\[[;\\d]*m", "").replaceAll("\\s+", " ").strip();
    }

    @Override
    public void close() {
        try {
            plan.close();
        } catch (TornadoExecutionPlanException e) {
            throw DeviceFailure.failed("TornadoVM does not free the device's memory: " + e.getMessage(), e);
        }
    }
}
