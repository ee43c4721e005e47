package lowland.program;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Guard;

/// Where every slice of every value lives: one arena an element type, planned once for a capacity.
///
/// Instructions whose results nobody needs are dropped: so a backward pass ends at the lowest adapter, and a frozen weight gets no
/// gradient. A value lives from the instruction that makes it to the last that reads it; those whose lives do not overlap share
/// storage. An output takes over an input's storage where its operation allows it and nobody reads that input again; a value that
/// a state becomes is made right in the state, unless the old one is still to be read or a guard is still to come.
public final class Liveness {
    /// Where a slice lives.
    public sealed interface Place {
        /// In slice `layer` of a state.
        record InState(State state, int layer) implements Place {}

        /// In what the host gives for a run.
        record InInput(String name) implements Place {}

        /// In the arena of its element type, `offset` elements from the start.
        record InArena(int offset) implements Place {}
    }

    /// A state's slice that is set from a slice living elsewhere, behind all instructions.
    public record Copy(Cell from, State state, int layer) {}

    /// Arena offsets are multiples of this many elements (64 bytes of float).
    public static final int ALIGNMENT = 16;

    private final List<Instruction> instructions;
    private final Map<Cell, Place> places = new HashMap<>();
    private final List<Copy> copies = new ArrayList<>();
    private final Map<Cell, Integer> made = new HashMap<>();
    private final Map<Cell, Integer> lastRead = new HashMap<>();
    private final Map<ElementType, Integer> arenas = new HashMap<>();
    private final Unrolling unrolling;

    public Liveness(Program program, Map<String, Integer> capacity) {
        this(program, capacity, UnaryOperator.identity());
    }

