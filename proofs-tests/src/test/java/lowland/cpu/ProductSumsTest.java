package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.rule.BiLora;
import lowland.rule.Lora;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProductSumsTest {
    static final List<UpdateRule> RULES = EquivalenceTraining.RULES;

    @ParameterizedTest
    @FieldSource("RULES")
    void everyInstructionStaysBehindThoseThatMakeItsInputs(UpdateRule rule) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, Sizes.TINY)) {
            training.step.programs().forEach(program -> Joining.assertOrder(program, EquivalenceTraining.CAPACITY, ProductSums::joined));
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

    /// Products, of which some add to an earlier one, among guards, sums and tanhs, over two states that the program changes and two
    /// frozen ones: no instruction comes before what it reads, and whatever joins, every output and state has the bits of an execution in
    /// which no product is computed with another.
    @ParameterizedTest
    @ValueSource(ints = {17, 24, 64})
    void randomProgramsHaveTheBitsOfTheirProductsInTurn(int side) {
        int terms = 0;
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(1000L * side + seed);
            List<State> changed = List.of(square("x", side), square("y", side));
            List<State> frozen = List.of(square("w", side), square("v", side));
            Program program = program(random, changed, frozen, side);
            Joining.assertOrder(program, Map.of(), ProductSums::joined);
            terms += sums(program, Set.copyOf(frozen), Map.of()).stream().mapToInt(Integer::intValue).sum();
            List<State> states = new ArrayList<>(changed);
            states.addAll(frozen);
            Joining.assertSameBits("seed " + seed, program, states, Set.copyOf(frozen));
        }
        assertTrue(terms > 60, terms + " products joined");
    }

    private static State square(String name, int side) {
        return new State(name, ElementType.REAL, Shape.of(side, side), 0);
    }

    private static Program program(Random random, List<State> changed, List<State> frozen, int side) {
        Recording p = new Recording("random");
        List<Value> values = new ArrayList<>();
        changed.forEach(state -> values.add(p.read(state)));
        List<Value> weights = new ArrayList<>(values);
        frozen.forEach(state -> weights.add(p.read(state)));
        List<Value> made = new ArrayList<>();
        for (int i = 0; i < 14; i++) {
            Value a = values.get(random.nextInt(values.size()));
            Value b = weights.get(random.nextInt(weights.size()));
            Value addend = made.isEmpty() || random.nextInt(4) == 0 ? null : made.get(made.size() - 1 - random.nextInt(Math.min(3, made.size())));
            switch (random.nextInt(12)) {
                case 0 -> p.guard(p.squaredNorm(a));
                case 1 -> values.add(p.tanh(a));
                case 2 -> values.add(p.add(a, values.get(random.nextInt(values.size()))));
                case 3 -> made.add(p.product(a, true, b, false, addend));
                default -> made.add(p.product(a, false, b, random.nextBoolean(), addend));
            }
            if (!made.isEmpty() && random.nextInt(5) == 0) {
                values.add(made.getLast());
            }
        }
        for (int i = 0; i < made.size(); i += 1 + random.nextInt(3)) {
            p.output("made" + i, made.get(i));
        }
        p.output("last", values.getLast() == values.get(0) || values.getLast() == values.get(1) ? p.tanh(values.getLast()) : values.getLast());
        p.update(changed.get(0), made.isEmpty() ? p.tanh(values.get(0)) : made.getLast());
        if (random.nextBoolean()) {
            p.update(changed.get(1), p.tanh(values.getLast()));
        }
        return p.finish();
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
