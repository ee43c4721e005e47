package lowland.tornado;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntFunction;
import lowland.program.Liveness;
import lowland.program.Liveness.Place;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Constant;
import lowland.program.operation.Operation;

/// An operation of a stage at all its layers.
///
/// @param layers the instruction of each layer; null where nobody needs it
record Site(Liveness plan, Layout layout, Rows rows, Instruction[] layers) {
    Operation operation() {
        return some().operation();
    }

    /// Any layer.
    private Instruction some() {
        for (Instruction instruction : layers) {
            if (instruction != null) {
                return instruction;
            }
        }
        throw new IllegalStateException("an operation that no layer needs has no site");
    }

    /// Writes the operation's rows: where each operand starts at each layer, then what else there is for that layer.
    ///
    /// @return their slot
    int row(Value[] operands, IntFunction<int[]> more) {
        int at = rows.slot();
        for (Instruction instruction : layers) {
            int[] row = new int[Row.WIDTH];
            if (instruction != null) {
                row[0] = 1;
                for (int i = 0; i < operands.length; i++) {
                    row[i + 1] = operands[i] == null ? 0 : offset(instruction, operands[i]);
                }
                int[] rest = more.apply(instruction.layer());
                System.arraycopy(rest, 0, row, operands.length + 1, rest.length);
            }
            rows.add(row);
        }
        return at;
    }

    /// The same with scratch, which is one place for all layers.
    int row(Value[] operands, int... scratch) {
        return row(operands, _ -> scratch);
    }

    int row(Value... operands) {
        return row(operands, new int[0]);
    }

    int offset(Instruction instruction, Value value) {
        return layout.offset(plan, cell(instruction, value));
    }

    /// Which buffer holds an operand at every layer: of the weights, or −1.
    int buffer(Value value) {
        return value == null ? -1 : layout.buffer(plan.place(cell(some(), value)));
    }

    /// Whether the host writes these constants once, so that no task makes them.
    boolean uploaded() {
        return operation() instanceof Constant constant && Arrays.stream(layers).filter(Objects::nonNull)
                .allMatch(instruction -> plan.place(cell(instruction, constant.y())) instanceof Place.InArena);
    }

    static Cell cell(Instruction instruction, Value value) {
        int input = instruction.operation().inputs().indexOf(value);
        return input >= 0 ? instruction.inputs().get(input)
                : instruction.outputs().get(instruction.operation().outputs().indexOf(value));
    }
}
