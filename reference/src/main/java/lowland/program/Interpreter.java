package lowland.program;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.operation.Guard;
import lowland.program.operation.Operation;

/// Defines what a program means: every operation in order, in double precision, by plain loops, each slice in an array of its own.
public final class Interpreter implements Device {
    @Override
    public String name() {
        return "interpreter";
    }

    @Override
    public Run open(List<Program> programs, Map<String, Integer> capacity) {
        return new Run(programs);
    }

    @Override
    public Run open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
        Device.requireFrozen(programs, frozen);
        return new Run(programs);
    }

    /// An interpreter's session. States are doubles here, see [#values].
    public static final class Run implements Session {
        private final Map<String, Program> programs = new LinkedHashMap<>();
        private final Map<State, double[][]> states = new LinkedHashMap<>();
        private final Map<String, Slices> latest = new HashMap<>();

        private Run(List<Program> programs) {
            for (Program program : programs) {
                this.programs.put(program.name(), program);
                for (State state : program.reads().keySet()) {
                    states.computeIfAbsent(state, s -> new double[s.slices()][s.size()]);
                }
            }
        }

        /// The doubles of a state's slice, live.
        public double[] values(State state, int layer) {
            double[][] slices = states.get(state);
            if (slices == null || layer < 0 || layer >= slices.length) {
                throw new IllegalArgumentException("no program here reads slice " + layer + " of state '" + state.name() + "'");
            }
            return slices[layer];
        }

        @Override
        public void write(State state, int layer, int from, float[] values, int count) {
            double[] slice = values(state, layer);
            Session.requirePart(state, from, values, count);
            for (int i = 0; i < count; i++) {
                slice[from + i] = values[i];
            }
        }

        @Override
        public float[] read(State state, int layer) {
            double[] slice = values(state, layer);
            float[] values = new float[slice.length];
            for (int i = 0; i < slice.length; i++) {
                values[i] = (float) slice[i];
            }
            return values;
        }

        @Override
        public boolean run(String name, Inputs inputs) {
            return run(name, inputs, null);
        }

        @Override
        public boolean run(String name, Inputs inputs, Observer observer) {
            Program program = programs.get(name);
            if (program == null) {
                throw new IllegalArgumentException("no program '" + name + "'; there are " + programs.keySet());
            }
            Slices slices = new Slices(inputs.extents());
            latest.put(name, slices);
            program.inputs().forEach(input -> slices.give(input, inputs));
            program.reads().forEach((state, value) -> slices.reals.put(value, states.get(state)));
            for (Stage stage : program.stages()) {
                for (int iteration = 0; iteration < stage.iterations(); iteration++) {
                    if (!iterate(stage, iteration, slices, observer)) {
                        return false;
                    }
                }
            }
            Map<State, double[][]> next = new HashMap<>();
            program.updates().forEach((state, value) -> {
                double[][] updated = new double[state.slices()][];
                for (int layer = 0; layer < updated.length; layer++) {
                    updated[layer] = slices.reals.get(value)[layer].clone();
                }
                next.put(state, updated);
            });
            states.putAll(next);
            return true;
        }

        private static boolean iterate(Stage stage, int iteration, Slices slices, Observer observer) {
            slices.layer = stage.layer(iteration);
            for (Carry carry : stage.carries()) {
                double[] carried = iteration == 0 ? slices.reals.get(carry.initial())[0]
                        : slices.reals.get(carry.output())[stage.layer(iteration - 1)];
                slices.slot(carry.input())[slices.layer] = carried;
            }
            for (Operation operation : stage.operations()) {
                if (operation instanceof Guard guard && !guard.passes(slices)) {
                    return false;
                }
                for (Value output : operation.outputs()) {
                    slices.slot(output)[slices.layer] = new double[slices.size(output)];
                }
                if (observer != null) {
                    observer.before(operation, slices);
                }
                operation.interpret(slices);
                if (observer != null) {
                    observer.after(operation, slices);
                }
            }
            if (iteration == stage.iterations() - 1) {
                for (Carry carry : stage.carries()) {
                    slices.slot(carry.result())[0] = slices.reals.get(carry.output())[slices.layer];
                }
                for (Patch patch : stage.patches()) {
                    double[][] result = slices.slot(patch.result());
                    for (int layer = 0; layer < result.length; layer++) {
                        result[layer] = slices.reals.get(stage.covers(layer) ? patch.made() : patch.before())[layer];
                    }
                }
            }
            return true;
        }

        @Override
        public double scalar(String program, String output) {
            return output(program, output)[0];
        }

        @Override
        public void copy(String program, String output, float[] into) {
            double[] values = output(program, output);
            for (int i = 0; i < values.length; i++) {
                into[i] = (float) values[i];
            }
        }

        /// The doubles of an output of the latest run; NaN where a guard ended it before they were made.
        public double[] output(String program, String output) {
            Value value = programs.get(program).outputs().get(output);
            if (value == null) {
                throw new IllegalArgumentException("program '" + program + "' has no output '" + output + "'");
            }
            double[][] made = latest.get(program).reals.get(value);
            if (made == null) {
                double[] none = new double[latest.get(program).size(value)];
                Arrays.fill(none, Double.NaN);
                return none;
            }
            return made[0];
        }

        @Override
        public Planned planned() {
            long bytes = 0;
            for (double[][] slices : states.values()) {
                bytes += 8L * slices.length * slices[0].length;
            }
            return new Planned(bytes, 0, 0);
        }

        @Override
        public void close() {}
    }

    /// Every slice of one run.
    private static final class Slices implements Memory {
        private final Map<String, Integer> extents;
        private final Map<Value, double[][]> reals = new HashMap<>();
        private final Map<Value, int[]> ints = new HashMap<>();
        private int layer;

        private Slices(Map<String, Integer> extents) {
            this.extents = Map.copyOf(extents);
        }

        private void give(Value input, Inputs inputs) {
            int size = size(input);
            switch (input.type()) {
                case INT -> {
                    int[] given = inputs.ints(input.name());
                    enough(input, size, given.length);
                    ints.put(input, Arrays.copyOf(given, size));
                }
                case DOUBLE -> slot(input)[0] = new double[] {inputs.scalar(input.name())};
                case REAL -> {
                    float[] given = inputs.reals(input.name());
                    enough(input, size, given.length);
                    double[] values = new double[size];
                    for (int i = 0; i < size; i++) {
                        values[i] = given[i];
                    }
                    slot(input)[0] = values;
                }
            }
        }

        private static void enough(Value input, int needed, int given) {
            if (given < needed) {
                throw new IllegalArgumentException("input '" + input + "' needs " + needed + " values, found " + given);
            }
        }

        private double[][] slot(Value value) {
            return reals.computeIfAbsent(value, v -> new double[Math.max(1, v.repeat())][]);
        }

        @Override
        public int layer() {
            return layer;
        }

        @Override
        public int extent(Value value, int axis) {
            return value.shape().extent(axis).size(extents);
        }

        @Override
        public double[] reals(Value value) {
            return reals.get(value)[value.stacked() ? layer : 0];
        }

        @Override
        public int[] ints(Value value) {
            return ints.get(value);
        }
    }
}
