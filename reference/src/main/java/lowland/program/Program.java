package lowland.program;

import java.util.List;
import java.util.Map;

/// A static, typed list of operations on values that are each assigned once, arranged in stages.
///
/// @param inputs values given at every run, by name
/// @param reads the value under which the program sees each state; always the state as it was before the run
/// @param updates the value that each written state has after the run; nothing is written if a guard fails
/// @param outputs plain values that the host may read after a run, by name
public record Program(String name, List<Value> inputs, Map<State, Value> reads, List<Stage> stages, Map<State, Value> updates,
        Map<String, Value> outputs) {

    /// A listing, a line an operation.
    @Override
    public String toString() {
        return Listing.of(this);
    }
}
