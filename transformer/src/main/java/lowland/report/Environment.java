package lowland.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lowland.cpu.Lanes;

/// On what something was measured.
///
/// @param processor  the processor's own name, or the architecture's where it tells none
/// @param vectorBits width of the vectors that the kernels use
/// @param peakBytes  most memory that the process had resident; -1 where the system does not say
public record Environment(String processor, int vectorBits, int threads, String java, String system, long peakBytes) {
    public static Environment here(int threads) {
        return new Environment(line(Path.of("/proc/cpuinfo"), "model name", System.getProperty("os.arch")), 32 * Lanes.count(), threads,
                System.getProperty("java.vm.vendor") + " " + System.getProperty("java.version"),
                System.getProperty("os.name") + " " + System.getProperty("os.version"), peak());
    }

    private static long peak() {
        String peak = line(Path.of("/proc/self/status"), "VmHWM", "");
        return peak.endsWith(" kB") ? 1024 * Long.parseLong(peak.substring(0, peak.length() - 3).strip()) : -1;
    }

    /// The value of the first `name: value`. Linux only; elsewhere there is no such file.
    private static String line(Path file, String name, String otherwise) {
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith(name)) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        } catch (IOException _) {
            return otherwise;
        }
        return otherwise;
    }
}
