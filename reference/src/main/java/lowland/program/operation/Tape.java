package lowland.program.operation;

import java.util.function.UnaryOperator;
import lowland.program.Recording;
import lowland.program.Value;

/// What an operation's derivative is written against.
public interface Tape {
    /// Where backward operations are recorded.
    Recording record();

    /// The gradient of an output; zero values are recorded where nothing has contributed yet.
    Value gradient(Value output);

    /// Whether the gradient of this input is needed at all.
    boolean wants(Value input);

    /// Contributes to an input's gradient. The function gets what was contributed before, or null, and returns the sum:
    /// products add into it as they go.
    void contribute(Value input, UnaryOperator<Value> contribution);

    /// Contributes a finished gradient.
    default void add(Value input, Value gradient) {
        contribute(input, before -> before == null ? gradient : record().add(before, gradient));
    }
}
