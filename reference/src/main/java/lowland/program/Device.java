package lowland.program;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Something that executes programs.
public interface Device {
    String name();

    /// Compiles programs over shared states; every state starts at zero. Those that no program updates are frozen.
    ///
    /// @param capacity the largest size of each symbol (`tokens`, `sequences`); a run may bind less
    default Session open(List<Program> programs, Map<String, Integer> capacity) {
        Set<State> frozen = new HashSet<>();
        programs.forEach(program -> frozen.addAll(program.reads().keySet()));
        programs.forEach(program -> frozen.removeAll(program.updates().keySet()));
        return open(programs, frozen, capacity);
    }

    /// The same where not all that these programs leave alone is frozen. A device may keep frozen states in an order of their own, and
    /// then rounds their products otherwise: a program computes the same bits beside others and without them if the same states are
    /// named, as for a model that trains in one session and answers in another.
    ///
    /// @param frozen states that are written by the host alone, and seldom
    /// @throws IllegalArgumentException if a program updates one of them
    Session open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity);

    /// @throws IllegalArgumentException if a program updates a frozen state
    static void requireFrozen(List<Program> programs, Set<State> frozen) {
        for (Program program : programs) {
            for (State state : program.updates().keySet()) {
                if (frozen.contains(state)) {
                    throw new IllegalArgumentException("program '" + program.name() + "' updates the state '" + state.name()
                            + "', which is to be frozen; leave it out of the frozen states");
                }
            }
        }
    }
}
