package lowland.step;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;

/// Sets states to zero.
final class Zeros {
    private Zeros() {}

    static void record(Recording p, List<State> states) {
        for (State state : states) {
            if (state.repeat() == 0) {
                p.update(state, p.zeros(state.type(), state.shape()));
            } else {
                p.repeat("zero " + state.name(), state.repeat(), List.of(), _ -> {
                    p.update(state, p.zeros(state.type(), state.shape()));
                    return List.of();
                });
            }
        }
    }
}
