package lowland.program;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Liveness.Place;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Guard;

/// Executes what [Liveness] planned, in one shared array an element type, and checks every storage that is written.
final class ArenaExecutor {
    private final Program program;
    private final Liveness plan;
    private final Map<String, Integer> extents;
    private final Inputs inputs;
    private final Map<State, double[][]> states;
    private final Map<ElementType, double[]> arenas = new HashMap<>();

    ArenaExecutor(Program program, Map<String, Integer> capacity, Map<State, double[][]> states, Inputs inputs) {
        this.program = program;
        this.plan = new Liveness(program, capacity);
        this.extents = inputs.extents();
        this.inputs = inputs;
        this.states = states;
        for (ElementType type : ElementType.values()) {
            double[] arena = new double[plan.arena(type)];
            // What nobody made must not look like a number.
            Arrays.fill(arena, Double.NaN);
            arenas.put(type, arena);
        }
    }

    Liveness plan() {
        return plan;
    }

    boolean run() {
        List<Instruction> instructions = plan.instructions();
        for (Instruction instruction : instructions) {
            Slices slices = new Slices(instruction);
            if (instruction.operation() instanceof Guard guard) {
                if (!guard.passes(slices)) {
                    return false;
                }
                continue;
            }
            checkStorage(instruction);
            instruction.operation().interpret(slices);
            for (int i = 0; i < instruction.outputs().size(); i++) {
                write(instruction.outputs().get(i), slices.reals(instruction.operation().outputs().get(i)));
            }
        }
        for (Liveness.Copy copy : plan.copies()) {
            System.arraycopy(read(copy.from()), 0, states.get(copy.state())[copy.layer()], 0, copy.state().size());
        }
        return true;
    }

    double[] output(String name) {
        return read(new Unrolling(program).resolve(program.outputs().get(name), 0));
    }

    /// An output may lie on an input only where its operation allows it, and then exactly; never on another output.
    private void checkStorage(Instruction instruction) {
        List<Cell> outputs = instruction.outputs();
        for (int i = 0; i < outputs.size(); i++) {
            List<Value> aliases = instruction.operation().aliases();
            Value alias = i < aliases.size() ? aliases.get(i) : null;
            for (int j = 0; j < instruction.inputs().size(); j++) {
                Cell input = instruction.inputs().get(j);
                if (overlap(outputs.get(i), input) && !(instruction.operation().inputs().get(j).equals(alias)
                        && plan.place(input).equals(plan.place(outputs.get(i))))) {
                    throw new AssertionError(outputs.get(i) + " overwrites " + input + " in " + instruction);
                }
            }
            for (int j = 0; j < i; j++) {
                if (overlap(outputs.get(i), outputs.get(j))) {
                    throw new AssertionError(outputs.get(i) + " and " + outputs.get(j) + " overlap");
                }
            }
        }
    }

    boolean overlap(Cell a, Cell b) {
        if (plan.place(a) instanceof Place.InArena(int from) && plan.place(b) instanceof Place.InArena(int other)) {
            return a.value().type() == b.value().type() && from < other + size(b) && other < from + size(a);
        }
        return plan.place(a).equals(plan.place(b));
    }

    private int size(Cell cell) {
        return cell.value().shape().size(extents);
    }

    private double[] read(Cell cell) {
        int size = size(cell);
        return switch (plan.place(cell)) {
            case Place.InState(State state, int layer) -> states.get(state)[layer].clone();
            case Place.InArena(int offset) -> Arrays.copyOfRange(arenas.get(cell.value().type()), offset, offset + size);
            case Place.InInput(String name) -> {
                double[] values = new double[size];
                for (int i = 0; i < size; i++) {
                    values[i] = cell.value().type() == ElementType.DOUBLE ? inputs.scalar(name) : inputs.reals(name)[i];
                }
                yield values;
            }
        };
    }

    private void write(Cell cell, double[] values) {
        switch (plan.place(cell)) {
            case Place.InState(State state, int layer) -> System.arraycopy(values, 0, states.get(state)[layer], 0, values.length);
            case Place.InArena(int offset) -> System.arraycopy(values, 0, arenas.get(cell.value().type()), offset, values.length);
            case Place.InInput(String name) -> throw new AssertionError("input '" + name + "' is written");
        }
    }

    /// Copies of the inputs, and fresh outputs.
    private final class Slices implements Memory {
        private final Instruction instruction;
        private final Map<Value, double[]> reals = new HashMap<>();

        Slices(Instruction instruction) {
            this.instruction = instruction;
            for (int i = 0; i < instruction.inputs().size(); i++) {
                Value input = instruction.operation().inputs().get(i);
                if (input.type() != ElementType.INT) {
                    reals.put(input, read(instruction.inputs().get(i)));
                }
            }
            for (Value output : instruction.operation().outputs()) {
                reals.put(output, new double[size(output)]);
            }
        }

        @Override
        public int layer() {
            return instruction.layer();
        }

        @Override
        public int extent(Value value, int axis) {
            return value.shape().extent(axis).size(extents);
        }

        @Override
        public double[] reals(Value value) {
            return reals.get(value);
        }

        @Override
        public int[] ints(Value value) {
            return inputs.ints(value.name());
        }
    }
}
