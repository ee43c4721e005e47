package lowland.program;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.operation.AdamW;
import lowland.program.operation.Attention;
import lowland.program.operation.Gelu;
import lowland.program.operation.Mask;
import lowland.program.operation.Operation;
import lowland.program.operation.Scalar;
import lowland.random.CounterRandom;

/// A program with every operation, and inputs for it: what the tests of devices run, at awkward sizes.
public final class EveryOperation {
    public static final Map<String, Integer> CAPACITY = Map.of("tokens", 70, "sequences", 4, "keys", 70);
    /// Queries and keys of each sequence of a batch.
    public static final int[][][] LENGTHS = {{{1}, {1}}, {{1, 2}, {1, 2}}, {{7, 1, 9}, {8, 3, 9}}, {{17, 16, 15, 1}, {17, 31, 2, 1}},
        {{66}, {67}}};
    private static final int TABLE = 5;
    private static final int CLASSES = 3;
    private static final Extent KEYS = new Extent("keys", 0);

    private final Recording p = new Recording("all");
    private final int channels;
    private final int[] spans;
    private int outputs;
    public final State weight;
    public final State bias;
    public final Program program;

    /// @param spans of the attention's biases
    public EveryOperation(int channels, int... spans) {
        this.channels = channels;
        this.spans = spans;
        weight = new State("weight", ElementType.REAL, Shape.of(channels + 3, channels), 0);
        bias = new State("bias", ElementType.REAL, Shape.of(channels + 3), 0);
        program = program();
    }

    /// Sets the states of a session.
    public void initialise(Session session) {
        session.write(weight, 0, random(1, (channels + 3) * channels));
        session.write(bias, 0, random(2, channels + 3));
    }

    /// The names of the operations that a comparison has not met: guards alone are asked by executors.
    public static Set<String> missing(Comparison comparison) {
        Set<String> missing = new HashSet<>();
        for (Class<?> operation : Operation.class.getPermittedSubclasses()) {
            String name = operation.getSimpleName();
            missing.add(Character.toLowerCase(name.charAt(0)) + name.substring(1));
        }
        missing.removeAll(comparison.worst().keySet());
        return missing;
    }

    private Value out(Value value) {
        p.output("o" + outputs++, value);
        return value;
    }

    private Value real(String name, Extent... extents) {
        return p.input(name, ElementType.REAL, Shape.of(extents));
    }

    private Value ints(String name, Extent extent) {
        return p.input(name, ElementType.INT, Shape.of(extent));
    }

    /// A program with every operation on C channels.
    private Program program() {
        Extent c = Extent.of(channels);
        Extent wide = Extent.of(channels + 3);
        Value x = real("x", Extent.TOKENS, c);
        Value g = real("g", Extent.TOKENS, c);
        Value y = real("y", Extent.TOKENS, wide);
        Value positive = p.scalar("positive");
        products(c, wide, x, y);

        Value row = real("row", c);
        Value other = real("otherRow", c);
        out(p.columnSum(x, null));
        out(p.columnSum(x, row));
        out(p.add(x, g));
        out(p.multiply(x, g));
        out(p.scale(x, p.scalar("factor")));
        out(p.divide(x, p.add(p.multiply(g, g), p.fill(positive, ElementType.REAL, x.shape()))));
        out(p.gaussian("w", ints("maskKey", Extent.of(2)), Shape.of(c, wide)));
        Value left = real("normsLeft", c, Extent.of(4));
        Value squares = p.fill(p.constant(40), ElementType.REAL, Shape.of(channels, 1));
        out(p.rowNorms(squares, left, real("normsRight", Extent.of(4), c)));
        out(p.fill(p.scalar("factor"), ElementType.REAL, x.shape()));
        out(p.layerNorm(x, row, other, 1e-5));
        out(p.layerNormBackward(x, row, g, 1e-5));
        p.layerNormParameters(x, g, 1e-5).forEach(this::out);
        for (Gelu.Form form : Gelu.Form.values()) {
            out(p.gelu(x, form));
            out(p.geluBackward(x, g, form));
        }
        out(p.tanhBackward(out(p.tanh(x)), g));
        sequences(x, g);
        sums(x, g, positive);
        p.adamW(x, g, real("m", Extent.TOKENS, c), p.multiply(g, g), positive, p.scalar("factor"), positive, p.scalar("half"),
                new AdamW.Constants(0.9, 0.99, 1e-8, 0.1)).forEach(this::out);
        p.sgdMomentum(x, g, real("m", Extent.TOKENS, c), positive, p.scalar("factor"), 0.9, 0.1).forEach(this::out);
        return p.finish();
    }

    private void products(Extent c, Extent wide, Value x, Value y) {
        Value frozen = p.read(weight);
        Value plus = p.read(bias);
        Value column = real("column", c);
        Value given = real("given", wide, c);
        for (Value w : List.of(frozen, given)) {
            for (Value addend : Arrays.asList(null, plus, y)) {
                out(p.product(x, false, w, true, addend));
            }
            for (Value addend : Arrays.asList(null, column, x)) {
                out(p.product(y, false, w, false, addend));
            }
        }
        // An updated right-hand side in place: the sum is made where its addend was.
        out(p.product(x, false, given, true, p.product(x, false, frozen, true, null)));
        Value square = real("square", c, wide);
        for (Value addend : Arrays.asList(null, real("wideRow", wide), square)) {
            out(p.product(x, true, y, false, addend));
            out(p.product(real("left", Extent.TOKENS, c), true, real("right", wide, Extent.TOKENS), true, addend));
        }
    }

