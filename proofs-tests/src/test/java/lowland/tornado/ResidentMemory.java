package lowland.tornado;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What this process holds of the machine's memory, as Linux counts it, in bytes.
final class ResidentMemory {
    private ResidentMemory() {}

    static boolean known() {
        return Files.exists(Path.of("/proc/self/status"));
    }

    /// Now, with no garbage left.
    static long now() {
        System.gc();
        return read("VmRSS");
    }

    /// The most so far.
    static long most() {
        return read("VmHWM");
    }

    private static long read(String name) {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(name))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D+", ""))).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
