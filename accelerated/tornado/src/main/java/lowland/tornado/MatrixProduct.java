package lowland.tornado;

import java.util.List;
import lowland.program.DeviceFailure;
import lowland.program.operation.Product;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// How a device multiplies matrices, chosen when a session is opened. Everything else is the same kernels on every backend.
sealed interface MatrixProduct permits BlockedProduct, CuBlasProduct {
    /// A property of the virtual machine: `blocked` or `cublas`, in place of the backend's own choice.
    String CHOICE = "lowland.tornado.product";

    /// The tasks of a product, one behind the other.
    List<Task> tasks(Site site, Product product, Sizes sizes);

    /// cuBLAS on CUDA, generated kernels elsewhere.
    ///
    /// @throws DeviceFailure if the property says something else, or cuBLAS where it cannot be
    static MatrixProduct of(TornadoDevice device) {
        boolean cuda = device.getTornadoVMBackend() == TornadoVMBackendType.CUDA;
        String choice = System.getProperty(CHOICE, cuda ? "cublas" : "blocked");
        return switch (choice) {
            case "blocked" -> new BlockedProduct();
            case "cublas" -> {
                if (!cuda) {
                    throw DeviceFailure.failed("cublas needs TornadoVM's CUDA backend, this device has " + device.getTornadoVMBackend(), null);
                }
                yield new CuBlasProduct();
            }
            default -> throw DeviceFailure.failed(CHOICE + " is blocked or cublas, not " + choice, null);
        };
    }
}
