package lowland.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.operation.Operation;

/// A program as one straight list: every operation once for each layer, every carry resolved to the slice that it stands for.
public final class Unrolling {
    /// One slice of a value: of a stacked one the slice of a layer, of a plain one layer 0.
    public record Cell(Value value, int layer) {}

    /// One operation at one layer.
    public record Instruction(Operation operation, int layer, List<Cell> inputs, List<Cell> outputs) {}

    private record CarryOf(Stage stage, Carry carry) {}

    private record PatchOf(Stage stage, Patch patch) {}

    private final Map<Value, CarryOf> carries = new HashMap<>();
    private final Map<Value, PatchOf> patches = new HashMap<>();
    private final List<Instruction> instructions = new ArrayList<>();

    public Unrolling(Program program) {
        for (Stage stage : program.stages()) {
            for (Carry carry : stage.carries()) {
                carries.put(carry.input(), new CarryOf(stage, carry));
                carries.put(carry.result(), new CarryOf(stage, carry));
            }
            stage.patches().forEach(patch -> patches.put(patch.result(), new PatchOf(stage, patch)));
            for (int iteration = 0; iteration < stage.iterations(); iteration++) {
                int layer = stage.layer(iteration);
                for (Operation operation : stage.operations()) {
                    instructions.add(new Instruction(operation, layer, cells(operation.inputs(), layer),
                            cells(operation.outputs(), layer)));
                }
            }
        }
    }

    public List<Instruction> instructions() {
        return instructions;
    }

    /// The slice that holds what `value` is at `layer`, behind all carries and patches.
    public Cell resolve(Value value, int layer) {
        PatchOf patched = patches.get(value);
        if (patched != null) {
            return resolve(patched.stage().covers(layer) ? patched.patch().made() : patched.patch().before(), layer);
        }
        CarryOf of = carries.get(value);
        if (of == null) {
            return new Cell(value, value.stacked() ? layer : 0);
        }
        Stage stage = of.stage();
        if (value.equals(of.carry().result())) {
            return resolve(of.carry().output(), stage.layer(stage.iterations() - 1));
        }
        int iteration = stage.iteration(layer);
        return iteration == 0 ? resolve(of.carry().initial(), 0) : resolve(of.carry().output(), stage.layer(iteration - 1));
    }

    private List<Cell> cells(List<Value> values, int layer) {
        List<Cell> cells = new ArrayList<>();
        for (Value value : values) {
            cells.add(resolve(value, layer));
        }
        return List.copyOf(cells);
    }
}
