package lowland.program;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import lowland.program.Divergence.Element;
import lowland.program.operation.Operation;

/// Watches a device execute and checks every operation by itself: the interpreter gets the very inputs that the device had, so
/// errors do not add up, and each element of each output must lie within its [ErrorBound].
///
/// NaN in exactly one of both is a divergence; NaN in both, or the same number as a float (the same infinity), is none.
public final class Comparison implements Observer {
    private final Consumer<Element> diverged;
    private final Map<String, Element> worst = new LinkedHashMap<>();
    private Inputs held;
    private long compared;

    /// Ends the run at the first divergence by throwing it.
    public Comparison() {
        this(element -> {
            throw new Divergence(element);
        });
    }

    /// Hands every diverging element on, and goes on.
    public Comparison(Consumer<Element> diverged) {
        this.diverged = diverged;
    }

    /// How many elements were compared.
    public long compared() {
        return compared;
    }

    /// For each kind of operation, by name, the element with the largest ratio of error to bound.
    public Map<String, Element> worst() {
        return Map.copyOf(worst);
    }

    @Override
    public void before(Operation operation, Memory memory) {
        held = new Inputs(memory);
        for (Value input : operation.inputs()) {
            held.copy(input);
        }
    }

    @Override
    public void after(Operation operation, Memory memory) {
        for (Value output : operation.outputs()) {
            held.reals.put(output, new double[memory.size(output)]);
        }
        operation.interpret(held);
        for (Value output : operation.outputs()) {
            double[] bound = ErrorBound.of(operation, output, held);
            double[] exact = held.reals(output);
            double[] actual = memory.reals(output);
            for (int i = 0; i < exact.length; i++) {
                compare(operation, output, i, actual[i], exact[i], bound[i]);
            }
        }
    }

    private void compare(Operation operation, Value output, int index, double actual, double exact, double bound) {
        compared++;
        boolean same = Double.isNaN(actual) && Double.isNaN(exact) || actual == exact
                || output.type() == ElementType.REAL && actual == (float) exact;
        double error = same ? 0 : Math.abs(actual - exact);
        String kind = operation.name();
        Element before = worst.get(kind);
        boolean wrong = !same && !(error <= bound);
        if (wrong || before == null || error > 0 && error > before.ratio() * bound) {
            Element element = new Element(Listing.line(operation), held.layer, output.name(), output.type(), index, actual, exact, bound);
            // A ratio that is no number is the worst.
            if (before == null || !(element.ratio() <= before.ratio())) {
                worst.put(kind, element);
            }
            if (wrong) {
                diverged.accept(element);
            }
        }
    }

    /// Copies of an operation's inputs, and room for its exact outputs.
    private static final class Inputs implements Memory {
        private final Memory device;
        private final int layer;
        private final Map<Value, double[]> reals = new HashMap<>();
        private final Map<Value, int[]> ints = new HashMap<>();

        Inputs(Memory device) {
            this.device = device;
            this.layer = device.layer();
        }

        void copy(Value input) {
            if (input.type() == ElementType.INT) {
                ints.put(input, Arrays.copyOf(device.ints(input), device.size(input)));
            } else {
                reals.put(input, Arrays.copyOf(device.reals(input), device.size(input)));
            }
        }

        @Override
        public int layer() {
            return layer;
        }

        @Override
        public int extent(Value value, int axis) {
            return device.extent(value, axis);
        }

        @Override
        public double[] reals(Value value) {
            return reals.get(value);
        }

        @Override
        public int[] ints(Value value) {
            return ints.get(value);
        }
    }
}
