package lowland.program;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.operation.*;

/// Records a program in straight-line Java: `x = p.layerNorm(x, gamma, beta, 1e-12)`.
///
/// Values recorded while a repeated stage is open are stacked; a plain stage may not read them, except through a carry's result. Those of a
/// stage that runs for some of the layers are there for these alone, until a [#patch] completes them.
public final class Recording {
    private final String name;
    private final List<Value> inputs = new ArrayList<>();
    private final Map<State, Value> reads = new LinkedHashMap<>();
    private final Map<State, Value> updates = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final List<Stage> stages = new ArrayList<>();
    private final List<Operation> open = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final Map<String, Integer> counts = new HashMap<>();
    /// Stacked values that are not made at every layer, and where they are.
    private final Map<Value, Range> partial = new HashMap<>();
    private String stageName = "main";
    private int repeat;
    private Range range = Range.NONE;
    private int values;

    /// The layers `from` … `to` − 1.
    private record Range(int from, int to) {
        static final Range NONE = new Range(0, 0);

        boolean contains(Range others) {
            return from <= others.from && others.to <= to;
        }
    }

    public Recording(String name) {
        this.name = name;
    }

    /// What an iteration of a repeated stage does: it gets the carried values and returns what it hands on.
    public interface Body {
        List<Value> iterate(List<Value> carried);
    }

    /// Starts a new stage that runs once.
    public void stage(String name) {
        close();
        stageName = name;
    }

    /// Records a stage that runs once a layer, upwards.
    /// @return what the last iteration hands on
    public List<Value> repeat(String name, int layers, List<Value> initial, Body body) {
        return repeat(name, layers, false, initial, body);
    }

    /// Records a stage that runs once a layer, downwards if `reversed`.
    public List<Value> repeat(String name, int layers, boolean reversed, List<Value> initial, Body body) {
        return repeat(name, layers, 0, layers, reversed, initial, body);
    }

    /// Records a stage that runs once for each of the layers `from` … `to` − 1 of `layers`, downwards if `reversed`. If that is one layer,
    /// what it hands on may have another type and shape than what it receives.
    public List<Value> repeat(String name, int layers, int from, int to, boolean reversed, List<Value> initial, Body body) {
        if (repeat != 0 || layers < 1) {
            throw new IllegalStateException("stage '" + name + "' needs at least one layer and does not nest");
        }
        for (Value value : initial) {
            check(value, "stage '" + name + "'");
            if (value.type() == ElementType.INT) {
                throw new IllegalArgumentException("stage '" + name + "' carries '" + value + "', which is " + value.type() + value.shape()
                        + ": only real and double values are carried");
            }
        }
        close();
        repeat = layers;
        range = new Range(from, to);
        List<Value> carried = new ArrayList<>();
        for (Value value : initial) {
            carried.add(fresh(value.name(), value.type(), value.shape()));
        }
        List<Value> handed = body.iterate(List.copyOf(carried));
        if (handed.size() != initial.size()) {
            throw new IllegalArgumentException("stage '" + name + "' receives " + initial.size() + " values and hands on " + handed.size());
        }
        handed.forEach(value -> requireMade(value, "stage '" + name + "'"));
        repeat = 0;
        range = Range.NONE;
        List<Carry> carries = new ArrayList<>();
        List<Value> results = new ArrayList<>();
        for (int i = 0; i < handed.size(); i++) {
            Value input = carried.get(i);
            Value output = handed.get(i);
            boolean alike = output.type() == input.type() && output.shape().equals(input.shape());
            if (output.repeat() != layers || !alike && to - from > 1) {
                throw new IllegalArgumentException("stage '" + name + "' receives " + input.type() + input.shape() + " and hands on "
                        + output.type() + output.shape() + " (" + output + ")");
            }
            Value result = fresh(output.name(), output.type(), output.shape());
            carries.add(new Carry(initial.get(i), input, output, result));
            results.add(result);
        }
        stages.add(new Stage(name, layers, from, to, reversed, carries, List.of(), open));
        open.clear();
        stageName = "after " + name;
        return results;
    }

