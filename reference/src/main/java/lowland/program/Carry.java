package lowland.program;

/// What a repeated stage hands from one iteration to the next.
///
/// @param initial the plain value that the first iteration receives
/// @param input what an iteration receives (stacked)
/// @param output what it hands on (stacked)
/// @param result the plain value that the last iteration hands on
public record Carry(Value initial, Value input, Value output, Value result) {}
