package lowland.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import lowland.Failure;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;

/// The devices beside the CPU: TornadoVM's, where its module was built.
final class Devices {
    private static final String INSTALL = "install its SDK (sdk install tornadovm 5.2.0-jdk25-opencl), set TORNADOVM_HOME to it,"
            + " and build again (README, For owners of a GPU)";

    private Devices() {}

    /// @throws DeviceFailure if the module is not part of this build
    static DeviceProvider tornado() {
        return ServiceLoader.load(DeviceProvider.class).findFirst().orElseThrow(() -> DeviceFailure.absent(
                missing(System.getenv(), Path.of(System.getProperty("user.home"))), null));
    }

    /// Why the module is not part of this build: the build looks for TornadoVM in the same places.
    static String missing(Map<String, String> environment, Path home) {
        Path sdkman = home.resolve(".sdkman/candidates/tornadovm/current");
        String other = Stream.of(Path.of(environment.getOrDefault("TORNADOVM_HOME", sdkman.toString())), sdkman)
                .filter(sdk -> Files.exists(sdk.resolve("tornado-argfile"))
                        && !Files.exists(sdk.resolve("share/java/tornado/tornado-api-5.2.0-jdk25.jar")))
                .map(sdk -> "; " + sdk + " is another version than 5.2.0-jdk25").findFirst().orElse("");
        return "TornadoVM's module is not part of this build" + other + ": " + INSTALL;
    }

    /// What a user is told; an absent device is wrong from the command line alone.
    static Failure failure(String what, DeviceFailure e) {
        return e.absent() ? Failure.usage(what + " is absent: " + e.getMessage()) : Failure.of(e.getMessage(), e);
    }
}
