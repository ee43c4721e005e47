package lowland.cpu;

import java.util.HashMap;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Ints;
import lowland.program.Liveness.Place;
import lowland.program.Liveness;
import lowland.program.Memory;
import lowland.program.Size;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;

/// Where the operands of one instruction live.
final class Operands {
    private final Storage storage;
    private final Given given;
    private final Liveness liveness;
    private final Instruction instruction;

    Operands(Storage storage, Given given, Liveness liveness, Instruction instruction) {
        this.storage = storage;
        this.given = given;
        this.liveness = liveness;
        this.instruction = instruction;
    }

    Instruction instruction() {
        return instruction;
    }

    Workers workers() {
        return storage.workers();
    }

    int layer() {
        return instruction.layer();
    }

    Size axis(Value value, int axis) {
        return Size.of(storage.bindings(), value.shape().extent(axis));
    }

    Size size(Value value) {
        return Size.of(storage.bindings(), value.shape());
    }

    /// The most elements that a value has in any run.
    int most(Value value) {
        return value.shape().size(storage.capacity());
    }

    Reals reals(Value value) {
        return storage.reals(place(value), given);
    }

    Doubles doubles(Value value) {
        return storage.doubles(place(value), given);
    }

    Ints ints(Value value) {
        return given.ints(value.name());
    }

    /// The packed matrix that a value is, or null.
    Weight weight(Value value) {
        return place(value) instanceof Place.InState(var state, int layer) ? storage.weight(state, layer) : null;
    }

    private Place place(Value value) {
        return liveness.place(cell(value));
    }

    private Cell cell(Value value) {
        int input = instruction.operation().inputs().indexOf(value);
        return input >= 0 ? instruction.inputs().get(input)
                : instruction.outputs().get(instruction.operation().outputs().indexOf(value));
    }

    /// The operands widened to double, for an observer.
    Memory observed() {
        return new Observed();
    }

    private final class Observed implements Memory {
        private final Map<Value, int[]> ints = new HashMap<>();

        @Override
        public int layer() {
            return instruction.layer();
        }

        @Override
        public int extent(Value value, int axis) {
            return axis(value, axis).get();
        }

        @Override
        public double[] reals(Value value) {
            int size = Operands.this.size(value).get();
            double[] wide = new double[size];
            if (value.type() == ElementType.DOUBLE) {
                Doubles doubles = doubles(value);
                System.arraycopy(doubles.array(), doubles.at(), wide, 0, size);
                return wide;
            }
            Weight weight = weight(value);
            Reals reals = weight == null ? Operands.this.reals(value) : new Reals(weight.read(), 0);
            for (int i = 0; i < size; i++) {
                wide[i] = reals.array[reals.at + i];
            }
            return wide;
        }

        @Override
        public int[] ints(Value value) {
            return ints.computeIfAbsent(value, v -> Operands.this.ints(v).array.clone());
        }
    }
}
