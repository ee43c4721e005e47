package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Named.named;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lowland.FewTries;
import lowland.program.operation.*;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The derivative of every operation against central differences, each case at each size a test of its own.
final class DerivativeTest {
    record Case(String name, CentralDifferences.Model model, List<State> trainables, Inputs inputs) {}

    /// What only occurs behind a derivative or in an update program.
    private static final Set<Class<?>> WITHOUT = Set.of(AdamW.class, AttentionBackward.class, ColumnSum.class, Constant.class,
            CrossEntropyBackward.class, Fill.class, Gaussian.class, GeluBackward.class, Gram.class, Guard.class, Inner.class,
            LayerNormBackward.class, LayerNormParameters.class, PseudoInverse.class, ReluBackward.class, RowNorms.class, ScatterAdd.class,
            SegmentSpread.class, SgdMomentum.class, SmallProduct.class,
            SquaredErrorBackward.class, SquaredNorm.class, TanhBackward.class, ToReal.class);

    private final List<Case> cases = new ArrayList<>();

    private static State state(String name, int... sizes) {
        return new State(name, ElementType.REAL, Shape.of(sizes), 0);
    }

    private static Value ints(Recording p, String name, int size) {
        return p.input(name, ElementType.INT, Shape.of(size));
    }

    /// ⟨y, weights⟩ with weights of a frozen state, so that no two elements of the gradient are alike.
    static Value weighed(Recording p, Value y) {
        Value weights = p.read(new State("weights of " + y.name(), ElementType.REAL, y.shape(), 0));
        return p.sum(p.multiply(y, weights));
    }

    private void add(String name, Inputs inputs, List<State> trainables, CentralDifferences.Model output) {
        cases.add(new Case(name, p -> {
            Value y = output.loss(p);
            return y.type() == ElementType.DOUBLE ? y : weighed(p, y);
        }, trainables, inputs));
    }

