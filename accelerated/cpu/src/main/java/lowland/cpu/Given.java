package lowland.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Ints;
import lowland.program.Program;
import lowland.program.Size;
import lowland.program.Value;

/// What the host gave a program for the run under way: its arrays are read where they are.
final class Given {
    private final List<Input> inputs = new ArrayList<>();
    private final Map<String, Input> byName = new HashMap<>();
    private final boolean[] needed;

    private record Input(Value value, Size size, Reals reals, Doubles doubles, Ints ints) {}

    Given(Program program, Size.Bindings bindings) {
        needed = new boolean[bindings.symbols()];
        program.stages().forEach(stage -> stage.operations().forEach(operation -> {
            operation.inputs().forEach(value -> bindings.mark(value.shape(), needed));
            operation.outputs().forEach(value -> bindings.mark(value.shape(), needed));
        }));
        for (Value value : program.inputs()) {
            bindings.mark(value.shape(), needed);
            Input input = new Input(value, Size.of(bindings, value.shape()),
                    value.type() == ElementType.REAL ? new Reals(null, 0) : null,
                    value.type() == ElementType.DOUBLE ? new Doubles(new double[1], 0) : null,
                    value.type() == ElementType.INT ? new Ints(value.name()) : null);
            inputs.add(input);
            byName.put(value.name(), input);
        }
    }

    Reals reals(String name) {
        return byName.get(name).reals();
    }

    Doubles doubles(String name) {
        return byName.get(name).doubles();
    }

    Ints ints(String name) {
        return byName.get(name).ints();
    }

    /// Takes what a run is given.
    /// @throws IllegalArgumentException if something is missing or too short
    void take(Inputs from, Size.Bindings bindings) {
        bindings.bind(from.extents(), needed);
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            String name = input.value().name();
            switch (input.value().type()) {
                case REAL -> {
                    input.reals().array = from.reals(name);
                    requireLength(name, input.reals().array.length, input.size().get());
                }
                case DOUBLE -> input.doubles().set(from.scalar(name));
                case INT -> {
                    input.ints().array = from.ints(name);
                    requireLength(name, input.ints().array.length, input.size().get());
                }
            }
        }
    }

    private static void requireLength(String name, int length, int size) {
        if (length < size) {
            throw new IllegalArgumentException("input '" + name + "' has " + length + " values, the run needs " + size);
        }
    }

    /// Lets the host's arrays go.
    void release() {
        for (int i = 0; i < inputs.size(); i++) {
            switch (inputs.get(i).value().type()) {
                case REAL -> inputs.get(i).reals().array = null;
                case DOUBLE -> { }
                case INT -> inputs.get(i).ints().array = null;
            }
        }
    }
}
