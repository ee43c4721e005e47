package lowland.tornado;

import java.util.List;
import java.util.Map;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;

/// Offers TornadoVM's devices. No type of TornadoVM stands here, so that the class loads without it; what is missing is said.
public final class TornadoProvider implements DeviceProvider {
    /// What TornadoVM must be told before its first class is loaded; what a user sets himself stays.
    private static final Map<String, String> PROPERTIES = Map.of(
            // A kernel that fails must fail, not run as Java.
            "tornado.recover.bailout", "False",
            "tornado.tvm.maxbytecodesize", "262144",
            "tornado.max.events", "256",
            // The body that two kernels of products share is more than it takes into a kernel otherwise.
            "tornado.compiler.fullInlining", "True",
            // We ask the device itself how much it has.
            "tornado.device.memory", "1024GB",
            // The defaults are fast approximations.
            "tornado.enable.nativeFunctions", "False",
            "tornado.opencl.compiler.flags", "-cl-mad-enable -w");

    @Override
    public String name() {
        return "tornado";
    }

    @Override
    public List<Description> devices() {
        return guarded(TornadoDevices::descriptions);
    }

    @Override
    public Device device(int number, boolean watched) {
        return guarded(() -> TornadoDevices.device(number, watched));
    }

    private interface Call<T> {
        T get();
    }

    private static <T> T guarded(Call<T> call) {
        PROPERTIES.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
        try {
            return call.get();
        } catch (NoClassDefFoundError e) {
            // Also what a class throws whose initialisation failed before.
            throw DeviceFailure.absent(e.getCause() instanceof ExceptionInInitializerError ? unusable(e)
                    : "TornadoVM 5.2.0-jdk25 is not there: install its SDK (sdk install tornadovm 5.2.0-jdk25-opencl, or a release of "
                            + "github.com/beehive-lab/TornadoVM), set TORNADOVM_HOME to it, and build again", e);
        } catch (ExceptionInInitializerError | InternalError | UnsatisfiedLinkError e) {
            throw DeviceFailure.absent(unusable(e), e);
        }
    }

    /// Why TornadoVM's classes are there and do not start.
    private static String unusable(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (String.valueOf(cause.getMessage()).contains("No OpenCL platforms")) {
                return "TornadoVM finds no OpenCL platform: install a driver (a GPU vendor's, or for the CPU Debian's pocl-opencl-icd)";
            }
        }
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (System.getProperty("tornado.load.api.implementation") == null) {
            return "the virtual machine was started without TornadoVM's options: use the launcher, or add @$TORNADOVM_HOME/tornado-argfile";
        }
        return "TornadoVM does not start: " + root;
    }
}
