package lowland.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Indices;
import lowland.program.Inputs;
import lowland.program.Liveness.Place;
import lowland.program.Liveness;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Size;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Guard;

/// A program bound to the storage of a session: an array of bound operations that a run walks along.
final class BoundProgram {
    private final Storage storage;
    private final Given given;
    private final Indices[] indices;
    private final Operands[] operands;
    private final Bound[] bound;
    /// The same, but products that are one sum, or go beside each other, are computed by the last of them; the others then do nothing.
    private final Bound[] together;
    /// The scalars that must be finite before an instruction: null but for guards.
    private final Doubles[][] guards;
    private final Bound[] copies;
    private final Output[] outputs;
    private final Map<String, Output> outputsByName = new HashMap<>();

    /// What the host may read after a run: a copy, since the programs share their arenas.
    private static final class Output {
        final Value value;
        final Size size;
        final int made;
        final Reals real;
        final Doubles small;
        final float[] reals;
        final double[] doubles;
        int latest;

        /// @param made the instruction that makes it, −1 if none does
        Output(Value value, Size size, int most, int made, Reals real, Doubles small) {
            this.value = value;
            this.size = size;
            this.made = made;
            this.real = real;
            this.small = small;
            reals = real == null ? null : new float[most];
            doubles = small == null ? null : new double[most];
        }

        /// @param end how many instructions were run
        void take(int end) {
            latest = size.get();
            if (real != null) {
                if (made < end) {
                    System.arraycopy(real.array, real.at, reals, 0, latest);
                } else {
                    Arrays.fill(reals, 0, latest, Float.NaN);
                }
            } else if (made < end) {
                System.arraycopy(small.array(), small.at(), doubles, 0, latest);
            } else {
                Arrays.fill(doubles, 0, latest, Double.NaN);
            }
        }
    }

    BoundProgram(Program program, Liveness plan, Storage storage, Binding binding) {
        this.storage = storage;
        given = new Given(program, storage.bindings());
        indices = Indices.of(plan, given::ints, storage.bindings()).toArray(Indices[]::new);
        int count = plan.instructions().size();
        operands = new Operands[count];
        bound = new Bound[count];
        guards = new Doubles[count][];
        for (int i = 0; i < count; i++) {
            Instruction instruction = plan.instructions().get(i);
            operands[i] = new Operands(storage, given, plan, instruction);
            bound[i] = binding.bind(instruction.operation(), operands[i]);
            if (instruction.operation() instanceof Guard guard) {
                Operands o = operands[i];
                guards[i] = guard.scalars().stream().map(o::doubles).toArray(Doubles[]::new);
            }
        }
        together = together(plan, binding);
        copies = copies(plan);
        List<Output> list = new ArrayList<>();
        program.outputs().forEach((name, value) -> {
            Place place = plan.place(value);
            boolean real = value.type() == ElementType.REAL;
            Output output = new Output(value, Size.of(storage.bindings(), value.shape()), value.shape().size(storage.capacity()),
                    plan.made(value), real ? storage.reals(place, given) : null, real ? null : storage.doubles(place, given));
            list.add(output);
            outputsByName.put(name, output);
        });
        outputs = list.toArray(Output[]::new);
    }

    private Bound[] together(Liveness plan, Binding binding) {
        Bound[] together = bound.clone();
        int from = 0;
        while (from < together.length) {
            boolean beside = ProductsBeside.together(plan, storage, from);
            int end = beside ? from + 2 : ProductSums.end(plan, storage, from);
            if (end - from > 1) {
                Arrays.fill(together, from, end - 1, (Bound) () -> { });
                together[end - 1] = beside ? binding.beside(operands[from], operands[from + 1])
                        : binding.sum(List.of(operands).subList(from, end));
            }
            from = end;
        }
        return together;
    }

    /// What sets states from elsewhere, behind all instructions.
    private Bound[] copies(Liveness plan) {
        List<Bound> moves = new ArrayList<>();
        for (Liveness.Copy copy : plan.copies()) {
            Place from = plan.place(copy.from());
            Place to = new Place.InState(copy.state(), copy.layer());
            int size = copy.state().size();
            if (copy.state().type() == ElementType.REAL) {
                Reals source = storage.reals(from, given);
                Reals target = storage.reals(to, given);
                moves.add(() -> System.arraycopy(source.array, source.at, target.array, target.at, size));
            } else {
                Doubles source = storage.doubles(from, given);
                Doubles target = storage.doubles(to, given);
                moves.add(() -> System.arraycopy(source.array(), source.at(), target.array(), target.at(), size));
            }
        }
        return moves.toArray(Bound[]::new);
    }

    boolean run(Inputs inputs, Observer observer) {
        try {
            given.take(inputs, storage.bindings());
            for (int i = 0; i < indices.length; i++) {
                indices[i].require();
            }
            int end = observer == null ? execute() : execute(observer);
            boolean passed = end == bound.length;
            for (int i = 0; i < outputs.length; i++) {
                outputs[i].take(end);
            }
            for (int i = 0; passed && i < copies.length; i++) {
                copies[i].run();
            }
            return passed;
        } finally {
            given.release();
        }
    }

    /// @return how many instructions were run: all, or those before a guard that failed
    private int execute() {
        for (int i = 0; i < together.length; i++) {
            if (together[i] != null) {
                together[i].run();
            } else if (!passes(guards[i])) {
                return i;
            }
        }
        return bound.length;
    }

    private int execute(Observer observer) {
        for (int i = 0; i < bound.length; i++) {
            if (bound[i] == null) {
                if (!passes(guards[i])) {
                    return i;
                }
                continue;
            }
            observer.before(operands[i].instruction().operation(), operands[i].observed());
            bound[i].run();
            observer.after(operands[i].instruction().operation(), operands[i].observed());
        }
        return bound.length;
    }

    private static boolean passes(Doubles[] scalars) {
        for (int i = 0; i < scalars.length; i++) {
            if (!Double.isFinite(scalars[i].scalar())) {
                return false;
            }
        }
        return true;
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
        Output output = outputsByName.get(name);
        if (output == null) {
            throw new IllegalArgumentException("no output '" + name + "'; there are " + outputsByName.keySet());
        }
        return output;
    }
}
