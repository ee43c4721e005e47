package lowland.tornado;

import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Device;
import lowland.program.Program;
import lowland.program.State;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/// Executes programs in float as TornadoVM task graphs, a graph a stage; double operations in double.
///
/// @param number what stands behind the colon of `tornado:0`
/// @param observable whether every operation is a graph of its own, so that a run can be watched; slower, with the same kernels
public record GraphDevice(int number, TornadoDevice device, boolean observable) implements Device {
    @Override
    public String name() {
        return "tornado:" + number;
    }

    @Override
    public GraphSession open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
        Device.requireFrozen(programs, frozen);
        return new GraphSession(this, programs, frozen, capacity);
    }
}
