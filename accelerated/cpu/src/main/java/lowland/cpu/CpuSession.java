package lowland.cpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Product;

/// Programs bound once to kernels and to storage; a run then walks along an array and allocates nothing. A run that is observed computes
/// every product alone, another one joins those that add up ([ProductSums]) or read the same matrix ([ProductsBeside]); the bits are the same.
///
/// After a run that a guard ended, outputs that were not made yet are NaN. One thread at a time may use a session.
public final class CpuSession implements Session {
    private final Workers workers;
    private final Storage storage;
    private final Map<String, BoundProgram> programs = new LinkedHashMap<>();

    CpuSession(int threads, List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
        Map<Program, Liveness> plans = new LinkedHashMap<>();
        programs.forEach(program -> plans.put(program, new Liveness(program, capacity,
                instructions -> ProductsBeside.joined(ProductSums.joined(instructions)))));
        workers = new Workers(threads);
        try {
            storage = new Storage(workers, capacity, plans, frozen);
            int depth = plans.values().stream().mapToInt(plan -> depth(plan, capacity)).max().orElse(0);
            Binding binding = new Binding(workers, new Gemm(workers, new Scratch(threads, depth)));
            plans.forEach((program, plan) -> {
                if (this.programs.put(program.name(), new BoundProgram(program, plan, storage, binding)) != null) {
                    throw new IllegalArgumentException("two programs are named '" + program.name() + "'");
                }
            });
        } catch (RuntimeException | Error e) {
            workers.close();
            throw e;
        }
    }

    /// The largest depth of a plan's products.
    private static int depth(Liveness plan, Map<String, Integer> capacity) {
        int most = 0;
        for (Instruction instruction : plan.instructions()) {
            if (instruction.operation() instanceof Product product) {
                most = Math.max(most, product.a().shape().extent(product.transposeA() ? 0 : 1).size(capacity));
            }
        }
        return most;
    }

    @Override
    public void write(State state, int layer, int from, float[] values, int count) {
        storage.write(state, layer, from, values, count);
    }

    @Override
    public float[] read(State state, int layer) {
        return storage.read(state, layer);
    }

    /// @throws IllegalArgumentException if an input is missing or too short, a size exceeds the capacity, or an index is out of range;
    ///         then nothing was computed
    @Override
    public boolean run(String program, Inputs inputs) {
        return program(program).run(inputs, null);
    }

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

    private BoundProgram program(String name) {
        BoundProgram program = programs.get(name);
        if (program == null) {
            throw new IllegalArgumentException("no program '" + name + "'; there are " + programs.keySet());
        }
        return program;
    }

    @Override
    public Planned planned() {
        return storage.planned();
    }

    @Override
    public void close() {
        workers.close();
    }
}
