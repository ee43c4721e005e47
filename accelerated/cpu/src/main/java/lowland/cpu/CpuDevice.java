package lowland.cpu;

import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Device;
import lowland.program.Program;
import lowland.program.State;

/// Executes programs in float on this machine's vector units.
///
/// The results do not depend on the number of threads, on the capacity, or on the other rows of a batch; they may differ between
/// vector widths.
///
/// @param threads how many threads work, the caller among them
public record CpuDevice(int threads) implements Device {
    public CpuDevice {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ": expected at least 1");
        }
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public CpuSession open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
        Device.requireFrozen(programs, frozen);
        return new CpuSession(threads, programs, frozen, capacity);
    }
}
