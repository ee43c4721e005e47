package lowland.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import lowland.program.operation.Gelu;
import lowland.program.operation.LayerNormBackward;
import org.junit.jupiter.api.Test;

/// Derivatives of whole programs, over stages.
final class DifferentiationTest {
    private static final int WIDTH = 3;
    private static final int ROWS = 4;

    private static State state(String name, int repeat, int... sizes) {
        return new State(name, ElementType.REAL, Shape.of(sizes), repeat);
    }

    private final State x = state("x", 0, ROWS, WIDTH);
    private final State y = state("y", 0, ROWS, WIDTH);
    private final State first = state("first", 0, WIDTH, WIDTH);
    private final State stacked = state("stacked", 4, WIDTH, WIDTH);
    private final State shared = state("shared", 0, WIDTH, WIDTH);
    private final State bias = state("bias", 4, WIDTH);
    private final State second = state("second", 4, WIDTH, WIDTH);
    private final State last = state("last", 0, WIDTH, WIDTH);
    private final State frozen = state("frozen", 4, ROWS, WIDTH);

    private Value linear(Recording p, Value input, State weight) {
        return p.product(input, false, p.read(weight), true, null);
    }

    /// plain → repeated, with two carries and a weight that all layers share → repeated downwards, reading what the earlier one kept of
    /// each layer → plain.
    private Value twoRepeated(Recording p) {
        Value rows = p.tanh(linear(p, p.read(x), first));
        Value[] kept = new Value[2];
        List<Value> up = p.repeat("up", 4, List.of(rows, p.read(x)), carried -> {
            kept[0] = carried.get(0);
            Value one = p.tanh(p.product(carried.get(0), false, p.read(stacked), false, p.read(bias)));
            kept[1] = p.add(one, linear(p, carried.get(1), shared));
            return List.of(kept[1], p.gelu(p.add(carried.get(0), carried.get(1)), Gelu.Form.ERF));
        });
        List<Value> down = p.repeat("down", 4, true, List.of(up.get(0)), carried -> {
            Value mixed = p.multiply(p.tanh(carried.get(0)), linear(p, kept[1], second));
            return List.of(p.add(p.add(mixed, kept[0]), linear(p, carried.get(0), shared)));
        });
        p.stage("head");
        return DerivativeTest.weighed(p, p.add(linear(p, down.get(0), last), up.get(1)));
    }

    @Test
    void differentiatesOverStages() {
        CentralDifferences.check("all train", this::twoRepeated, List.of(x, first, stacked, shared, bias, second, last), new Inputs(), 1);
        for (State state : List.of(x, first, stacked, shared, bias, second, last)) {
            CentralDifferences.check("only " + state.name(), this::twoRepeated, List.of(state), new Inputs(), 2);
        }
    }

    @Test
    void carriesThatHandOnWhatTheyReceive() {
        CentralDifferences.check("identity and swap", p -> {
            List<Value> results = p.repeat("layers", 3, List.of(p.read(x), p.tanh(p.read(x)), p.tanh(linear(p, p.read(x), first))),
                    c -> List.of(c.get(1), p.multiply(c.get(0), c.get(2)), c.get(2)));
            return DerivativeTest.weighed(p, p.add(results.get(0), p.multiply(results.get(1), results.get(2))));
        }, List.of(x, first), new Inputs(), 3);
    }

    @Test
    void oneValueHandedOnTwice() {
        CentralDifferences.check("twice", p -> {
            List<Value> results = p.repeat("layers", 3, List.of(p.read(x), p.read(x)), c -> {
                Value y = p.tanh(linear(p, p.multiply(c.get(0), c.get(1)), shared));
                return List.of(y, y);
            });
            return DerivativeTest.weighed(p, p.add(results.get(0), results.get(1)));
        }, List.of(x, shared), new Inputs(), 4);
    }