    private void sequences(Value x, Value g) {
        Extent c = Extent.of(channels);
        Value starts = ints("starts", Extent.STARTS);
        Value keyStarts = ints("keyStarts", Extent.STARTS);
        Value places = ints("places", Extent.TOKENS);
        Value indices = ints("indices", Extent.TOKENS);
        Value table = real("table", Extent.of(TABLE), c);
        Value key = ints("maskKey", Extent.of(2));
        out(p.gather(table, indices));
        out(p.scatterAdd(x, indices, table));
        out(p.dropout(x, ints("sequences", Extent.TOKENS), places, new Mask(0.3, 1, key)));
        Value mean = out(p.segmentMean(x, starts));
        out(p.segmentSpread(mean, starts, Extent.TOKENS));
        // Two heads that share one key head; as many keys as there happen to be.
        Value q = real("q", Extent.TOKENS, Extent.of(2 * channels));
        Value k = real("k", KEYS, c);
        Value v = real("v", KEYS, c);
        Value gq = real("gq", Extent.TOKENS, Extent.of(2 * channels));
        for (boolean causal : new boolean[] {false, true}) {
            for (Mask mask : Arrays.asList(null, new Mask(0.2, 2, key))) {
                Value attended = out(p.attention(q, k, v, starts, keyStarts, 2, 1, causal, mask));
                p.attentionBackward(new Attention(q, k, v, starts, keyStarts, 2, 1, causal, mask, null, attended), gq, false)
                        .forEach(this::out);
                for (int span : spans) {
                    Value bias = real("bias" + span, Extent.of(2 * span + 1), Extent.of(2));
                    Value biased = out(p.attention(q, k, v, starts, keyStarts, 2, 1, causal, mask, bias));
                    Attention attention = new Attention(q, k, v, starts, keyStarts, 2, 1, causal, mask, bias, biased);
                    p.attentionBackward(attention, gq, span != 1).forEach(this::out);
                }
            }
        }
        Value logits = real("logits", Extent.SEQUENCES, Extent.of(CLASSES));
        Value labels = ints("labels", Extent.SEQUENCES);
        Value weights = real("weights", Extent.SEQUENCES);
        for (double smoothing : new double[] {0, 0.2}) {
            out(p.crossEntropy(logits, labels, smoothing));
            out(p.crossEntropyBackward(logits, labels, weights, smoothing));
        }
        Value predictions = real("predictions", Extent.SEQUENCES, Extent.of(1));
        out(p.squaredError(predictions, weights));
        out(p.squaredErrorBackward(predictions, weights, weights));
    }

    private void sums(Value x, Value g, Value positive) {
        out(p.sum(x));
        Value norm = out(p.squaredNorm(x));
        p.guard(norm);
        int r = Math.min(channels, 8);
        Value a = real("a", Extent.TOKENS, Extent.of(r));
        Value columns = out(p.gram(a, x, 0));
        Value rows = out(p.gram(real("flat", Extent.of(r), Extent.of(channels)), real("flatter", Extent.of(3), Extent.of(channels)), 1));
        Value small = out(p.gram(a, a, 0));
        p.pseudoInverse(small).forEach(this::out);
        out(p.smallProduct(small, columns));
        out(p.inner(small, small));
        out(p.add(small, small));
        out(p.multiply(small, small));
        out(p.fill(positive, ElementType.DOUBLE, small.shape()));
        out(p.toReal(p.scale(rows, positive)));
        Value before = p.constant(2.5);
        for (Scalar.Kind kind : Scalar.Kind.values()) {
            out(p.scalar(kind, positive, kind == Scalar.Kind.SQUARE_ROOT ? positive : before));
        }
        out(p.squareRoot(norm));
    }

    /// Inputs for sequences of so many queries and keys.
    public Inputs inputs(int[] lengths, int[] keyLengths) {
        int tokens = Arrays.stream(lengths).sum();
        int keys = Arrays.stream(keyLengths).sum();
        Inputs inputs = new Inputs().extent("tokens", tokens).extent("sequences", lengths.length).extent("keys", keys);
        for (Value value : program.inputs()) {
            if (value.type() == ElementType.REAL) {
                inputs.reals(value.name(), random(value.id(), value.shape().size(inputs.extents())));
            }
        }
        int[] places = new int[tokens];
        int[] sequences = new int[tokens];
        int[] indices = new int[tokens];
        int[] starts = starts(lengths);
        for (int n = 0; n < lengths.length; n++) {
            for (int i = starts[n]; i < starts[n + 1]; i++) {
                places[i] = i - starts[n];
                sequences[i] = n;
                indices[i] = (i * i + n) % TABLE;
            }
        }
        return inputs.ints("places", places).ints("sequences", sequences).ints("indices", indices).ints("starts", starts)
                .ints("keyStarts", starts(keyLengths)).ints("labels", 2, 0, 1, 1).ints("maskKey", 5, channels)
                .scalar("positive", 0.7).scalar("factor", -1.3).scalar("half", 0.5);
    }

    private static int[] starts(int[] lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int n = 0; n < lengths.length; n++) {
            starts[n + 1] = starts[n] + lengths[n];
        }
        return starts;
    }

    private static float[] random(long key, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (3 * CounterRandom.uniform(CounterRandom.child(key, i)) - 1.5);
        }
        return values;
    }
}
