package lowland.tornado;

import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.Program;
import lowland.program.State;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/// Executes programs in float as TornadoVM task graphs, a graph a stage; double operations in double.
///
/// @param number what stands behind the colon of `tornado:0`
/// @param observable whether every operation is a graph of its own, so that a run can be watched; slower, with the same kernels
/// @param largestBuffer bytes that a buffer of weights may have
/// @param mostTasks how many tasks a graph has before it is cut
public record GraphDevice(int number, TornadoDevice device, boolean observable, long largestBuffer, int mostTasks) implements Device {
    /// @throws DeviceFailure if the device does not compute in double
    public GraphDevice {
        // OpenCL's devices tell. Those of CUDA all do; what another backend cannot compile it refuses with a line of its own.
        if (device.getPhysicalDevice().getDeviceInfo().lines().anyMatch(line -> line.matches("Double fp config\\s*: false\\s*"))) {
            throw DeviceFailure.failed("tornado:" + number + " (" + device.getPhysicalDevice().getDeviceName().strip()
                    + ") does not compute in double precision (OpenCL's cl_khr_fp64), which norms, scalars and r×r matrices need;"
                    + " choose another device: see lowland devices", null);
        }
    }

    GraphDevice(int number, TornadoDevice device, boolean observable) {
        this(number, device, observable, device.getMaxAllocMemory(), GraphProgram.MOST_TASKS);
    }

    /// The same device with other limits, for the tests of what large models meet.
    GraphDevice within(long largestBuffer, int mostTasks) {
        return new GraphDevice(number, device, observable, largestBuffer, mostTasks);
    }

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