    /// The first iteration receives a trained value; what is handed on is frozen: the gradient still reaches the first.
    @Test
    void carryWhoseOutputIsFrozen() {
        CentralDifferences.check("frozen output", p -> {
            List<Value> results = p.repeat("layers", 4, List.of(p.tanh(p.read(x)), linear(p, p.read(x), first)),
                    c -> List.of(p.read(frozen), p.add(c.get(1), p.multiply(c.get(0), c.get(1)))));
            return DerivativeTest.weighed(p, results.get(1));
        }, List.of(x, first), new Inputs(), 5);
    }

    /// Nothing that trains reaches the carry; what trains only reads it.
    @Test
    void carryThatDependsOnNothingTrained() {
        CentralDifferences.Model model = p -> {
            List<Value> results = p.repeat("layers", 4, List.of(p.read(x), p.zeros(ElementType.REAL, x.shape())), c -> {
                Value next = p.tanh(linear(p, c.get(0), shared));
                return List.of(next, p.add(c.get(1), p.product(next, false, p.read(stacked), true, p.read(bias))));
            });
            return DerivativeTest.weighed(p, p.tanh(results.get(1)));
        };
        Program forward = CentralDifferences.check("frozen carry", model, List.of(stacked, bias), new Inputs(), 6);
        assertEquals(3, forward.stages().size());
        // Of the two carries only the second has a gradient to hand back.
        Program backward = CentralDifferences.programs(model, List.of(stacked, bias)).get(1);
        assertEquals(List.of(2, 1), backward.stages().stream().filter(stage -> stage.repeat() > 0)
                .map(stage -> stage.carries().size()).toList());
    }

    /// Layers 0 and 1, then 2, which hands on fewer rows, then 3: each part trains its layers of the same stacks, and all add to what they
    /// share.
    @Test
    void aStackInParts() {
        CentralDifferences.Model model = p -> {
            Value low = p.repeat("low", 4, 0, 2, false, List.of(p.tanh(p.read(x))),
                    c -> List.of(p.tanh(p.product(linear(p, c.get(0), stacked), false, p.read(shared), true, p.read(bias))))).getFirst();
            Value rows = p.input("rows", ElementType.INT, Shape.of(2));
            Value few = p.repeat("few", 4, 2, 3, false, List.of(low), c -> List.of(
                    p.tanh(p.product(p.gather(c.get(0), rows), false, p.read(stacked), true, p.read(bias))))).getFirst();
            return DerivativeTest.weighed(p, p.repeat("top", 4, 3, 4, true, List.of(few),
                    c -> List.of(p.add(linear(p, linear(p, c.get(0), stacked), shared), c.get(0)))).getFirst());
        };
        Inputs inputs = new Inputs().ints("rows", new int[] {3, 0});
        CentralDifferences.check("parts", model, List.of(x, stacked, bias, shared), inputs, 13);
        for (State state : List.of(x, stacked, bias, shared)) {
            CentralDifferences.check("parts, only " + state.name(), model, List.of(state), inputs, 14);
        }
    }

    /// Layers that no stage runs for have no gradient: their gradient states stay.
    @Test
    void layersLeftOut() {
        CentralDifferences.Model model = p -> DerivativeTest.weighed(p, p.repeat("upper", 4, 1, 4, true, List.of(p.read(x)),
                c -> List.of(p.tanh(linear(p, c.get(0), stacked)))).getFirst());
        CentralDifferences.check("upper", model, List.of(x, stacked), new Inputs(), 15);
        List<Program> programs = CentralDifferences.programs(model, List.of(stacked));
        try (Interpreter.Run session = new Interpreter().open(programs, Map.of())) {
            CentralDifferences.fill(session, programs.get(0), 16);
            State gradient = CentralDifferences.gradient(stacked);
            for (int layer = 0; layer < 4; layer++) {
                session.write(gradient, layer, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
            }
            session.run("backward", new Inputs());
            for (int layer = 0; layer < 4; layer++) {
                assertEquals(layer == 0, java.util.Arrays.equals(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9},
                        session.read(gradient, layer)), "layer " + layer);
            }
        }
    }

