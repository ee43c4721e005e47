package lowland.tornado;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
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

    /// The first device with other limits, of the bytes of a buffer of weights and of the tasks of a graph.
    static Device within(long largestBuffer, int mostTasks) throws ReflectiveOperationException {
        Device device = device(false);
        Method within = device.getClass().getDeclaredMethod("within", long.class, int.class);
        within.setAccessible(true);
        return (Device) within.invoke(device, largestBuffer, mostTasks);
    }

    /// A field of the module, which tests compile without.
    static Object hidden(Object object, String field) throws ReflectiveOperationException {
        Field hidden = object.getClass().getDeclaredField(field);
        hidden.setAccessible(true);
        return hidden.get(object);
    }

    private static void tell(String what) {
        try {
            Files.writeString(TOLD, what);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
