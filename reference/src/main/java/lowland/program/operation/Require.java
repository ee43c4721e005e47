package lowland.program.operation;

import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Shape;
import lowland.program.Value;

/// Shape rules that several operations share. Each error names the operation, the value, what was expected and what was found.
final class Require {
    private Require() {}

    static Shape same(String operation, Value a, Value b) {
        if (!a.shape().equals(b.shape()) || a.type() != b.type() || a.type() == ElementType.INT) {
            throw new IllegalArgumentException(operation + " needs two values of one shape and type, found " + show(a) + " and " + show(b));
        }
        return a.shape();
    }

    static Shape shape(String operation, Value value, ElementType type, Extent... extents) {
        Shape expected = Shape.of(extents);
        if (value.type() != type || !value.shape().equals(expected)) {
            throw new IllegalArgumentException(operation + " needs " + type + expected + ", found " + show(value));
        }
        return expected;
    }

    static void rank(String operation, Value value, ElementType type, int rank) {
        if (value.type() != type || value.shape().rank() != rank) {
            throw new IllegalArgumentException(operation + " needs " + (type == ElementType.INT ? "an " : "a ") + type
                    + " value of rank " + rank + ", found " + show(value));
        }
    }

    static void scalar(String operation, Value value) {
        rank(operation, value, ElementType.DOUBLE, 0);
    }

    static void that(boolean condition, String operation, String expected, Value... found) {
        if (!condition) {
            StringBuilder text = new StringBuilder(operation).append(" needs ").append(expected).append(", found");
            for (Value value : found) {
                text.append(' ').append(show(value));
            }
            throw new IllegalArgumentException(text.toString());
        }
    }

    private static String show(Value value) {
        return value.name() + ": " + value.type() + value.shape();
    }
}
