package lowland.tornado;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Indices;
import lowland.program.Inputs;
import lowland.program.Ints;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Size;
import lowland.program.Value;

/// What the host gives a program for a run: checked, and copied to where the device takes it.
final class Given {
    private final Program program;
    private final Layout layout;
    private final Size.Bindings bindings;
    private final boolean[] needed;
    private final Map<String, Ints> ints = new HashMap<>();
    private final List<Indices> indices;

    Given(Program program, Liveness plan, Layout layout, Size.Bindings bindings) {
        this.program = program;
        this.layout = layout;
        this.bindings = bindings;
        needed = new boolean[bindings.symbols()];
        program.stages().forEach(stage -> stage.operations().forEach(operation -> {
            operation.inputs().forEach(value -> bindings.mark(value.shape(), needed));
            operation.outputs().forEach(value -> bindings.mark(value.shape(), needed));
        }));
        for (Value input : program.inputs()) {
            bindings.mark(input.shape(), needed);
            ints.computeIfAbsent(input.name(), Ints::new);
        }
        indices = Indices.of(plan, ints::get, bindings);
    }

    /// @throws IllegalArgumentException if something is missing, too short, or out of range; then nothing was copied that a run would see
    void take(Inputs from, Buffers buffers) {
        bindings.bind(from.extents(), needed);
        for (Value input : program.inputs()) {
            String name = input.name();
            int size = Size.of(bindings, input.shape()).get();
            switch (input.type()) {
                case REAL -> requireLength(name, from.reals(name).length, size);
                case DOUBLE -> from.scalar(name);
                case INT -> {
                    ints.get(name).array = from.ints(name);
                    requireLength(name, from.ints(name).length, size);
                }
            }
        }
        indices.forEach(Indices::require);
        for (Value input : program.inputs()) {
            int size = Size.of(bindings, input.shape()).get();
            int at = layout.offset(input.name());
            switch (input.type()) {
                case REAL -> {
                    float[] values = from.reals(input.name());
                    for (int i = 0; i < size; i++) {
                        buffers.givenReals.set(at + i, values[i]);
                    }
                }
                case DOUBLE -> buffers.givenDoubles.set(at, from.scalar(input.name()));
                case INT -> {
                    int[] values = from.ints(input.name());
                    for (int i = 0; i < size; i++) {
                        buffers.ints.set(at + i, values[i]);
                    }
                }
            }
        }
    }

    private static void requireLength(String name, int length, int size) {
        if (length < size) {
            throw new IllegalArgumentException("input '" + name + "' has " + length + " values, the run needs " + size);
        }
    }
}