    private List<Case> cases(int n) {
        cases.clear();
        State x = state("x", 3, n);
        State y = state("y", 3, n);
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                State a = transposeA ? state("a", n, 2) : state("a", 2, n);
                State b = transposeB ? state("b", 5, n) : state("b", n, 5);
                State bias = state("bias", 5);
                State sum = state("sum", 2, 5);
                String name = "product " + transposeA + " " + transposeB;
                add(name, new Inputs(), List.of(a, b), p -> p.product(p.read(a), transposeA, p.read(b), transposeB, null));
                add(name + " bias", new Inputs(), List.of(a, b, bias),
                        p -> p.product(p.read(a), transposeA, p.read(b), transposeB, p.read(bias)));
                add(name + " sum", new Inputs(), List.of(a, b, sum),
                        p -> p.product(p.read(a), transposeA, p.read(b), transposeB, p.read(sum)));
            }
        }
        State wide = state("wide", n, 3);
        State square = state("square", n, n);
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                add("three contributions " + transposeA + " " + transposeB, new Inputs(), List.of(square),
                        p -> p.product(p.read(square), transposeA, p.read(square), transposeB, p.read(square)));
            }
        }
        add("product, n columns", new Inputs(), List.of(x, square), p -> p.product(p.read(x), false, p.read(square), false, null));
        add("product with itself", new Inputs(), List.of(wide), p -> p.product(p.read(wide), false, p.read(wide), true, null));
        add("product, frozen right", new Inputs(), List.of(x), p -> p.product(p.read(x), false, p.read(square), true, null));
        add("add", new Inputs(), List.of(x, y), p -> p.add(p.read(x), p.read(y)));
        add("add to itself", new Inputs(), List.of(x), p -> p.add(p.read(x), p.read(x)));
        add("multiply", new Inputs(), List.of(x, y), p -> p.multiply(p.read(x), p.read(y)));
        add("divide", new Inputs(), List.of(x), p -> p.divide(p.read(x), p.add(p.multiply(p.read(y), p.read(y)),
                p.fill(p.constant(1), ElementType.REAL, Shape.of(3, n)))));
        add("square", new Inputs(), List.of(x), p -> p.multiply(p.read(x), p.read(x)));
        add("scale", new Inputs().scalar("factor", -1.7), List.of(x), p -> p.scale(p.read(x), p.scalar("factor")));
        add("sum", new Inputs(), List.of(x), p -> p.sum(p.read(x)));
        add("scalars", new Inputs(), List.of(x, y), p -> {
            Value product = p.scalar(Scalar.Kind.MULTIPLY, p.sum(p.read(x)), p.sum(p.read(y)));
            return p.scalar(Scalar.Kind.ADD, p.scalar(Scalar.Kind.MULTIPLY, p.constant(0.3), product), p.sum(p.read(x)));
        });
        State table = state("table", 5, n);
        add("gather", new Inputs().ints("indices", 4, 0, 4, 2), List.of(table), p -> p.gather(p.read(table), ints(p, "indices", 4)));
        add("gather twice", new Inputs().ints("indices", 4, 0, 4, 2), List.of(table), p -> p.add(
                p.gather(p.read(table), ints(p, "indices", 4)), p.gather(p.read(table), p.input("indices", ElementType.INT, Shape.of(4)))));
        State tokens = state("tokens", 21, n);
        add("segmentMean", new Inputs().ints("starts", 0, 1, 3, 8, 21), List.of(tokens),
                p -> p.segmentMean(p.read(tokens), ints(p, "starts", 5)));
        State gamma = state("gamma", n);
        State beta = state("beta", n);
        add("layerNorm", new Inputs(), List.of(x, gamma, beta), p -> p.layerNorm(p.read(x), p.read(gamma), p.read(beta), 1e-2));
        add("layerNorm, only the gain", new Inputs(), List.of(gamma), p -> p.layerNorm(p.read(x), p.read(gamma), p.read(beta), 1e-2));
        add("layerNorm, only the shift", new Inputs(), List.of(beta), p -> p.layerNorm(p.read(x), p.read(gamma), p.read(beta), 1e-2));
        for (Gelu.Form form : Gelu.Form.values()) {
            add("gelu " + form, new Inputs(), List.of(x), p -> p.gelu(p.scale(p.read(x), p.constant(3)), form));
        }
        add("tanh", new Inputs(), List.of(x), p -> p.tanh(p.scale(p.read(x), p.constant(2))));
        add("relu", new Inputs(), List.of(x), p -> p.relu(p.read(x)));
        add("dropout", new Inputs().ints("sequences", 0, 0, 1).ints("positions", 0, 1, 0).ints("key", 5, -6), List.of(x),
                p -> p.dropout(p.read(x), ints(p, "sequences", 3), ints(p, "positions", 3), new Mask(0.4, 3, ints(p, "key", 2))));
        for (double smoothing : new double[] {0, 0.1}) {
            add("crossEntropy " + smoothing, new Inputs().ints("labels", 0, n - 1, n / 2), List.of(x),
                    p -> p.crossEntropy(p.scale(p.read(x), p.constant(4)), ints(p, "labels", 3), smoothing));
        }
        State predictions = state("predictions", n, 1);
        State targets = state("targets", n);
        add("squaredError", new Inputs(), List.of(predictions), p -> p.squaredError(p.read(predictions), p.read(targets)));
        attention(n);
        return cases;
    }

    private void attention(int n) {
        for (int keyHeads : new int[] {1, 2, 4}) {
            for (boolean causal : new boolean[] {false, true}) {
                for (boolean dropped : new boolean[] {false, true}) {
                    State q = state("q", 21, 4 * n);
                    State k = state("k", 21, keyHeads * n);
                    State v = state("v", 21, keyHeads * n);
                    add("attention " + keyHeads + " " + causal + " " + dropped,
                            new Inputs().ints("starts", 0, 1, 3, 8, 21).ints("key", 1, 2), List.of(q, k, v),
                            p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "starts", 5), ints(p, "starts", 5), 4, keyHeads,
                                    causal, dropped ? new Mask(0.3, 7, ints(p, "key", 2)) : null));
                    for (int span : n < 7 ? new int[] {1, 4, 20} : new int[] {4}) {
                        State bias = state("bias", 2 * span + 1, 4);
                        add("attention with bias " + span + " " + keyHeads + " " + causal + " " + dropped,
                                new Inputs().ints("starts", 0, 1, 3, 8, 21).ints("key", 1, 2), List.of(q, k, v, bias),
                                p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "starts", 5), ints(p, "starts", 5), 4, keyHeads,
                                        causal, dropped ? new Mask(0.3, 7, ints(p, "key", 2)) : null, p.read(bias)));
                    }
                }
            }
        }
        State x = state("x", 8, 2 * n);
        add("attention to itself", new Inputs().ints("starts", 0, 1, 3, 8), List.of(x), p -> p.attention(p.read(x), p.read(x), p.read(x),
                ints(p, "starts", 4), ints(p, "starts", 4), 2, 2, false, null));
        for (boolean causal : new boolean[] {false, true}) {
            State q = state("few queries", 4, 2 * n);
            State k = state("k", 21, 2 * n);
            State v = state("v", 21, 2 * n);
            Inputs few = new Inputs().ints("queries", 0, 1, 2, 4, 4).ints("keys", 0, 1, 3, 8, 21);
            add("attention of few queries " + causal, few, List.of(q, k, v),
                    p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "queries", 5), ints(p, "keys", 5), 2, 2, causal, null));
            State bias = state("bias", 11, 2);
            add("attention of few queries with bias " + causal, few, List.of(q, bias),
                    p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "queries", 5), ints(p, "keys", 5), 2, 2, causal, null,
                            p.read(bias)));
            add("attention, the bias is frozen " + causal, few, List.of(q),
                    p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "queries", 5), ints(p, "keys", 5), 2, 2, causal, null,
                            p.read(bias)));
            // A table by buckets of distances, shared by the layers: far ones share a bucket.
            State buckets = state("buckets", 4, 2);
            add("attention, layers share a bias " + causal, new Inputs().ints("starts", 0, 1, 3, 8).ints("of", 3, 2, 1, 0, 1, 2, 3),
                    List.of(x, buckets), p -> {
                        Value shared = p.gather(p.read(buckets), ints(p, "of", 7));
                        Value starts = ints(p, "starts", 4);
                        return p.repeat("layers", 2, List.of(p.read(x)), c -> List.of(
                                p.attention(c.get(0), c.get(0), c.get(0), starts, starts, 2, 2, causal, null, shared))).getFirst();
                    });
            add("attention, only values train " + causal, few, List.of(v),
                    p -> p.attention(p.read(q), p.read(k), p.read(v), ints(p, "queries", 5), ints(p, "keys", 5), 2, 2, causal, null));
        }
    }

    /// One, primes, and the widths of vectors with their neighbours.
    static Stream<Arguments> casesAndSizes() {
        IntStream sizes = FewTries.limited() ? IntStream.of(1, 3) : IntStream.of(1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17);
        return sizes.boxed()
                .flatMap(n -> new DerivativeTest().cases(n).stream().map(c -> Arguments.of(named(c.name() + " at " + n, c), n)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("casesAndSizes")
    void equalsCentralDifferences(Case c, int n) {
        CentralDifferences.check(c.name() + " at " + n, c.model(), c.trainables(), c.inputs(), 31 * n + c.name().hashCode());
    }

    @Test
    void noOperationIsForgotten() throws NoSuchMethodException {
        Set<Class<?>> tested = new LinkedHashSet<>();
        for (Case c : cases(3)) {
            for (Stage stage : CentralDifferences.programs(c.model(), c.trainables()).getFirst().stages()) {
                stage.operations().forEach(operation -> tested.add(operation.getClass()));
            }
        }
        Set<Class<?>> differentiable = new LinkedHashSet<>();
        Set<Class<?>> without = new LinkedHashSet<>();
        for (Class<?> operation : Operation.class.getPermittedSubclasses()) {
            boolean overrides = operation.getMethod("differentiate", Tape.class).getDeclaringClass().equals(operation);
            (overrides ? differentiable : without).add(operation);
        }
        assertEquals(WITHOUT, without);
        tested.removeAll(WITHOUT);
        assertEquals(differentiable, tested);
    }

    @Test
    void whatHasNoDerivativeSaysSo() {
        State x = state("x", 2, 2);
        UnsupportedOperationException e = assertThrows(UnsupportedOperationException.class,
                () -> CentralDifferences.programs(p -> p.inner(p.gram(p.read(x), p.read(x), 0), p.gram(p.read(x), p.read(x), 1)),
                        List.of(x)));
        assertEquals("inner has no derivative: it only occurs behind one", e.getMessage());
        e = assertThrows(UnsupportedOperationException.class, () -> CentralDifferences.programs(
                p -> p.scalar(Scalar.Kind.DIVIDE, p.constant(1), p.sum(p.read(x))), List.of(x)));
        assertEquals("scalar DIVIDE has no derivative: it only occurs behind one", e.getMessage());
    }
}
