package lowland.program;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Operation;

/// Runs a program's operations in float, each slice in an array of its own, under observation: what a device is to [Comparison].
final class FloatExecutor {
    /// Damages what an operation made.
    interface Fault {
        void strike(Operation operation, Memory memory);
    }

    private final Program program;
    private final Inputs inputs;
    private final Map<Cell, double[]> cells = new HashMap<>();

    FloatExecutor(Program program, Inputs inputs, Map<State, double[][]> states) {
        this.program = program;
        this.inputs = inputs;
        program.reads().forEach((state, value) -> {
            for (int layer = 0; layer < state.slices(); layer++) {
                cells.put(new Cell(value, layer), rounded(states.get(state)[layer]));
            }
        });
        for (Value input : program.inputs()) {
            if (input.type() == ElementType.DOUBLE) {
                cells.put(new Cell(input, 0), new double[] {inputs.scalar(input.name())});
            } else if (input.type() == ElementType.REAL) {
                float[] given = inputs.reals(input.name());
                double[] elements = new double[given.length];
                for (int i = 0; i < given.length; i++) {
                    elements[i] = given[i];
                }
                cells.put(new Cell(input, 0), elements);
            }
        }
    }

    private static double[] rounded(double[] elements) {
        double[] floats = elements.clone();
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) floats[i];
        }
        return floats;
    }

    void run(Observer observer, Fault fault) {
        for (Instruction instruction : new Unrolling(program).instructions()) {
            Slices slices = new Slices(instruction);
            observer.before(instruction.operation(), slices);
            FloatKernels.execute(instruction.operation(), slices);
            fault.strike(instruction.operation(), slices);
            observer.after(instruction.operation(), slices);
        }
    }

    private final class Slices implements Memory {
        private final Instruction instruction;
        private final Map<Value, Cell> names = new HashMap<>();

        Slices(Instruction instruction) {
            this.instruction = instruction;
            name(instruction.operation().inputs(), instruction.inputs());
            name(instruction.operation().outputs(), instruction.outputs());
            instruction.outputs().forEach(cell -> cells.put(cell, new double[cell.value().shape().size(inputs.extents())]));
        }

        private void name(List<Value> values, List<Cell> slices) {
            for (int i = 0; i < values.size(); i++) {
                names.put(values.get(i), slices.get(i));
            }
        }

        @Override
        public int layer() {
            return instruction.layer();
        }

        @Override
        public int extent(Value value, int axis) {
            return value.shape().extent(axis).size(inputs.extents());
        }

        @Override
        public double[] reals(Value value) {
            return cells.get(names.get(value));
        }

        @Override
        public int[] ints(Value value) {
            return inputs.ints(value.name());
        }
    }
}
