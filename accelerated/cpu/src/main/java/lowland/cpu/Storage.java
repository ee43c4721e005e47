package lowland.cpu;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import lowland.program.ElementType;
import lowland.program.Liveness.Place;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.Size;
import lowland.program.State;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Product;

/// Everything that a session holds, allocated once: states, one arena for floats and one for doubles, packed weights.
///
/// The programs of a session never run at once, so they share the arenas. A frozen state that is only read as the right-hand side of
/// products is held packed and in no other form.
final class Storage {
    private final Workers workers;
    private final Map<String, Integer> capacity;
    private final Size.Bindings bindings;
    private final Map<State, float[]> reals = new LinkedHashMap<>();
    private final Map<State, double[]> doubles = new LinkedHashMap<>();
    private final Map<State, Weight[]> weights = new LinkedHashMap<>();
    private final float[] realArena;
    private final double[] doubleArena;

    Storage(Workers workers, Map<String, Integer> capacity, Map<Program, Liveness> programs, Set<State> frozen) {
        this.workers = workers;
        this.capacity = Map.copyOf(capacity);
        bindings = new Size.Bindings(capacity);
        Set<State> packed = packed(programs);
        packed.retainAll(frozen);
        for (Program program : programs.keySet()) {
            for (State state : program.reads().keySet()) {
                allocate(state, packed.contains(state));
            }
        }
        int most = programs.values().stream().mapToInt(plan -> plan.arena(ElementType.REAL)).max().orElse(0);
        realArena = new float[Math.addExact(Lanes.FIRST, most)];
        doubleArena = new double[programs.values().stream().mapToInt(plan -> plan.arena(ElementType.DOUBLE)).max().orElse(0)];
    }

    private void allocate(State state, boolean packed) {
        if (state.type() == ElementType.INT) {
            throw new IllegalArgumentException("state '" + state.name() + "' is of integers: states are real or double");
        }
        if (packed) {
            weights.computeIfAbsent(state, s -> {
                Weight[] layers = new Weight[s.slices()];
                for (int layer = 0; layer < layers.length; layer++) {
                    layers[layer] = new Weight(workers, s.shape().fixed(0), s.shape().fixed(1));
                }
                return layers;
            });
        } else if (state.type() == ElementType.REAL) {
            reals.computeIfAbsent(state, s -> new float[Math.addExact(Lanes.FIRST, Math.multiplyExact(s.slices(), s.size()))]);
        } else {
            doubles.computeIfAbsent(state, s -> new double[Math.multiplyExact(s.slices(), s.size())]);
        }
    }

    /// States that are read as the right-hand side of products only.
    private static Set<State> packed(Map<Program, Liveness> programs) {
        Set<State> multiplied = new HashSet<>();
        Set<State> otherwise = new HashSet<>();
        programs.forEach((program, plan) -> {
            program.outputs().values().forEach(value -> addState(plan.place(value), otherwise));
            plan.copies().forEach(copy -> addState(plan.place(copy.from()), otherwise));
            for (Instruction instruction : plan.instructions()) {
                for (int i = 0; i < instruction.inputs().size(); i++) {
                    Cell cell = instruction.inputs().get(i);
                    boolean right = instruction.operation() instanceof Product product && i == 1 && !product.transposeA()
                            && cell.value().type() == ElementType.REAL;
                    addState(plan.place(cell), right ? multiplied : otherwise);
                }
            }
        });
        multiplied.removeAll(otherwise);
        return multiplied;
    }

    private static void addState(Place place, Set<State> states) {
        if (place instanceof Place.InState(State state, _)) {
            states.add(state);
        }
    }

    Workers workers() {
        return workers;
    }

    Map<String, Integer> capacity() {
        return capacity;
    }

    Size.Bindings bindings() {
        return bindings;
    }

    /// Where a slice of a real state starts in its array.
    private static int slice(State state, int layer) {
        return Lanes.FIRST + layer * state.size();
    }

    Reals reals(Place place, Given given) {
        return switch (place) {
            case Place.InState(State state, int layer) -> new Reals(reals.get(state), slice(state, layer));
            case Place.InInput(String name) -> given.reals(name);
            case Place.InArena(int offset) -> new Reals(realArena, Lanes.FIRST + offset);
        };
    }

    Doubles doubles(Place place, Given given) {
        return switch (place) {
            case Place.InState(State state, int layer) -> new Doubles(doubles.get(state), layer * state.size());
            case Place.InInput(String name) -> given.doubles(name);
            case Place.InArena(int offset) -> new Doubles(doubleArena, offset);
        };
    }

    /// A layer of a packed state, or null.
    Weight weight(State state, int layer) {
        Weight[] layers = weights.get(state);
        return layers == null ? null : layers[layer];
    }

    void write(State state, int layer, int from, float[] values, int count) {
        requireReal(state, layer);
        Session.requirePart(state, from, values, count);
        Weight weight = weight(state, layer);
        if (weight != null) {
            weight.write(from, values, count);
        } else {
            System.arraycopy(values, 0, reals.get(state), slice(state, layer) + from, count);
        }
    }

    float[] read(State state, int layer) {
        requireReal(state, layer);
        Weight weight = weight(state, layer);
        if (weight != null) {
            return weight.read();
        }
        float[] values = new float[state.size()];
        System.arraycopy(reals.get(state), slice(state, layer), values, 0, values.length);
        return values;
    }

    private void requireReal(State state, int layer) {
        if (state.type() != ElementType.REAL) {
            throw new IllegalArgumentException("state '" + state.name() + "' is " + state.type()
                    + ": only real states are read and written");
        }
        if (!reals.containsKey(state) && !weights.containsKey(state) || layer < 0 || layer >= state.slices()) {
            throw new IllegalArgumentException("no program here reads slice " + layer + " of state '" + state.name() + "'");
        }
    }

    Session.Planned planned() {
        long states = 0;
        for (float[] state : reals.values()) {
            states += 4L * (state.length - Lanes.FIRST);
        }
        for (double[] state : doubles.values()) {
            states += 8L * state.length;
        }
        long packed = 0;
        for (Weight[] layers : weights.values()) {
            for (Weight layer : layers) {
                packed += layer.packed().bytes();
            }
        }
        return new Session.Planned(states, 4L * (realArena.length - Lanes.FIRST) + 8L * doubleArena.length, packed);
    }
}
