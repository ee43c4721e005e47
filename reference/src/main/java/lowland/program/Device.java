package lowland.program;

import java.util.List;
import java.util.Map;

/// Something that executes programs.
public interface Device {
    String name();

    /// Compiles programs over shared states; every state starts at zero.
    ///
    /// @param capacity the largest size of each symbol (`tokens`, `sequences`); a run may bind less
    Session open(List<Program> programs, Map<String, Integer> capacity);
}