    /// @param order puts the instructions that are needed into another order, each behind those that make its inputs
    public Liveness(Program program, Map<String, Integer> capacity, UnaryOperator<List<Instruction>> order) {
        unrolling = new Unrolling(program);
        instructions = List.copyOf(order.apply(needed(program)));
        for (Value input : program.inputs()) {
            places.put(new Cell(input, 0), new Place.InInput(input.name()));
        }
        program.reads().forEach((state, value) -> {
            for (int layer = 0; layer < state.slices(); layer++) {
                places.put(new Cell(value, layer), new Place.InState(state, layer));
            }
        });
        int lastGuard = -1;
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            for (Cell cell : instruction.outputs()) {
                made.put(cell, i);
                lastRead.put(cell, i);
            }
            for (Cell cell : instruction.inputs()) {
                lastRead.put(cell, i);
            }
            if (instruction.operation() instanceof Guard) {
                lastGuard = i;
            }
        }
        program.outputs().forEach((name, value) -> {
            Cell cell = unrolling.resolve(value, 0);
            lastRead.put(cell, instructions.size());
            if (places.get(cell) instanceof Place.InState(State state, _) && program.updates().getOrDefault(state, value) != value) {
                throw new IllegalArgumentException("program '" + program.name() + "' offers the old state '" + state.name()
                        + "' as output '" + name + "' and updates it; offer what an operation made of it");
            }
        });
        placeUpdates(program, lastGuard);
        for (ElementType type : List.of(ElementType.REAL, ElementType.DOUBLE)) {
            placeInArena(type, capacity);
        }
    }

    /// What is executed, in order.
    public List<Instruction> instructions() {
        return instructions;
    }

    public Place place(Cell cell) {
        return places.get(cell);
    }

    /// The slice that a plain value is, behind all carries.
    public Cell cell(Value value) {
        return unrolling.resolve(value, 0);
    }

    /// The place of a plain value, behind all carries.
    public Place place(Value value) {
        return places.get(cell(value));
    }

    /// The instruction that makes a plain value, behind all carries; −1 for an input or a state.
    public int made(Value value) {
        return made.getOrDefault(unrolling.resolve(value, 0), -1);
    }

    /// What is copied into states behind the last instruction.
    public List<Copy> copies() {
        return copies;
    }

    /// Elements of the arena of a type.
    public int arena(ElementType type) {
        return arenas.getOrDefault(type, 0);
    }

    private List<Instruction> needed(Program program) {
        List<Instruction> kept = new ArrayList<>();
        Set<Cell> needed = new HashSet<>();
        program.outputs().values().forEach(value -> needed.add(unrolling.resolve(value, 0)));
        program.updates().forEach((state, value) -> {
            for (int layer = 0; layer < state.slices(); layer++) {
                needed.add(unrolling.resolve(value, layer));
            }
        });
        for (Instruction instruction : unrolling.instructions().reversed()) {
            if (instruction.operation() instanceof Guard || instruction.outputs().stream().anyMatch(needed::contains)) {
                needed.addAll(instruction.inputs());
                kept.addFirst(instruction);
            }
        }
        return kept;
    }

    private void placeUpdates(Program program, int lastGuard) {
        Set<Cell> sources = new HashSet<>();
        program.updates().forEach((state, value) -> {
            for (int layer = 0; layer < state.slices(); layer++) {
                Cell next = unrolling.resolve(value, layer);
                Cell old = new Cell(program.reads().get(state), layer);
                if (next.equals(old)) {
                    continue;
                }
                boolean first = sources.add(next);
                Integer maker = made.get(next);
                if (first && maker != null && maker > lastGuard && !places.containsKey(next) && overwrites(next, old, maker)) {
                    places.put(next, new Place.InState(state, layer));
                } else {
                    copies.add(new Copy(next, state, layer));
                    lastRead.put(next, instructions.size());
                }
            }
        });
        // A slice that is copied away at the end must not be overwritten before: what was placed over it is copied instead.
        for (Copy copy : List.copyOf(copies)) {
            if (places.get(copy.from()) instanceof Place.InState(State state, int layer)
                    && copy.from().value().equals(program.reads().get(state))) {
                places.entrySet().removeIf(entry -> {
                    boolean over = entry.getValue().equals(new Place.InState(state, layer)) && !entry.getKey().equals(copy.from());
                    if (over) {
                        copies.add(new Copy(entry.getKey(), state, layer));
                        lastRead.put(entry.getKey(), instructions.size());
                    }
                    return over;
                });
            }
        }
        order(program);
    }

    /// Sorts the copies so that none overwrites a state that another still reads.
    private void order(Program program) {
        List<Copy> rest = new ArrayList<>(copies);
        copies.clear();
        while (!rest.isEmpty()) {
            Copy next = null;
            for (Copy copy : rest) {
                Cell overwritten = new Cell(program.reads().get(copy.state()), copy.layer());
                if (rest.stream().noneMatch(other -> other != copy && other.from().equals(overwritten))) {
                    next = copy;
                    break;
                }
            }
            if (next == null) {
                throw new IllegalArgumentException("program '" + program.name() + "' exchanges the states "
                        + rest.stream().map(copy -> copy.state().name()).distinct().toList()
                        + " with each other; make one of the new values by an operation");
            }
            copies.add(next);
            rest.remove(next);
        }
    }

    /// Whether `next` may be made where `old` lives.
    private boolean overwrites(Cell next, Cell old, int maker) {
        int read = lastRead.getOrDefault(old, -1);
        return read < maker || read == maker && old.equals(alias(instructions.get(maker), next));
    }

    /// The input that this output may overwrite, if it is read only once there; else null.
    private static Cell alias(Instruction instruction, Cell output) {
        List<Value> aliases = instruction.operation().aliases();
        int index = instruction.outputs().indexOf(output);
        if (index >= aliases.size() || aliases.get(index) == null) {
            return null;
        }
        int position = instruction.operation().inputs().indexOf(aliases.get(index));
        Cell input = instruction.inputs().get(position);
        return instruction.inputs().stream().filter(input::equals).count() == 1 ? input : null;
    }

    /// Cells of one storage: a chain of outputs that took over inputs.
    private static final class Block {
        final List<Cell> cells = new ArrayList<>();
        int size;
        int from;
        int to;
        int offset;
    }

    private void placeInArena(ElementType type, Map<String, Integer> capacity) {
        Map<Cell, Block> blocks = new HashMap<>();
        List<Block> all = new ArrayList<>();
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            for (Cell output : instruction.outputs()) {
                if (output.value().type() != type || places.containsKey(output)) {
                    continue;
                }
                int size = output.value().shape().size(capacity);
                Cell alias = alias(instruction, output);
                Block block = alias == null ? null : blocks.get(alias);
                if (block == null || lastRead.get(alias) != i || block.size != size) {
                    block = new Block();
                    block.size = size;
                    block.from = i;
                    all.add(block);
                }
                block.cells.add(output);
                block.to = lastRead.get(output);
                blocks.put(output, block);
            }
        }
        int end = 0;
        List<Block> placed = new ArrayList<>();
        all.sort(Comparator.comparingInt((Block block) -> -block.size).thenComparingInt(block -> block.from));
        for (Block block : all) {
            block.offset = lowestGap(block, placed);
            placed.add(block);
            placed.sort(Comparator.comparingInt(other -> other.offset));
            block.cells.forEach(cell -> places.put(cell, new Place.InArena(block.offset)));
            end = Math.max(end, Math.addExact(block.offset, aligned(block.size)));
        }
        arenas.put(type, end);
    }

    private static int lowestGap(Block block, List<Block> placed) {
        int offset = 0;
        for (Block other : placed) {
            boolean together = other.from <= block.to && block.from <= other.to;
            if (together && offset < other.offset + aligned(other.size) && other.offset < offset + aligned(block.size)) {
                offset = other.offset + aligned(other.size);
            }
        }
        return offset;
    }

    private static int aligned(int size) {
        return Math.multiplyExact(Math.ceilDiv(size, ALIGNMENT), ALIGNMENT);
    }
}
