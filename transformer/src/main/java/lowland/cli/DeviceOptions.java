package lowland.cli;

import lowland.Failure;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.Interpreter;
import picocli.CommandLine.Option;

/// What executes the programs.
final class DeviceOptions {
    @Option(names = "--device", paramLabel = "cpu|interpreter|tornado[:k]", description = {
        "cpu: this machine's vector units; interpreter: double precision in plain loops, very slow, what the others are checked against;"
            + " tornado: TornadoVM's device k (0 without), a GPU for instance, see lowland devices.",
        "Default: cpu (our choice: it is everywhere)."})
    String name = "cpu";

    @Option(names = "--threads", paramLabel = "N", description = {
        "Threads of the cpu; the results are the same bits for any number.", "Default: all that the machine has (our choice)."})
    Integer threads;

    int threads() {
        return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /// @throws Failure (exit code 2) if there is no such device here
    Device device() {
        return device(false);
    }

    /// The same, with sessions that show an observer every operation.
    Device watched() {
        return device(true);
    }

    private Device device(boolean watched) {
        if (threads != null) {
            Require.wholeFrom(1, "--threads", threads);
        }
        return switch (name) {
            case "cpu" -> new CpuDevice(threads());
            case "interpreter" -> new Interpreter();
            case String s when s.matches("tornado(:\\d{1,3})?") ->
                tornado(s.contains(":") ? Integer.parseInt(s.substring(s.indexOf(':') + 1)) : 0, watched);
            default -> throw Failure.usage("--device " + name + " is unknown: use cpu, interpreter, tornado or tornado:k");
        };
    }

    private static Device tornado(int number, boolean watched) {
        try {
            return Devices.tornado().device(number, watched);
        } catch (DeviceFailure e) {
            throw Devices.failure("--device tornado", e);
        }
    }
}
