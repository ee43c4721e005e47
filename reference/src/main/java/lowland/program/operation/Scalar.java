package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// Arithmetic on DOUBLE scalars.
public record Scalar(Kind kind, Value a, Value b, Value y) implements Operation {
    /// What is computed from a and b.
    public enum Kind {
        ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM,
        /// a/b, and 0 where b = 0: a perturbation of a zero gradient is zero.
        DIVIDE_OR_ZERO,
        /// √a; b is not read (it is a).
        SQUARE_ROOT,
        /// The factor that brings a norm b to at most a: 0 where a = 0, a/b where b > a, else 1.
        CLIP,
        /// b, or 0 where a = 0, whatever b is.
        UNLESS_ZERO;

        /// The result for two numbers; NaN goes through.
        public double of(double a, double b) {
            return switch (this) {
                case ADD -> a + b;
                case SUBTRACT -> a - b;
                case MULTIPLY -> a * b;
                case DIVIDE -> a / b;
                case MINIMUM -> Math.min(a, b);
                case MAXIMUM -> Math.max(a, b);
                case DIVIDE_OR_ZERO -> b == 0 ? 0 : a / b;
                case SQUARE_ROOT -> Math.sqrt(a);
                case CLIP -> a == 0 ? 0 : b <= a ? 1 : a / b;
                case UNLESS_ZERO -> a == 0 ? 0 : b;
            };
        }
    }

    public static Shape shape(Value a, Value b) {
        Require.scalar("scalar", a);
        Require.scalar("scalar", b);
        return Shape.SCALAR;
    }

    @Override
    public List<Value> inputs() {
        return kind == Kind.SQUARE_ROOT ? List.of(a) : List.of(a, b);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        m.reals(y)[0] = kind.of(m.scalar(a), m.scalar(b));
    }

    /// Only a product with a constant to the derivative is differentiated: the weight of a loss.
    @Override
    public void differentiate(Tape tape) {
        switch (kind) {
            case ADD -> {
                for (Value input : inputs()) {
                    if (tape.wants(input)) {
                        tape.add(input, tape.gradient(y));
                    }
                }
            }
            case MULTIPLY -> {
                if (tape.wants(a)) {
                    tape.add(a, tape.record().scalar(Kind.MULTIPLY, tape.gradient(y), b));
                }
                if (tape.wants(b)) {
                    tape.add(b, tape.record().scalar(Kind.MULTIPLY, tape.gradient(y), a));
                }
            }
            case SUBTRACT, DIVIDE, MINIMUM, MAXIMUM, DIVIDE_OR_ZERO, SQUARE_ROOT, CLIP, UNLESS_ZERO ->
                throw new UnsupportedOperationException("scalar " + kind + " has no derivative: it only occurs behind one");
        }
    }

    @Override
    public String attributes() {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }
}
