package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import lowland.program.operation.AdamW;
import lowland.program.operation.Attention;
import lowland.program.operation.Gaussian;
import lowland.program.operation.Gelu;
import lowland.program.operation.Mask;
import lowland.program.operation.Scalar;
import lowland.random.CounterRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// What operations take, what they may overwrite, and what they say of themselves.
final class OperationTest {
    private static final Extent C = Extent.of(4);
    private static final Extent WIDE = Extent.of(6);
    private static final Extent ROWS = Extent.of(5);
    private static final Extent KEYS = new Extent("keys", 0);

    private final Recording p = new Recording("test");
    private final Map<String, List<Value>> fitting = new LinkedHashMap<>();
    private final Map<String, Consumer<List<Value>>> recorded = new LinkedHashMap<>();

    private Value value(ElementType type, Extent... extents) {
        return p.input("v" + ids++, type, Shape.of(extents));
    }

    private int ids;

    private Value real(Extent... extents) {
        return value(ElementType.REAL, extents);
    }

    private Value small(Extent... extents) {
        return value(ElementType.DOUBLE, extents);
    }

    private Value ints(Extent... extents) {
        return value(ElementType.INT, extents);
    }

    private void add(String name, Consumer<List<Value>> record, Value... values) {
        fitting.put(name, List.of(values));
        recorded.put(name, record);
    }

