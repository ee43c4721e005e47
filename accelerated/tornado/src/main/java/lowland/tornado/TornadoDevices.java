package lowland.tornado;

import java.util.ArrayList;
import java.util.List;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider.Description;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/// The devices of all backends, numbered one behind the other.
final class TornadoDevices {
    private TornadoDevices() {}

    private static List<TornadoDevice> all() {
        TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
        List<TornadoDevice> devices = new ArrayList<>();
        for (int backend = 0; backend < runtime.getNumBackends(); backend++) {
            devices.addAll(runtime.getBackend(backend).getAllDevices());
        }
        return devices;
    }

    static List<Description> descriptions() {
        List<Description> descriptions = new ArrayList<>();
        for (TornadoDevice device : all()) {
            descriptions.add(new Description(descriptions.size(), device.getPhysicalDevice().getDeviceName().strip(),
                    device.getPlatformName().strip() + ", " + device.getTornadoVMBackend() + driver(device), device.getDeviceType().toString(),
                    device.getMaxGlobalMemory(), device.getMaxAllocMemory()));
        }
        return descriptions;
    }

    /// The driver's version, where the device's own description has it.
    private static String driver(TornadoDevice device) {
        return device.getPhysicalDevice().getDeviceInfo().lines().filter(line -> line.startsWith("Driver version"))
                .map(line -> ", driver " + line.substring(line.indexOf(':') + 1).strip()).findFirst().orElse("");
    }

    static GraphDevice device(int number, boolean watched) {
        List<TornadoDevice> devices = all();
        if (number >= devices.size()) {
            throw DeviceFailure.absent("there is no device tornado:" + number + "; there are " + devices.size()
                    + ", numbered from 0: see lowland devices", null);
        }
        return new GraphDevice(number, devices.get(number), watched);
    }
}