    /// What some layers of a stage make is read by two later stages for the same layers.
    @Test
    void valuesOfSomeLayersKeptForLaterStages() {
        CentralDifferences.check("kept parts", p -> {
            Value[] kept = new Value[1];
            Value first = p.repeat("first", 4, 1, 3, false, List.of(p.read(x)), c -> {
                kept[0] = p.tanh(linear(p, c.get(0), stacked));
                return List.of(p.multiply(kept[0], c.get(0)));
            }).getFirst();
            Value next = p.repeat("second", 4, 1, 3, true, List.of(first), c -> List.of(p.multiply(c.get(0), kept[0]))).getFirst();
            return DerivativeTest.weighed(p, p.repeat("third", 4, 1, 3, false, List.of(next),
                    c -> List.of(p.add(c.get(0), kept[0]))).getFirst());
        }, List.of(x, stacked), new Inputs(), 17);
    }

    @Test
    void aPatchHasNoDerivative() {
        assertThrows(IllegalArgumentException.class, () -> CentralDifferences.programs(p -> {
            Value[] sum = new Value[1];
            p.repeat("low", 4, 0, 2, false, List.of(), c -> {
                sum[0] = p.tanh(p.read(stacked));
                return List.of();
            });
            Value whole = p.patch(p.read(stacked), sum[0]);
            return DerivativeTest.weighed(p, p.repeat("all", 4, List.of(p.read(x)),
                    c -> List.of(p.product(c.get(0), false, whole, true, null))).getFirst());
        }, List.of(stacked)));
    }

    /// What trains reaches no carry, but what a later stage reads of each layer.
    @Test
    void valuesKeptForALaterStage() {
        CentralDifferences.check("kept", p -> {
            Value[] kept = new Value[1];
            p.repeat("first", 4, List.of(p.read(x)), c -> {
                kept[0] = linear(p, c.get(0), stacked);
                return List.of(p.tanh(c.get(0)));
            });
            return DerivativeTest.weighed(p, p.repeat("second", 4, List.of(p.read(x)),
                    c -> List.of(p.multiply(c.get(0), kept[0]))).getFirst());
        }, List.of(stacked), new Inputs(), 10);
    }

    /// No operation at all, and yet the gradient changes places with each iteration.
    @Test
    void aStageThatOnlyHandsOn() {
        CentralDifferences.check("swap alone", p -> {
            List<Value> results = p.repeat("swap", 3, List.of(p.read(x), p.tanh(p.read(x))), c -> List.of(c.get(1), c.get(0)));
            return DerivativeTest.weighed(p, p.multiply(p.tanh(results.get(0)), results.get(1)));
        }, List.of(x), new Inputs(), 11);
    }

    @Test
    void twoValuesThatAllLayersShare() {
        CentralDifferences.check("shared", p -> DerivativeTest.weighed(p, p.repeat("layers", 3, List.of(p.tanh(p.read(x))),
                c -> List.of(p.add(p.tanh(linear(p, c.get(0), shared)), p.multiply(linear(p, c.get(0), last), p.read(y))))).getFirst()),
                List.of(x, shared, last, y), new Inputs(), 12);
    }

    @Test
    void layerNormsAroundTheLoop() {
        State gamma = state("gamma", 4, WIDTH);
        State beta = state("beta", 4, WIDTH);
        CentralDifferences.check("norm", p -> {
            List<Value> results = p.repeat("layers", 4, List.of(p.read(x)), c -> List.of(p.layerNorm(
                    p.add(c.get(0), linear(p, c.get(0), stacked)), p.read(gamma), p.read(beta), 0.1)));
            return DerivativeTest.weighed(p, results.get(0));
        }, List.of(x, stacked, gamma, beta), new Inputs(), 7);
    }

    @Test
    void gradientStatesAccumulate() {
        List<State> trainables = List.of(x, first, stacked, shared, bias, second, last);
        List<Program> programs = CentralDifferences.programs(this::twoRepeated, trainables);
        try (Interpreter.Run session = new Interpreter().open(programs, Map.of())) {
            CentralDifferences.fill(session, programs.get(0), 8);
            session.run("backward", new Inputs());
            double[] once = session.values(CentralDifferences.gradient(second), 2).clone();
            session.run("backward", new Inputs());
            double[] twice = session.values(CentralDifferences.gradient(second), 2);
            for (int i = 0; i < once.length; i++) {
                once[i] *= 2;
            }
            assertArrayEquals(once, twice, 1e-13);
        }
    }

