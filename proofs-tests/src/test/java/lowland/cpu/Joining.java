package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import lowland.program.Comparison;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Guard;

/// What holds for every way of computing products together: the order of instructions stays one, and the results have the bits of each
/// product alone.
final class Joining {
    private Joining() {}

    static void assertOrder(Program program, Map<String, Integer> capacity, UnaryOperator<List<Instruction>> joining) {
        List<Instruction> plain = new Liveness(program, capacity).instructions();
        List<Instruction> joined = joining.apply(plain);
        assertEquals(behindGuards(plain), behindGuards(joined));
        Set<Cell> made = new HashSet<>();
        plain.forEach(instruction -> made.addAll(instruction.outputs()));
        Set<Cell> before = new HashSet<>();
        for (Instruction instruction : joined) {
            for (Cell input : instruction.inputs()) {
                assertTrue(!made.contains(input) || before.contains(input), program.name() + " reads " + input + " before it is made");
            }
            assertTrue(before.addAll(instruction.outputs()) || instruction.operation() instanceof Guard, "made twice");
        }
    }

    /// The instructions in front of the first guard, between it and the next, and so on.
    private static List<Set<Instruction>> behindGuards(List<Instruction> instructions) {
        List<Set<Instruction>> parts = new ArrayList<>(List.of(new HashSet<>()));
        for (Instruction instruction : instructions) {
            if (instruction.operation() instanceof Guard) {
                parts.add(new HashSet<>());
            }
            assertTrue(parts.getLast().add(instruction), "twice");
        }
        return parts;
    }

    /// Runs a program twice, joined and watched, each from the same states.
    static void assertSameBits(String what, Program program, List<State> states, Set<State> frozen) {
        List<float[]> joined = results(program, states, frozen, null);
        List<float[]> watched = results(program, states, frozen, new Comparison());
        for (int i = 0; i < joined.size(); i++) {
            Floats.assertSameBits("result " + i + " of " + what + ": " + program, watched.get(i), joined.get(i));
        }
    }

    /// @param observer null for an execution that joins
    private static List<float[]> results(Program program, List<State> states, Set<State> frozen, Comparison observer) {
        List<float[]> results = new ArrayList<>();
        try (Session session = new CpuDevice(2).open(List.of(program), frozen, Map.of())) {
            for (State state : states) {
                session.write(state, 0, Floats.random(state.size(), state.name().hashCode()));
            }
            assertTrue(observer == null ? session.run(program.name(), new Inputs()) : session.run(program.name(), new Inputs(), observer));
            program.outputs().forEach((name, value) -> {
                float[] result = new float[value.shape().size(Map.of())];
                session.copy(program.name(), name, result);
                results.add(result);
            });
            states.stream().filter(state -> !frozen.contains(state)).forEach(state -> results.add(session.read(state, 0)));
        }
        return results;
    }
}
