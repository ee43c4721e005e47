package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.Comparison;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
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

    private static List<Integer> sums(UpdateRule rule, String name) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY)) {
            Program program = training.step.programs().stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
            return sums(program, Set.copyOf(training.model.frozen()), EquivalenceTraining.CAPACITY);
        }
    }

    /// How many terms each sum of a program has.
    private static List<Integer> sums(Program program, Set<State> frozen, Map<String, Integer> capacity) {
        List<Integer> sums = new ArrayList<>();
        try (Workers workers = new Workers(1)) {
            Liveness plan = new Liveness(program, capacity, ProductSums::joined);
            Storage storage = new Storage(workers, capacity, Map.of(program, plan), frozen);
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

    /// The scratch of a session has room for all that a sum packs, where no other product asks for as much; and a sum that starts from a matrix
    /// elsewhere, has more terms than one takes, or two frozen matrices, is what its products are in turn.
    @Test
    void sumsOfEveryKind() {
        State w = new State("w", ElementType.REAL, Shape.of(200, 100), 0);
        State v = new State("v", ElementType.REAL, Shape.of(200, 100), 0);
        State a = new State("a", ElementType.REAL, Shape.of(8, 100), 0);
        State start = new State("start", ElementType.REAL, Shape.of(30, 100), 0);
        State dy = new State("dy", ElementType.REAL, Shape.of(30, 200), 0);
        State du = new State("du", ElementType.REAL, Shape.of(30, 8), 0);
        Recording p = new Recording("sums");
        Value first = p.product(p.read(du), false, p.read(a), false, null);
        p.output("short", p.product(p.read(dy), false, p.read(w), false, first));
        Value sum = p.read(start);
        for (int i = 0; i < 3; i++) {
            sum = p.product(p.read(du), false, p.read(a), false, sum);
        }
        sum = p.product(p.read(dy), false, p.read(w), false, sum);
        sum = p.product(p.read(dy), false, p.read(v), false, sum);
        sum = p.product(p.read(du), false, p.read(a), false, sum);
        p.output("long", sum);
        Program program = p.finish();
        assertEquals(List.of(2, 4, 2), sums(program, Set.of(w, v), Map.of()));
        float[][] plain = new float[2][3000];
        float[][] watched = new float[2][3000];
        for (float[][] results : List.of(plain, watched)) {
            try (Session session = new CpuDevice(2).open(List.of(program), Set.of(w, v), Map.of())) {
                List.of(w, v, a, start, dy, du).forEach(state -> session.write(state, 0, Floats.random(state.size(), state.name().hashCode())));
                assertTrue(results == plain ? session.run("sums", new Inputs()) : session.run("sums", new Inputs(), new Comparison()));
                session.copy("sums", "short", results[0]);
                session.copy("sums", "long", results[1]);
            }
        }
        Floats.assertSameBits("short", watched[0], plain[0]);
        Floats.assertSameBits("long", watched[1], plain[1]);
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
