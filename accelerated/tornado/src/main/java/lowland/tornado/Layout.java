package lowland.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.DeviceFailure;
import lowland.program.ElementType;
import lowland.program.Liveness;
import lowland.program.Liveness.Place;
import lowland.program.Program;
import lowland.program.State;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.AttentionBackward;
import lowland.program.operation.Constant;
import lowland.program.operation.Gather;
import lowland.program.operation.LayerNorm;
import lowland.program.operation.LayerNormBackward;
import lowland.program.operation.LayerNormParameters;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import lowland.program.operation.PseudoInverse;
import lowland.program.operation.SquaredNorm;
import lowland.program.operation.Sum;

/// Where every slice lives: few large buffers, since every buffer of a graph costs at each of its executions, and a graph may have 250.
///
/// | buffer    | holds, in this order                                                                     |
/// |-----------|------------------------------------------------------------------------------------------|
/// | `work`    | real inputs, states, the arena of real values, scratch                                   |
/// | `small`   | double scalars of a run, constants, double states, the arena of double values, scratch   |
/// | `ints`    | inputs of integers                                                                       |
/// | `weights` | frozen states, in as many buffers as the device's largest allocation asks for            |
///
/// A kernel is compiled once and runs for every layer, so an operand is in one buffer at all layers: a frozen state goes to `weights` only
/// where that holds, and where the kernel takes such a buffer at all.
final class Layout {
    /// Work-items of the first pass of a sum.
    static final int PARTS = 256;
    private static final int WORK = -1;

    /// A frozen state's buffer, or −1 for `work`, and where its first layer starts.
    private record Spot(int buffer, int offset) {}

    private final Map<State, Spot> states = new LinkedHashMap<>();
    private final Map<String, Integer> inputs = new HashMap<>();
    /// Values count anew in each program, so cells are told apart by their plan.
    private final Map<Liveness, Map<Cell, Integer>> constants = new IdentityHashMap<>();
    private final List<Double> constantValues = new ArrayList<>();
    private final List<Long> weightSizes = new ArrayList<>();
    private int givenReals;
    private int givenDoubles;
    private int ints;
    private int realArena;
    private int doubleArena;
    private final long work;
    private final long small;
    private final int realScratch;
    private final int doubleScratch;
    private final long stateBytes;

    Layout(Map<Program, Liveness> plans, Set<State> frozen, Map<String, Integer> capacity, long largestBuffer) {
        Set<State> apart = apart(plans);
        apart.retainAll(frozen);
        plans.keySet().forEach(program -> program.inputs().forEach(input -> place(input, capacity)));
        for (Liveness plan : plans.values()) {
            constants.put(plan, new HashMap<>());
            plan.instructions().forEach(instruction -> placeConstant(plan, instruction));
        }
        long reals = aligned(givenReals);
        long doubles = givenDoubles + constantValues.size();
        long bytes = 0;
        for (Program program : plans.keySet()) {
            for (State state : program.reads().keySet()) {
                if (states.containsKey(state)) {
                    continue;
                }
                long size = aligned((long) state.slices() * state.size());
                bytes += (state.type() == ElementType.DOUBLE ? 8 : 4) * size;
                switch (state.type()) {
                    case INT -> throw new IllegalArgumentException("state '" + state.name()
                            + "' is of integers: states are real or double");
                    case DOUBLE -> {
                        states.put(state, new Spot(WORK, Math.toIntExact(doubles)));
                        doubles += size;
                    }
                    case REAL -> {
                        if (apart.contains(state)) {
                            states.put(state, apart(size, largestBuffer));
                        } else {
                            states.put(state, new Spot(WORK, element(reals)));
                            reals += size;
                        }
                    }
                }
            }
        }
        stateBytes = bytes;
        realArena = element(reals);
        doubleArena = element(doubles);
        realScratch = element(reals + plans.values().stream().mapToLong(plan -> plan.arena(ElementType.REAL)).max().orElse(0));
        doubleScratch = element(doubles + plans.values().stream().mapToLong(plan -> plan.arena(ElementType.DOUBLE)).max().orElse(0));
        long realMore = 1;
        long doubleMore = 1;
        for (Liveness plan : plans.values()) {
            for (Instruction instruction : plan.instructions()) {
                realMore = Math.max(realMore, realScratch(instruction.operation(), capacity));
                doubleMore = Math.max(doubleMore, doubleScratch(instruction.operation()));
            }
        }
        work = realScratch + realMore;
        small = doubleScratch + doubleMore;
        element(work);
        element(small);
    }

    private static long realScratch(Operation operation, Map<String, Integer> capacity) {
        return switch (operation) {
            case AttentionBackward a -> 3L * a.forward().q().shape().extent(0).size(capacity) * a.forward().heads();
            case LayerNormParameters l -> 2L * l.x().shape().extent(0).size(capacity);
            default -> 0;
        };
    }

    private static long doubleScratch(Operation operation) {
        return switch (operation) {
            case Sum _, SquaredNorm _ -> PARTS;
            case PseudoInverse p -> 2L * p.x().shape().fixed(0) * p.x().shape().fixed(0);
            default -> 0;
        };
    }

