package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import lowland.program.DeviceFailure;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/// A device is refused for what it tells of itself, before anything is compiled.
class GraphDeviceTest {
    /// A device of this description, of which nothing else can be asked.
    private static TornadoDevice device(String description) {
        TornadoTargetDevice physical = answering(TornadoTargetDevice.class, "getDeviceInfo", description, "getDeviceName", " Some GPU ");
        return answering(TornadoDevice.class, "getPhysicalDevice", physical, "getMaxAllocMemory", 1L << 20);
    }

    private static <T> T answering(Class<T> type, String one, Object first, String other, Object second) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (_, method, _) -> {
            if (method.getName().equals(one)) {
                return first;
            }
            if (method.getName().equals(other)) {
                return second;
            }
            throw new AssertionError(method);
        }));
    }

    @Test
    void aDeviceWithoutDoublePrecision() {
        DeviceFailure failure = assertThrows(DeviceFailure.class, () -> new GraphDevice(3,
                device("Address size     : 64\nSingle fp config : true\nDouble fp config : false\n"), false));
        assertFalse(failure.absent());
        assertEquals("tornado:3 (Some GPU) does not compute in double precision (OpenCL's cl_khr_fp64), which norms, scalars and r×r matrices"
                + " need; choose another device: see lowland devices", failure.getMessage());
    }

    /// What PoCL writes, and what a backend writes that says nothing of it.
    @Test
    void aDeviceWithDoublePrecision() {
        assertEquals("tornado:0", new GraphDevice(0, device("Single fp config : false\nDouble fp config : true\n"), false).name());
        assertEquals(1L << 20, new GraphDevice(0, device("Some GPU"), true).largestBuffer());
    }
}
