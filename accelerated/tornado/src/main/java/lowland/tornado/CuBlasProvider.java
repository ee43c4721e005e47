package lowland.tornado;

import uk.ac.manchester.tornado.cublas.provider.CuBlasLibraryProvider;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;

/// TornadoVM's own cuBLAS provider, called at the sizes of the run under way and at places within buffers: its tasks take neither, since
/// their arguments are fixed when a graph is built, and each operand is a whole array. **Never run on hardware.**
public final class CuBlasProvider implements TornadoLibraryProvider {
    static final String NAME = "lowland/cublas";

    private final TornadoLibraryProvider cuBlas;

    /// TornadoVM finds this class by its service file.
    public CuBlasProvider() {
        this(new CuBlasLibraryProvider());
    }

    CuBlasProvider(TornadoLibraryProvider cuBlas) {
        this.cuBlas = cuBlas;
    }

    @Override
    public String libraryName() {
        return NAME;
    }

    @Override
    public boolean canHandle(TornadoXPUDevice device) {
        return cuBlas.canHandle(device);
    }

    @Override
    public LibraryContext createContext(TornadoXPUDevice device, long executionPlanId) {
        return cuBlas.createContext(device, executionPlanId);
    }

    @Override
    public void destroyContext(LibraryContext context) {
        cuBlas.destroyContext(context);
    }

    @Override
    public void dispatch(String function, LibraryInvocation product) {
        CuBlasProduct.Call call = (CuBlasProduct.Call) product.getTuning();
        Sgemm s = call.sgemm();
        if (s == null || s.empty()) {
            return;
        }
        Object a = product.getArg(0);
        Object b = product.getArg(1);
        Object y = product.getArg(2);
        long aAt = product.getDevicePointer(0) + call.bytes(0);
        long bAt = product.getDevicePointer(1) + call.bytes(1);
        long yAt = product.getDevicePointer(2) + call.bytes(2);
        cuBlas.dispatch("cublasSgemm", new LibraryInvocation(
                new Object[] {s.transposeFirst(), s.transposeSecond(), s.m(), s.n(), s.k(), 1f, b, s.lda(), a, s.ldb(), s.beta(), y, s.ldc()},
                new long[] {0, 0, 0, 0, 0, 0, bAt, 0, aAt, 0, 0, yAt, 0},
                new boolean[] {false, false, false, false, false, false, true, false, true, false, false, true, false},
                product.getDevice(), product.getExecutionPlanId(), product.getContext(), null));
    }
}