    /// An offset in elements.
    private static int element(long offset) {
        if (offset > Integer.MAX_VALUE - 64) {
            throw DeviceFailure.failed("a buffer of " + offset + " elements is needed and 2147483583 are possible; lower --batch-size or "
                    + "--max-tokens", null);
        }
        return (int) offset;
    }

    private static long aligned(long size) {
        return Math.ceilDiv(size, Liveness.ALIGNMENT) * Liveness.ALIGNMENT;
    }

    private void place(Value input, Map<String, Integer> capacity) {
        if (inputs.containsKey(input.name())) {
            return;
        }
        int size = input.shape().size(capacity);
        switch (input.type()) {
            case REAL -> {
                inputs.put(input.name(), givenReals);
                givenReals = element(aligned((long) givenReals + size));
            }
            case DOUBLE -> inputs.put(input.name(), givenDoubles++);
            case INT -> {
                inputs.put(input.name(), ints);
                ints += size;
            }
        }
    }

    private void placeConstant(Liveness plan, Instruction instruction) {
        if (instruction.operation() instanceof Constant constant) {
            int place = constantValues.indexOf(constant.value());
            if (place < 0) {
                place = constantValues.size();
                constantValues.add(constant.value());
            }
            constants.get(plan).put(instruction.outputs().getFirst(), place);
        }
    }

    private Spot apart(long size, long largestBuffer) {
        int last = weightSizes.size() - 1;
        if (last < 0 || 4 * (weightSizes.get(last) + size) > largestBuffer) {
            weightSizes.add(0L);
            last++;
        }
        Spot spot = new Spot(last, element(weightSizes.get(last)));
        weightSizes.set(last, weightSizes.get(last) + size);
        return spot;
    }

    /// States that every kernel which reads them may find in a buffer of their own.
    private static Set<State> apart(Map<Program, Liveness> plans) {
        Set<State> apart = new HashSet<>();
        Set<State> not = new HashSet<>();
        plans.forEach((program, plan) -> {
            apart.addAll(program.reads().keySet());
            not.addAll(program.updates().keySet());
            program.outputs().values().forEach(value -> not.addAll(state(plan.place(value))));
            plan.copies().forEach(copy -> not.addAll(state(plan.place(copy.from()))));
            Map<Operation, List<Set<State>>> seen = new IdentityHashMap<>();
            for (Instruction instruction : plan.instructions()) {
                for (int i = 0; i < instruction.inputs().size(); i++) {
                    Set<State> state = state(plan.place(instruction.inputs().get(i)));
                    List<Set<State>> before = seen.computeIfAbsent(instruction.operation(), _ -> new ArrayList<>());
                    if (before.size() <= i) {
                        before.add(state);
                    }
                    if (!takesWeights(instruction.operation(), i) || !before.get(i).equals(state)) {
                        not.addAll(state);
                        not.addAll(before.get(i));
                    }
                }
            }
        });
        apart.removeAll(not);
        return apart;
    }

    private static Set<State> state(Place place) {
        return place instanceof Place.InState(State state, _) ? Set.of(state) : Set.of();
    }

    private static boolean takesWeights(Operation operation, int input) {
        return switch (operation) {
            case Product _ -> true;
            case Gather _ -> input == 0;
            case LayerNorm _ -> input > 0;
            case LayerNormBackward _ -> input == 1;
            default -> false;
        };
    }

    /// Which of the weights' buffers holds a place, or −1.
    int buffer(Place place) {
        return place instanceof Place.InState(State state, _) ? states.get(state).buffer() : WORK;
    }

    int buffer(State state) {
        return states.get(state).buffer();
    }

    boolean holds(State state) {
        return states.containsKey(state);
    }

    int offset(State state, int layer) {
        return states.get(state).offset() + layer * state.size();
    }

    int offset(String input) {
        return inputs.get(input);
    }

    /// Where a slice starts in its buffer.
    int offset(Liveness plan, Cell cell) {
        return switch (plan.place(cell)) {
            case Place.InState(State state, int layer) -> offset(state, layer);
            case Place.InInput(String name) -> offset(name);
            case Place.InArena(int offset) -> constants.get(plan).containsKey(cell) ? givenDoubles + constants.get(plan).get(cell)
                    : (cell.value().type() == ElementType.REAL ? realArena : doubleArena) + offset;
        };
    }

    int constantsAt() {
        return givenDoubles;
    }

    List<Double> constants() {
        return constantValues;
    }

    int givenReals() {
        return Math.max(1, givenReals);
    }

    int givenDoubles() {
        return Math.max(1, givenDoubles);
    }

    int ints() {
        return Math.max(1, ints);
    }

    int work() {
        return (int) work;
    }

    int small() {
        return (int) small;
    }

    int realScratch() {
        return realScratch;
    }

    int doubleScratch() {
        return doubleScratch;
    }

    List<Long> weights() {
        return weightSizes;
    }

    long stateBytes() {
        return stateBytes;
    }

    /// All bytes on the device.
    long bytes() {
        return 4 * work + 8 * small + 4L * ints + 4 * weightSizes.stream().mapToLong(size -> size).sum();
    }

    /// Bytes of the largest buffer.
    long largest() {
        return Math.max(Math.max(4 * work, 8 * small), 4 * weightSizes.stream().mapToLong(size -> size).max().orElse(0));
    }
}
