package lowland.tornado;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;
import lowland.program.DeviceProvider.Description;

/// TornadoVM's first device, or the reason why the tests of it are skipped; the build's last line says which.
final class Tornado {
    private static final Path TOLD = Path.of(System.getProperty("basedir", "."), "target", "tornado.txt");

    private Tornado() {}

    static DeviceProvider provider() {
        DeviceProvider provider = ServiceLoader.load(DeviceProvider.class).findFirst().orElse(null);
        assumeTrue(provider != null, "the module accelerated/tornado is not built: no TornadoVM");
        return provider;
    }

    /// @param watched whether operations are graphs of their own
    static Device device(boolean watched) {
        DeviceProvider provider = provider();
        try {
            Device device = provider.device(0, watched);
            Description description = provider.devices().getFirst();
            tell("tested on " + description.name() + " (" + description.platform() + ")");
            return device;
        } catch (DeviceFailure e) {
            tell("not tested: " + e.getMessage());
            assumeTrue(!e.absent(), e.getMessage());
            throw e;
        }
    }

    private static void tell(String what) {
        try {
            Files.writeString(TOLD, what);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
