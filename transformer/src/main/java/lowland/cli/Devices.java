package lowland.cli;

import java.util.ServiceLoader;
import lowland.Failure;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;

/// The devices beside the CPU: TornadoVM's, where its module was built.
final class Devices {
    private Devices() {}

    /// @throws DeviceFailure if the module is not part of this build
    static DeviceProvider tornado() {
        return ServiceLoader.load(DeviceProvider.class).findFirst().orElseThrow(() -> DeviceFailure.absent(
                "TornadoVM's module is not part of this build: install its SDK (sdk install tornadovm), set TORNADOVM_HOME to it,"
                        + " and build again (README, For owners of a GPU)", null));
    }

    /// What a user is told; an absent device is wrong from the command line alone.
    static Failure failure(String what, DeviceFailure e) {
        return e.absent() ? Failure.usage(what + " is absent: " + e.getMessage()) : Failure.of(e.getMessage(), e);
    }
}