    /// A stacked value that is `made` at the layers of the stage before, which makes it, and `before` at the others.
    public Value patch(Value before, Value made) {
        close();
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("there is no stage yet that could have made '" + made + "'");
        }
        Stage stage = stages.getLast();
        boolean alike = before.repeat() == made.repeat() && before.type() == made.type() && before.shape().equals(made.shape());
        if (!alike || stage.repeat() != made.repeat() || !whole(before) || !new Range(stage.from(), stage.to()).equals(partial.get(made))) {
            throw new IllegalArgumentException("stage '" + stage.name() + "' cannot patch " + before.type() + before.shape() + " x "
                    + before.repeat() + " (" + before + ") with " + made.type() + made.shape() + " x " + made.repeat() + " (" + made + ")");
        }
        Value result = fresh(made.name(), made.type(), made.shape(), made.repeat());
        List<Patch> patches = new ArrayList<>(stage.patches());
        patches.add(new Patch(before, made, result));
        stages.set(stages.size() - 1, new Stage(stage.name(), stage.repeat(), stage.from(), stage.to(), stage.reversed(), stage.carries(),
                patches, stage.operations()));
        return result;
    }

    /// An input that is given at every run.
    public Value input(String name, ElementType type, Shape shape) {
        for (Value known : inputs) {
            if (known.name().equals(name)) {
                if (known.type() != type || !known.shape().equals(shape)) {
                    throw new IllegalArgumentException("input '" + name + "' is " + known.type() + known.shape() + ", not " + type + shape);
                }
                return known;
            }
        }
        names.add(name);
        Value value = new Value(values++, name, type, shape, 0);
        inputs.add(value);
        return value;
    }

    /// A DOUBLE scalar input.
    public Value scalar(String name) {
        return input(name, ElementType.DOUBLE, Shape.SCALAR);
    }

    /// A state as it was before the run.
    public Value read(State state) {
        return reads.computeIfAbsent(state, s -> {
            names.add(s.name());
            return new Value(values++, s.name(), s.type(), s.shape(), s.repeat());
        });
    }

    /// Sets what a state is after the run.
    public void update(State state, Value value) {
        if (state.type() != value.type() || !state.shape().equals(value.shape()) || state.repeat() != value.repeat()) {
            throw new IllegalArgumentException("state '" + state.name() + "' is " + state.type() + state.shape() + " x " + state.repeat()
                    + ", cannot become " + value.type() + value.shape() + " x " + value.repeat() + " (" + value + ")");
        }
        if (!whole(value)) {
            throw new IllegalArgumentException("state '" + state.name() + "' cannot become '" + value
                    + "', which is not made at every layer; patch it");
        }
        if (updates.put(state, value) != null) {
            throw new IllegalArgumentException("state '" + state.name() + "' is updated twice");
        }
        read(state);
    }

    /// Offers a plain value to the host.
    public void output(String name, Value value) {
        check(value, "output '" + name + "'");
        if (outputs.put(name, value) != null) {
            throw new IllegalArgumentException("output '" + name + "' is offered twice");
        }
    }

    /// Whether a value is there at every layer that it stands for.
    boolean whole(Value value) {
        return !partial.containsKey(value);
    }

    /// The layers of the open stage, 0 in one that runs once.
    public int layers() {
        return repeat;
    }

    /// The stages closed so far; the open one is closed first.
    List<Stage> stages() {
        close();
        return List.copyOf(stages);
    }

    /// The value as which a state is read, or null.
    Value reading(State state) {
        return reads.get(state);
    }

    public Program finish() {
        close();
        return new Program(name, List.copyOf(inputs), new LinkedHashMap<>(reads), List.copyOf(stages), new LinkedHashMap<>(updates),
                new LinkedHashMap<>(outputs));
    }

    private void close() {
        if (repeat != 0) {
            throw new IllegalStateException("a repeated stage is open");
        }
        if (!open.isEmpty()) {
            stages.add(Stage.once(stageName, open));
            open.clear();
        }
    }

    private Value fresh(String name, ElementType type, Shape shape) {
        Value value = fresh(name, type, shape, repeat);
        if (repeat > 0 && !range.contains(new Range(0, repeat))) {
            partial.put(value, range);
        }
        return value;
    }

    private Value fresh(String name, ElementType type, Shape shape, int repeat) {
        String stem = name.replaceFirst("\\.\\d+$", "");
        String unique = name;
        while (!names.add(unique)) {
            unique = stem + "." + (counts.merge(stem, 1, Integer::sum) + 1);
        }
        return new Value(values++, unique, type, shape, repeat);
    }

    private Value real(String name, Shape shape) {
        return fresh(name, ElementType.REAL, shape);
    }

    private Value small(String name, Shape shape) {
        return fresh(name, ElementType.DOUBLE, shape);
    }

    private void check(Value value, String where) {
        if (value.stacked() && value.repeat() != repeat) {
            throw new IllegalArgumentException(where + (repeat == 0 ? " runs once" : " runs for each of " + repeat + " layers")
                    + " and cannot read '" + value + "', which is one value for each of " + value.repeat()
                    + " layers; hand it on from iteration to iteration and read the result");
        }
        requireMade(value, where);
    }

    /// A value of some layers is there at those of the open stage.
    private void requireMade(Value value, String where) {
        if (!whole(value) && !partial.get(value).contains(range)) {
            throw new IllegalArgumentException(where + " runs for layers " + range.from + " to " + (range.to - 1) + " and cannot read '"
                    + value + "', which is made for " + partial.get(value).from + " to " + (partial.get(value).to - 1) + "; patch it");
        }
    }

    private Value add(Operation operation) {
        operation.inputs().forEach(value -> check(value, operation.name()));
        open.add(operation);
        return operation.outputs().isEmpty() ? null : operation.outputs().getFirst();
    }

    // ---- the operations, in the order of a model, a loss, a rule ----

    public Value gather(Value table, Value indices) {
        return add(new Gather(table, indices, real("rows", Gather.shape(table, indices))));
    }

    public Value scatterAdd(Value x, Value indices, Value addend) {
        return add(new ScatterAdd(x, indices, addend, real("scattered", ScatterAdd.shape(x, indices, addend))));
    }

    public Value product(Value a, boolean transposeA, Value b, boolean transposeB, Value addend) {
        return add(new Product(a, transposeA, b, transposeB, addend, real("product", Product.shape(a, transposeA, b, transposeB, addend))));
    }

    public Value columnSum(Value x, Value addend) {
        return add(new ColumnSum(x, addend, real("columnSum", ColumnSum.shape(x, addend))));
    }

    public Value add(Value a, Value b) {
        return add(new Add(a, b, fresh("sum", a.type(), Add.shape(a, b))));
    }

    public Value multiply(Value a, Value b) {
        return add(new Multiply(a, b, fresh("multiplied", a.type(), Multiply.shape(a, b))));
    }

    public Value divide(Value a, Value b) {
        return add(new Divide(a, b, real("quotient", Divide.shape(a, b))));
    }

    public Value rowNorms(Value w, Value b, Value x) {
        return add(new RowNorms(w, b, x, real("rowNorms", RowNorms.shape(w, b, x))));
    }

    /// @param tensor what they are for, with `*` for the number of the layer
    /// @param key INT [2]
    public Value gaussian(String tensor, Value key, Shape shape) {
        return add(new Gaussian(tensor, key, real("gaussian", shape)));
    }

    public Value scale(Value x, Value factor) {
        return add(new Scale(x, factor, fresh("scaled", x.type(), Scale.shape(x, factor))));
    }

    public Value layerNorm(Value x, Value gamma, Value beta, double epsilon) {
        return add(new LayerNorm(x, gamma, beta, epsilon, real("norm", LayerNorm.shape(x, gamma, beta, epsilon))));
    }

    public Value layerNormBackward(Value x, Value gamma, Value g, double epsilon) {
        return add(new LayerNormBackward(x, gamma, g, epsilon, real("dNorm", LayerNormBackward.shape(x, gamma, g))));
    }

    /// @return dGamma, dBeta
    public List<Value> layerNormParameters(Value x, Value g, double epsilon) {
        Shape shape = LayerNormParameters.shape(x, g);
        return all(new LayerNormParameters(x, g, epsilon, real("dGamma", shape), real("dBeta", shape)));
    }

    public Value gelu(Value x, Gelu.Form form) {
        return add(new Gelu(x, form, real("gelu", Gelu.shape(x))));
    }

    public Value geluBackward(Value x, Value g, Gelu.Form form) {
        return add(new GeluBackward(x, g, form, real("dGelu", GeluBackward.shape(x, g))));
    }

    public Value tanh(Value x) {
        return add(new Tanh(x, real("tanh", Tanh.shape(x))));
    }

    public Value tanhBackward(Value y, Value g) {
        return add(new TanhBackward(y, g, real("dTanh", TanhBackward.shape(y, g))));
    }

    public Value relu(Value x) {
        return add(new Relu(x, real("relu", Relu.shape(x))));
    }

    public Value reluBackward(Value y, Value g) {
        return add(new ReluBackward(y, g, real("dRelu", ReluBackward.shape(y, g))));
    }

    /// @param mask dropout of the probabilities, or null
    public Value attention(
            Value q, Value k, Value v, Value queryStarts, Value keyStarts, int heads, int keyHeads, boolean causal, Mask mask) {
        return attention(q, k, v, queryStarts, keyStarts, heads, keyHeads, causal, mask, null);
    }

    /// @param mask dropout of the probabilities, or null
    /// @param bias of the scores by distance [2·span + 1, heads], or null
    public Value attention(Value q, Value k, Value v, Value queryStarts, Value keyStarts, int heads, int keyHeads, boolean causal,
            Mask mask, Value bias) {
        return add(new Attention(q, k, v, queryStarts, keyStarts, heads, keyHeads, causal, mask, bias,
                real("attention", Attention.shape(q, k, v, queryStarts, keyStarts, heads, keyHeads, bias))));
    }

    /// @return dq, dk, dv, and dBias if the bias trains
    public List<Value> attentionBackward(Attention forward, Value g, boolean biasTrains) {
        AttentionBackward.check(forward, g, biasTrains);
        return all(new AttentionBackward(forward, g, real("dq", forward.q().shape()), real("dk", forward.k().shape()),
                real("dv", forward.v().shape()), biasTrains ? real("dBias", forward.bias().shape()) : null));
    }

    public Value dropout(Value x, Value sequences, Value positions, Mask mask) {
        return add(new Dropout(x, sequences, positions, mask, real("dropout", Dropout.shape(x, sequences, positions))));
    }

    public Value segmentMean(Value x, Value starts) {
        return add(new SegmentMean(x, starts, real("mean", SegmentMean.shape(x, starts))));
    }

    public Value segmentSpread(Value g, Value starts, Extent rows) {
        return add(new SegmentSpread(g, starts, real("spread", SegmentSpread.shape(g, starts, rows))));
    }

    public Value crossEntropy(Value logits, Value labels, double smoothing) {
        return add(new CrossEntropy(logits, labels, smoothing, real("losses", CrossEntropy.shape(logits, labels, smoothing))));
    }

    public Value crossEntropyBackward(Value logits, Value labels, Value g, double smoothing) {
        return add(new CrossEntropyBackward(logits, labels, g, smoothing, real("dLogits", CrossEntropyBackward.shape(logits, labels, g))));
    }

    public Value squaredError(Value predictions, Value targets) {
        return add(new SquaredError(predictions, targets, real("losses", SquaredError.shape(predictions, targets))));
    }

    public Value squaredErrorBackward(Value predictions, Value targets, Value g) {
        return add(new SquaredErrorBackward(predictions, targets, g,
                real("dPredictions", SquaredErrorBackward.shape(predictions, targets, g))));
    }

    public Value sum(Value x) {
        return add(new Sum(x, small("total", Sum.shape(x))));
    }

    public Value fill(Value scalar, ElementType type, Shape shape) {
        return add(new Fill(scalar, fresh("filled", type, shape)));
    }

    public Value zeros(ElementType type, Shape shape) {
        return fill(constant(0), type, shape);
    }

    public Value constant(double value) {
        return add(new Constant(value, small("constant", Shape.SCALAR)));
    }

    public Value scalar(Scalar.Kind kind, Value a, Value b) {
        return add(new Scalar(kind, a, b, small(kind.name().toLowerCase(java.util.Locale.ROOT), Scalar.shape(a, b))));
    }

    public Value squareRoot(Value a) {
        return scalar(Scalar.Kind.SQUARE_ROOT, a, a);
    }

    public Value squaredNorm(Value x) {
        return add(new SquaredNorm(x, small("squaredNorm", SquaredNorm.shape(x))));
    }

    public Value gram(Value a, Value b, int axis) {
        return add(new Gram(a, b, axis, small("gram", Gram.shape(a, b, axis))));
    }

    public Value smallProduct(Value a, Value b) {
        return add(new SmallProduct(a, b, small("small", SmallProduct.shape(a, b))));
    }

    public Value inner(Value a, Value b) {
        return add(new Inner(a, b, small("inner", Inner.shape(a, b))));
    }

    /// @return x⁺ and its root
    public List<Value> pseudoInverse(Value x) {
        Shape shape = PseudoInverse.shape(x);
        return all(new PseudoInverse(x, small("pseudoInverse", shape), small("inverseRoot", shape)));
    }

    public Value toReal(Value x) {
        return add(new ToReal(x, real("real", ToReal.shape(x))));
    }

    /// The run ends before this point's writes unless these scalars are finite.
    public void guard(Value... scalars) {
        add(new Guard(Arrays.asList(scalars)));
    }

    /// @return the next p, m, v
    public List<Value> adamW(Value p, Value gradient, Value m, Value v, Value scale, Value learningRate, Value correction1,
            Value correction2, AdamW.Constants constants) {
        Shape shape = AdamW.shape(p, gradient, m, v, scale, learningRate, correction1, correction2);
        return all(new AdamW(p, gradient, m, v, scale, learningRate, correction1, correction2, constants, real("nextP", shape),
                real("nextM", shape), real("nextV", shape)));
    }

    /// @return the next p, u
    public List<Value> sgdMomentum(Value p, Value gradient, Value u, Value scale, Value learningRate, double momentum, double weightDecay) {
        Shape shape = SgdMomentum.shape(p, gradient, u, scale, learningRate);
        return all(new SgdMomentum(p, gradient, u, scale, learningRate, momentum, weightDecay, real("nextP", shape), real("nextU", shape)));
    }

    private List<Value> all(Operation operation) {
        add(operation);
        return operation.outputs();
    }
}
