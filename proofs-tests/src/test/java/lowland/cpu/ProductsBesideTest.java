package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.rule.BiLora;
import lowland.rule.Lora;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProductsBesideTest {
    static final List<UpdateRule> RULES = EquivalenceTraining.RULES;

    @ParameterizedTest
    @FieldSource("RULES")
    void everyInstructionStaysBehindThoseThatMakeItsInputs(UpdateRule rule) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY)) {
            training.step.programs().forEach(program -> Joining.assertOrder(program, EquivalenceTraining.CAPACITY, ProductsBesideTest::joined));
        }
    }

    /// Of query and value in both layers: x·A1ᵀ with x·A2ᵀ, dy·B1 with dy·B2, dB1 with dB2, dA1 with dA2. LoRA has one pair of each, but
    /// query and value read the same x: their x·Aᵀ go together, and their dA.
    @Test
    void theSecondPairGoesBesideTheFirst() {
        assertEquals(NarrowProducts.MOST_COLUMNS >= 8 ? 16 : 8, beside(BiLora.defaults()));
        assertEquals(NarrowProducts.MOST_COLUMNS >= 8 ? 4 : 2, beside(Lora.defaults()));
    }

    private static List<Instruction> joined(List<Instruction> instructions) {
        return ProductsBeside.joined(ProductSums.joined(instructions));
    }

    private static int beside(UpdateRule rule) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY)) {
            Program program = training.step.programs().stream().filter(one -> one.name().equals("gradient")).findFirst().orElseThrow();
            return beside(program, Set.copyOf(training.model.frozen()), EquivalenceTraining.CAPACITY);
        }
    }

    private static int beside(Program program, Set<State> frozen, Map<String, Integer> capacity) {
        int count = 0;
        try (Workers workers = new Workers(1)) {
            Liveness plan = new Liveness(program, capacity, ProductsBesideTest::joined);
            Storage storage = new Storage(workers, capacity, Map.of(program, plan), frozen);
            for (int from = 0; from < plan.instructions().size(); from++) {
                if (ProductsBeside.together(plan, storage, from)) {
                    count++;
                    from++;
                }
            }
        }
        return count;
    }

    /// Narrow products of all three forms that read one another and two matrices, among guards, sums and tanhs: no instruction comes before
    /// what it reads, and every output and state has the bits of an execution in which no product is computed with another.
    @ParameterizedTest
    @ValueSource(ints = {17, 70, 230})
    void randomProgramsHaveTheBitsOfTheirProductsInTurn(int side) {
        int pairs = 0;
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(1000L * side + seed);
            List<State> states = new ArrayList<>();
            List.of("x", "y").forEach(name -> states.add(new State(name, ElementType.REAL, Shape.of(side, side), 0)));
            int rank = 1 + random.nextInt(8);
            List.of("a", "b").forEach(name -> states.add(new State(name, ElementType.REAL, Shape.of(rank, side), 0)));
            List.of("u", "v").forEach(name -> states.add(new State(name, ElementType.REAL, Shape.of(side, rank), 0)));
            State frozen = new State("frozen", ElementType.REAL, Shape.of(rank, side), 0);
            Program program = program(random, states, frozen);
            Joining.assertOrder(program, Map.of(), ProductsBesideTest::joined);
            pairs += beside(program, Set.of(frozen), Map.of());
            states.add(frozen);
            Joining.assertSameBits("seed " + seed, program, states, Set.of(frozen));
        }
        assertTrue(pairs > 60, pairs + " products went beside another");
    }

    private static Program program(Random random, List<State> states, State frozen) {
        Recording p = new Recording("random");
        List<Value> wide = new ArrayList<>();
        List<Value> flat = new ArrayList<>();
        List<Value> tall = new ArrayList<>();
        List<List<Value>> kinds = List.of(wide, flat, tall);
        for (int i = 0; i < states.size(); i++) {
            kinds.get(i / 2).add(p.read(states.get(i)));
        }
        flat.add(p.read(frozen));
        for (int i = 0; i < 24; i++) {
            Value x = any(random, wide);
            Value addend = random.nextInt(3) == 0 ? any(random, tall) : null;
            switch (random.nextInt(10)) {
                case 0 -> p.guard(p.squaredNorm(any(random, tall)));
                case 1 -> wide.add(p.tanh(x));
                case 2 -> wide.add(p.product(any(random, tall), false, any(random, flat), false, null));
                case 3, 4 -> tall.add(p.product(x, false, any(random, flat), true, addend));
                case 5 -> tall.add(p.product(x, false, any(random, tall), false, addend));
                case 6, 7 -> tall.add(p.product(x, true, any(random, tall), false, addend));
                default -> flat.add(p.product(any(random, tall), true, x, false, random.nextBoolean() ? any(random, flat) : null));
            }
        }
        for (int kind = 0; kind < kinds.size(); kind++) {
            List<Value> values = kinds.get(kind);
            for (int i = 3; i < values.size(); i += 1 + random.nextInt(2)) {
                p.output(kind + "." + i, values.get(i));
            }
            // As a rule's gradient: the old value is read by some, the new one is made where it lies.
            p.update(states.get(2 * kind), p.tanh(values.getLast()));
        }
        return p.finish();
    }

    private static Value any(Random random, List<Value> values) {
        return values.get(Math.max(random.nextInt(values.size()), random.nextInt(values.size())));
    }

    /// What a guard keeps from being computed must not have been computed before it.
    @Test
    void noProductPassesAGuard() {
        Recording p = new Recording("guarded");
        Value x = p.read(new State("x", ElementType.REAL, Shape.of(20, 20), 0));
        Value a = p.read(new State("a", ElementType.REAL, Shape.of(1, 20), 0));
        Value b = p.read(new State("b", ElementType.REAL, Shape.of(1, 20), 0));
        Value norm = p.squaredNorm(x);
        p.output("one", p.product(x, false, a, true, null));
        p.guard(norm);
        p.output("two", p.product(x, false, b, true, null));
        List<Instruction> plain = new Liveness(p.finish(), Map.of()).instructions();
        assertEquals(plain, ProductsBeside.joined(plain));
    }

    /// A third one finds no other; a bias, two that are too wide together, and one that reads the other do not go beside each other.
    @Test
    void onlyWhatFitsGoesTogether() {
        int most = NarrowProducts.MOST_COLUMNS;
        State x = new State("x", ElementType.REAL, Shape.of(20, 20), 0);
        State one = new State("one", ElementType.REAL, Shape.of(1, 20), 0);
        State all = new State("all", ElementType.REAL, Shape.of(most, 20), 0);
        State row = new State("row", ElementType.REAL, Shape.of(1), 0);
        assertEquals(1, count(List.of(x, one), v -> v.outputs(v.down(one), v.down(one), v.down(one))));
        assertEquals(0, count(List.of(x, one, row), v -> v.outputs(
                v.p.product(v.x, false, v.p.read(one), true, v.p.read(row)), v.p.product(v.x, false, v.p.read(one), true, v.p.read(row)))));
        assertEquals(0, count(List.of(x, one, all), v -> v.outputs(v.down(one), v.down(all))));
        assertEquals(0, count(List.of(x, one), v -> {
            Value first = v.down(one);
            v.outputs(first, v.p.product(v.x, false, first, false, null));
        }));
        assertEquals(0, count(List.of(x, one), v -> {
            Value first = v.down(one);
            v.outputs(v.p.product(v.x, false, v.p.tanh(first), false, first));
        }));
    }

    /// Where a side is known only when the program runs, the kernel may take the other one for the narrow one.
    @Test
    void sidesThatAreNotKnownStayAlone() {
        Recording p = new Recording("open");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.of(20), Extent.TOKENS));
        Value u = p.read(new State("u", ElementType.REAL, Shape.of(20, 2), 0));
        Value v = p.read(new State("v", ElementType.REAL, Shape.of(20, 2), 0));
        p.output("one", p.product(x, true, u, false, null));
        p.output("two", p.product(x, true, v, false, null));
        assertEquals(0, beside(p.finish(), Set.of(), Map.of("tokens", 30)));
    }

    private record Few(Recording p, Value x) {
        Value down(State a) {
            return p.product(x, false, p.read(a), true, null);
        }

        void outputs(Value... values) {
            for (int i = 0; i < values.length; i++) {
                p.output("out" + i, values[i]);
            }
        }
    }

    private static int count(List<State> states, Consumer<Few> record) {
        Recording p = new Recording("few");
        record.accept(new Few(p, p.read(states.getFirst())));
        return beside(p.finish(), Set.of(), Map.of());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Workers workers = new Workers(1)) {
            float[] x = new float[400];
            float[] other = new float[400];
            float[] b = new float[400];
            float[] c = new float[400];
            assertEquals("a product of 20 x 20 is not narrow", assertThrows(IllegalArgumentException.class, () -> {
                Gemm gemm = new Gemm(workers, new Scratch(1, 20));
                gemm.begin(20, 20, c, 0, 20, Gemm.Start.ZERO, null, 0);
                gemm.add(Gemm.Form.NN, 20, x, 0, 20, b, 0, 20);
                gemm.beside();
            }).getMessage());
            for (float[] second : List.of(other, x)) {
                int width = second == x ? NarrowProducts.MOST_COLUMNS : 1;
                Gemm gemm = new Gemm(workers, new Scratch(1, 20));
                assertThrows(IllegalArgumentException.class, () -> {
                    gemm.begin(20, 1, c, 0, 1, Gemm.Start.ZERO, null, 0);
                    gemm.add(Gemm.Form.NN, 20, x, 0, 20, b, 0, 1);
                    gemm.beside();
                    gemm.begin(20, width, c, 0, width, Gemm.Start.ZERO, null, 0);
                    gemm.add(Gemm.Form.NN, 20, second, 0, 20, b, 0, width);
                    gemm.finish();
                });
                GemmTest.check(gemm, Gemm.Form.NN, 20, 1, 20, Gemm.Start.ZERO);
            }
        }
    }
}
