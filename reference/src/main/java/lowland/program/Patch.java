package lowland.program;

/// What a stage that runs for some layers alone makes of a stacked value. Nothing is copied: each slice is where it was made.
///
/// @param before the value at the other layers
/// @param made its value at the stage's layers
/// @param result both together
public record Patch(Value before, Value made, Value result) {}
