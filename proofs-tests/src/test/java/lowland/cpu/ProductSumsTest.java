package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.ElementType;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Guard;
import lowland.rule.BiLora;
import lowland.rule.Lora;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class ProductSumsTest {
    static final List<UpdateRule> RULES = EquivalenceTraining.RULES;

    @ParameterizedTest
    @FieldSource("RULES")
    void everyInstructionStaysBehindThoseThatMakeItsInputs(UpdateRule rule) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY)) {
            for (Program program : training.step.programs()) {
                List<Instruction> plain = new Liveness(program, EquivalenceTraining.CAPACITY).instructions();
                List<Instruction> joined = ProductSums.joined(plain);
                assertEquals(plain.size(), joined.size());
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
        }
    }

    /// Forward x·Wᵀ + bias and the product of each pair, for query and value of both layers; backward in the upper layer, below which no
    /// gradient goes, the value's pairs with its W, and the query's with the key's W, for all of them add up to one dx.
    @Test
    void thePairsProductsJoinTheirLayers() {
        assertEquals(List.of(2, 2, 2, 2), sums(Lora.defaults(), "evaluate"));
        assertEquals(List.of(3, 3, 3, 3, 3, 3), sums(BiLora.defaults(), "gradient"));
    }

    /// How many terms each sum of a program has.
    private static List<Integer> sums(UpdateRule rule, String name) {
        List<Integer> sums = new ArrayList<>();
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY); Workers workers = new Workers(1)) {
            Program program = training.step.programs().stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
            Liveness plan = new Liveness(program, EquivalenceTraining.CAPACITY, ProductSums::joined);
            Storage storage = new Storage(workers, EquivalenceTraining.CAPACITY, Map.of(program, plan), Set.copyOf(training.model.frozen()));
            int end;
            for (int from = 0; from < plan.instructions().size(); from = end) {
                end = ProductSums.end(plan, storage, from);
                if (end - from > 1) {
                    sums.add(end - from);
                }
            }
        }
        return sums;
    }

    /// What a guard keeps from being computed must not have been computed before it, nor what comes before it be put off.
    @Test
    void noProductPassesAGuard() {
        Recording p = new Recording("guarded");
        Value x = p.read(new State("x", ElementType.REAL, Shape.of(20, 20), 0));
        Value norm = p.squaredNorm(x);
        Value one = p.product(x, false, x, false, null);
        p.guard(norm);
        Value two = p.product(x, false, x, true, one);
        p.output("two", two);
        List<Instruction> plain = new Liveness(p.finish(), Map.of()).instructions();
        List<Instruction> joined = ProductSums.joined(plain);
        assertEquals(plain, joined);
    }
}