    private void record() {
        Extent t = Extent.TOKENS;
        Extent s = Extent.SEQUENCES;
        Extent one = Extent.of(1);
        Extent two = Extent.of(2);
        Extent three = Extent.of(3);
        add("gather", v -> p.gather(v.get(0), v.get(1)), real(ROWS, C), ints(t));
        add("scatterAdd", v -> p.scatterAdd(v.get(0), v.get(1), v.get(2)), real(t, C), ints(t), real(ROWS, C));
        add("product", v -> p.product(v.get(0), false, v.get(1), false, v.get(2)), real(t, C), real(C, WIDE), real(t, WIDE));
        add("product, bias", v -> p.product(v.get(0), false, v.get(1), true, v.get(2)), real(t, C), real(WIDE, C), real(WIDE));
        add("product, left", v -> p.product(v.get(0), true, v.get(1), false, null), real(t, C), real(t, WIDE));
        add("product, both", v -> p.product(v.get(0), true, v.get(1), true, null), real(t, C), real(WIDE, t));
        add("columnSum", v -> p.columnSum(v.get(0), v.get(1)), real(t, C), real(C));
        add("add", v -> p.add(v.get(0), v.get(1)), real(t, C), real(t, C));
        add("multiply", v -> p.multiply(v.get(0), v.get(1)), small(C, C), small(C, C));
        add("divide", v -> p.divide(v.get(0), v.get(1)), real(t, C), real(t, C));
        add("rowNorms", v -> p.rowNorms(v.get(0), v.get(1), v.get(2)), real(C, one), real(C, three), real(three, C));
        add("gaussian", v -> p.gaussian("w", v.get(0), Shape.of(C)), ints(two));
        add("scale", v -> p.scale(v.get(0), v.get(1)), real(t, C), small());
        add("layerNorm", v -> p.layerNorm(v.get(0), v.get(1), v.get(2), 1e-5), real(t, C), real(C), real(C));
        add("layerNormBackward", v -> p.layerNormBackward(v.get(0), v.get(1), v.get(2), 1e-5), real(t, C), real(C), real(t, C));
        add("layerNormParameters", v -> p.layerNormParameters(v.get(0), v.get(1), 1e-5), real(t, C), real(t, C));
        add("gelu", v -> p.gelu(v.get(0), Gelu.Form.ERF), real(t, C));
        add("geluBackward", v -> p.geluBackward(v.get(0), v.get(1), Gelu.Form.ERF), real(t, C), real(t, C));
        add("tanh", v -> p.tanh(v.get(0)), real(t, C));
        add("tanhBackward", v -> p.tanhBackward(v.get(0), v.get(1)), real(t, C), real(t, C));
        add("relu", v -> p.relu(v.get(0)), real(t, C));
        add("reluBackward", v -> p.reluBackward(v.get(0), v.get(1)), real(t, C), real(t, C));
        add("attention", v -> p.attention(v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), 2, 1, false, null, v.get(5)),
                real(t, Extent.of(8)), real(KEYS, C), real(KEYS, C), ints(Extent.STARTS), ints(Extent.STARTS), real(three, two));
        Value q = real(t, C);
        Value starts = ints(Extent.STARTS);
        Attention forward = new Attention(q, q, q, starts, starts, 2, 2, false, null, null, real(t, C));
        add("attentionBackward", v -> p.attentionBackward(forward, v.get(0), false), real(t, C));
        add("dropout", v -> p.dropout(v.get(0), v.get(1), v.get(2), new Mask(0.5, 1, v.get(3))), real(t, C), ints(t), ints(t), ints(two));
        add("segmentMean", v -> p.segmentMean(v.get(0), v.get(1)), real(t, C), ints(Extent.STARTS));
        add("segmentSpread", v -> p.segmentSpread(v.get(0), v.get(1), t), real(s, C), ints(Extent.STARTS));
        add("crossEntropy", v -> p.crossEntropy(v.get(0), v.get(1), 0), real(s, three), ints(s));
        add("crossEntropyBackward", v -> p.crossEntropyBackward(v.get(0), v.get(1), v.get(2), 0), real(s, three), ints(s), real(s));
        add("squaredError", v -> p.squaredError(v.get(0), v.get(1)), real(s, one), real(s));
        add("squaredErrorBackward", v -> p.squaredErrorBackward(v.get(0), v.get(1), v.get(2)), real(s, one), real(s), real(s));
        add("sum", v -> p.sum(v.get(0)), real(t, C));
        add("fill", v -> p.fill(v.get(0), ElementType.REAL, Shape.of(C)), small());
        add("scalar", v -> p.scalar(Scalar.Kind.ADD, v.get(0), v.get(1)), small(), small());
        add("squaredNorm", v -> p.squaredNorm(v.get(0)), real(t, C));
        add("gram, left", v -> p.gram(v.get(0), v.get(1), 0), real(t, C), real(t, WIDE));
        add("gram, right", v -> p.gram(v.get(0), v.get(1), 1), real(C, t), real(WIDE, t));
        add("smallProduct", v -> p.smallProduct(v.get(0), v.get(1)), small(C, WIDE), small(WIDE, C));
        add("inner", v -> p.inner(v.get(0), v.get(1)), small(C, C), small(C, C));
        add("pseudoInverse", v -> p.pseudoInverse(v.get(0)), small(C, C));
        add("toReal", v -> p.toReal(v.get(0)), small(C, C));
        add("guard", v -> p.guard(v.get(0)), small());
        add("adamW", v -> p.adamW(v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), v.get(5), v.get(6), v.get(7),
                new AdamW.Constants(0.9, 0.99, 1e-8, 0)), real(C, C), real(C, C), real(C, C), real(C, C), small(), small(), small(), small());
        add("sgdMomentum", v -> p.sgdMomentum(v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), 0.9, 0), real(C, C), real(C, C), real(C, C),
                small(), small());
    }

    /// Fitting values, and the same with one of them of another type, of one more axis, or longer on its first or last axis.
    private Map<String, Value> others(Value value) {
        Map<String, Value> others = new LinkedHashMap<>();
        Extent[] extents = value.shape().extents().toArray(Extent[]::new);
        for (ElementType type : ElementType.values()) {
            if (type != value.type()) {
                others.put(type.toString(), value(type, extents));
            }
        }
        Extent[] more = java.util.Arrays.copyOf(extents, extents.length + 1);
        more[extents.length] = Extent.of(1);
        others.put("one more axis", value(value.type(), more));
        if (extents.length > 0) {
            others.put("longer first axis", value(value.type(), longer(extents, 0)));
        }
        if (extents.length > 1) {
            others.put("longer last axis", value(value.type(), longer(extents, extents.length - 1)));
        }
        return others;
    }

    private static Extent[] longer(Extent[] extents, int axis) {
        Extent[] longer = extents.clone();
        longer[axis] = new Extent(longer[axis].symbol(), longer[axis].constant() + 2);
        return longer;
    }

    /// An operation takes what fits. Of everything else nearby it takes only what the list names, by the place of the value.
    @Test
    void whatDoesNotFitIsRefused() {
        record();
        Map<String, List<String>> taken = new LinkedHashMap<>();
        fitting.forEach((name, values) -> {
            recorded.get(name).accept(values);
            for (int i = 0; i < values.size(); i++) {
                int place = i;
                others(values.get(i)).forEach((what, other) -> {
                    List<Value> changed = new ArrayList<>(values);
                    changed.set(place, other);
                    try {
                        recorded.get(name).accept(changed);
                        taken.computeIfAbsent(name + " " + place, _ -> new ArrayList<>()).add(what);
                    } catch (IllegalArgumentException e) {
                        assertTrue(e.getMessage().contains(", found "), e.getMessage());
                    }
                });
            }
        });
        StringBuilder text = new StringBuilder();
        taken.forEach((place, what) -> text.append(place).append(": ").append(String.join(", ", what)).append('\n'));
        assertEquals("""
                gather 0: longer first axis, longer last axis
                gather 1: longer first axis
                scatterAdd 2: longer first axis
                product, bias 0: longer first axis
                product, left 0: longer last axis
                product, left 1: longer last axis
                product, both 0: longer last axis
                product, both 1: longer first axis
                columnSum 0: longer first axis
                scale 0: double, one more axis, longer first axis, longer last axis
                layerNorm 0: longer first axis
                gelu 0: one more axis, longer first axis, longer last axis
                tanh 0: one more axis, longer first axis, longer last axis
                relu 0: one more axis, longer first axis, longer last axis
                attention 0: longer first axis
                attention 5: longer first axis
                dropout 0: longer last axis
                segmentMean 0: longer first axis, longer last axis
                segmentMean 1: longer first axis
                segmentSpread 0: longer last axis
                crossEntropy 0: longer last axis
                crossEntropyBackward 0: longer last axis
                sum 0: one more axis, longer first axis, longer last axis
                squaredNorm 0: one more axis, longer first axis, longer last axis
                gram, left 0: longer last axis
                gram, left 1: longer last axis
                gram, right 0: longer first axis
                gram, right 1: longer first axis
                smallProduct 0: longer first axis
                smallProduct 1: longer last axis
                toReal 0: one more axis, longer first axis, longer last axis
                """, text.toString());
    }

    /// Of two alike values of another type too.
    @Test
    void doublesAreNotStepped() {
        Value m = small(C, C);
        Value one = small();
        refused("divide needs real values, found v0: double[4, 4] v0: double[4, 4]", () -> p.divide(m, m));
        refused("adamW needs real parameters, found v0: double[4, 4]",
                () -> p.adamW(m, m, m, m, one, one, one, one, new AdamW.Constants(0.9, 0.99, 1e-8, 0)));
        refused("sgdMomentum needs real parameters, found v0: double[4, 4]", () -> p.sgdMomentum(m, m, m, one, one, 0.9, 0));
        Value starts = ints(Extent.STARTS);
        Value tokens = real(Extent.TOKENS, C);
        refused("attention needs a real value of rank 2, found v0: double[4, 4]", () -> p.attention(tokens, m, m, starts, starts, 2, 2, false, null));
        Value real = real(C, C);
        refused("inner needs a double value of rank 2, found v4: real[4, 4]", () -> p.inner(real, real));
        refused("gaussian needs a real result, found v0: double[4, 4]", () -> new Gaussian("w", ints(Extent.of(2)), m));
        Attention plain = new Attention(tokens, tokens, tokens, starts, starts, 2, 2, false, null, null, tokens);
        refused("attentionBackward needs a bias to be differentiated, found v3: real[tokens, 4]", () -> p.attentionBackward(plain, tokens, true));
    }

    private static void refused(String message, Executable recording) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, recording).getMessage());
    }

    /// Its attributes, and which of its inputs outputs may take the place of.
    @Test
    void whatTheySay() {
        Set<String> lines = new LinkedHashSet<>();
        for (Stage stage : new EveryOperation(4, 2).program.stages()) {
            stage.operations().forEach(operation -> lines.add((operation.name() + " " + operation.attributes()).strip()
                    + (operation.aliases().isEmpty() ? "" : " over " + operation.aliases())));
        }
        assertEquals("""
                product right transposed
                product right transposed over [y]
                product
                product over [x]
                product right transposed over [product.13]
                product left transposed
                product left transposed, right transposed
                product left transposed over [square]
                product left transposed, right transposed over [square]
                columnSum
                columnSum over [row]
                add over [x]
                multiply over [x]
                scale over [x]
                multiply over [g]
                fill
                add over [multiplied.2]
                divide over [x]
                gaussian for w
                constant 40.0
                rowNorms
                layerNorm epsilon 1.0E-5
                layerNormBackward epsilon 1.0E-5
                layerNormParameters epsilon 1.0E-5
                gelu erf
                geluBackward erf over [g]
                gelu tanh
                geluBackward tanh over [g]
                tanh over [x]
                tanhBackward over [g]
                relu over [x]
                reluBackward over [g]
                gather
                scatterAdd over [table]
                dropout dropout 0.3 at site 1 over [x]
                segmentMean
                segmentSpread
                attention 2 heads, 1 key heads
                attentionBackward 2 heads, 1 key heads
                attention 2 heads, 1 key heads, bias by distance up to 2
                attentionBackward 2 heads, 1 key heads, bias by distance up to 2
                attention 2 heads, 1 key heads, dropout 0.2 at site 2
                attentionBackward 2 heads, 1 key heads, dropout 0.2 at site 2
                attention 2 heads, 1 key heads, dropout 0.2 at site 2, bias by distance up to 2
                attentionBackward 2 heads, 1 key heads, dropout 0.2 at site 2, bias by distance up to 2
                attention 2 heads, 1 key heads, causal
                attentionBackward 2 heads, 1 key heads, causal
                attention 2 heads, 1 key heads, causal, bias by distance up to 2
                attentionBackward 2 heads, 1 key heads, causal, bias by distance up to 2
                attention 2 heads, 1 key heads, causal, dropout 0.2 at site 2
                attentionBackward 2 heads, 1 key heads, causal, dropout 0.2 at site 2
                attention 2 heads, 1 key heads, causal, dropout 0.2 at site 2, bias by distance up to 2
                attentionBackward 2 heads, 1 key heads, causal, dropout 0.2 at site 2, bias by distance up to 2
                crossEntropy smoothing 0.0
                crossEntropyBackward smoothing 0.0
                crossEntropy smoothing 0.2
                crossEntropyBackward smoothing 0.2
                squaredError
                squaredErrorBackward
                sum
                squaredNorm
                guard
                gram left transposed
                gram right transposed
                pseudoInverse
                smallProduct
                inner
                add over [gram.3]
                multiply over [gram.3]
                scale over [gram.2]
                toReal
                constant 2.5
                scalar add
                scalar subtract
                scalar multiply
                scalar divide
                scalar minimum
                scalar maximum
                scalar divide_or_zero
                scalar square_root
                scalar clip
                scalar unless_zero
                adamW beta1 0.9, beta2 0.99, epsilon 1.0E-8, weight decay 0.1 over [x, m, multiplied.4]
                sgdMomentum momentum 0.9, weight decay 0.1 over [x, m]
                """, String.join("\n", lines) + "\n");
    }

    /// Of a stacked tensor each layer has numbers of its own, under its own name.
    @Test
    void gaussianNumbersAreCounted() {
        Single m = new Single().at(2);
        double[] y = m.interpret(new Gaussian("layer.*.weight", m.ints("key", 7, -9), m.real("y", Shape.of(3, 4))));
        long key = CounterRandom.child(7L << 32 | 0xFFFFFFF7L, CounterRandom.hash("layer.2.weight"));
        for (int i = 0; i < 12; i++) {
            assertEquals(CounterRandom.gaussian(CounterRandom.child(key, i)), y[i]);
        }
    }

    @Test
    void scalars() {
        double infinity = Double.POSITIVE_INFINITY;
        Object[][] expected = {{Scalar.Kind.ADD, 3.0, 4.0, 7.0}, {Scalar.Kind.SUBTRACT, 3.0, 4.0, -1.0}, {Scalar.Kind.MULTIPLY, 3.0, 4.0, 12.0},
            {Scalar.Kind.DIVIDE, 3.0, 4.0, 0.75}, {Scalar.Kind.DIVIDE, 3.0, 0.0, infinity}, {Scalar.Kind.MINIMUM, 3.0, 4.0, 3.0},
            {Scalar.Kind.MAXIMUM, 3.0, 4.0, 4.0}, {Scalar.Kind.DIVIDE_OR_ZERO, 3.0, 4.0, 0.75}, {Scalar.Kind.DIVIDE_OR_ZERO, 3.0, 0.0, 0.0},
            {Scalar.Kind.SQUARE_ROOT, 9.0, 9.0, 3.0}, {Scalar.Kind.CLIP, 3.0, 4.0, 0.75}, {Scalar.Kind.CLIP, 4.0, 3.0, 1.0},
            {Scalar.Kind.CLIP, infinity, infinity, 1.0},
            {Scalar.Kind.CLIP, 0.0, 4.0, 0.0}, {Scalar.Kind.CLIP, 0.0, infinity, 0.0}, {Scalar.Kind.CLIP, 3.0, 0.0, 1.0},
            {Scalar.Kind.UNLESS_ZERO, 3.0, 4.0, 4.0}, {Scalar.Kind.UNLESS_ZERO, 0.0, infinity, 0.0}};
        for (Object[] row : expected) {
            assertEquals((double) row[3], ((Scalar.Kind) row[0]).of((double) row[1], (double) row[2]), () -> row[0] + " " + row[1] + " " + row[2]);
        }
    }
}