    /// A frozen prefix has no backward stages at all.
    @Test
    void frozenPrefixIsNotDifferentiated() {
        Program backward = CentralDifferences.programs(this::twoRepeated, List.of(last)).get(1);
        int behind = 0;
        for (Stage stage : backward.stages().subList(4, backward.stages().size())) {
            for (int i = 0; i < stage.operations().size(); i++) {
                behind++;
            }
        }
        // constant 1, fill, multiply, product into the gradient state.
        assertEquals(4, behind, backward.toString());
        assertEquals(List.of("backward", "head backward"), names(backward).subList(4, backward.stages().size()));
        assertEquals(List.of(CentralDifferences.gradient(last)), List.copyOf(backward.updates().keySet()));
    }

    /// With adapters at every layer the gradient of the lowest layer's input is planned away.
    @Test
    void lowestLayersInputGradientIsNotComputed() {
        State down = state("A", 4, 2, WIDTH);
        State up = state("B", 4, WIDTH, 2);
        State gamma = state("gamma", 4, WIDTH);
        State beta = state("beta", 4, WIDTH);
        CentralDifferences.Model model = p -> {
            List<Value> results = p.repeat("layers", 4, List.of(p.tanh(linear(p, p.read(x), first))), c -> {
                Value norm = p.layerNorm(c.get(0), p.read(gamma), p.read(beta), 1e-5);
                Value adapted = p.product(linear(p, norm, down), false, p.read(up), true, linear(p, norm, stacked));
                return List.of(p.add(c.get(0), p.tanh(adapted)));
            });
            return DerivativeTest.weighed(p, results.get(0));
        };
        List<Program> programs = CentralDifferences.programs(model, List.of(down, up));
        CentralDifferences.check("adapters", model, List.of(down, up), new Inputs(), 9);
        Liveness plan = new Liveness(programs.get(1), Map.of());
        List<Integer> layers = plan.instructions().stream().filter(i -> i.operation() instanceof LayerNormBackward)
                .map(Unrolling.Instruction::layer).toList();
        assertEquals(List.of(3, 2, 1), layers);
    }

    /// A backward stage goes by the name of the forward one; around a repeated one stands what its carries start from and end in.
    @Test
    void stagesAreNamedAfterTheForwardOnes() {
        Program backward = CentralDifferences.programs(this::twoRepeated, List.of(x, first, stacked, shared, bias, second, last)).get(1);
        assertEquals(List.of("main", "up", "down", "head", "backward", "head backward", "down backward", "up backward", "up backward, after",
                "main backward"), names(backward));
        // The zeros for a result that nothing reads.
        backward = CentralDifferences.programs(p -> DerivativeTest.weighed(p, p.repeat("layers", 4, List.of(p.read(x), p.tanh(p.read(x))),
                c -> List.of(c.get(1), p.multiply(c.get(0), c.get(1)))).getFirst()), List.of(x)).get(1);
        assertEquals(List.of("main", "layers", "after layers", "backward", "after layers backward", "layers backward, before",
                "layers backward", "layers backward, after", "main backward"), names(backward));
    }

    private static List<String> names(Program program) {
        return program.stages().stream().map(Stage::name).toList();
    }

    @Test
    void aLossThatDependsOnNothingTrainedIsRefused() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> CentralDifferences.programs(p -> p.sum(p.read(x)), List.of(first)));
        assertEquals("the loss depends on no trainable state; trainable are [first]", e.getMessage());
    }

    @Test
    void theLossOfALoopIsAScalarOfAPlainStage() {
        assertThrows(IllegalArgumentException.class, () -> CentralDifferences.programs(p -> {
            Value[] inside = new Value[1];
            p.repeat("layers", 2, List.of(p.read(x)), c -> {
                inside[0] = p.sum(c.get(0));
                return List.of(p.tanh(c.get(0)));
            });
            return inside[0];
        }, List.of(x)));
    }
}
