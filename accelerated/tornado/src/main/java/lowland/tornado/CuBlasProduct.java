package lowland.tornado;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import lowland.program.Value;
import lowland.program.operation.Product;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Products by NVIDIA's cuBLAS, as library tasks of the CUDA backend: in float, without tensor cores' shorter mantissas.
///
/// **Never run on hardware.** What cuBLAS is told is tested without it (`CuBlasProductTest`), on a plain sgemm of the test's own.
///
/// A kernel first puts the addend where the result goes, if it is not there already; cuBLAS adds to it. Sizes and places differ from run to
/// run and from layer to layer, so [CuBlasProvider] asks for them when it is called.
final class CuBlasProduct implements MatrixProduct {
    @Override
    public List<Task> tasks(Site site, Product o, Sizes sizes) {
        int at = site.row(o.a(), o.b(), o.y(), o.addend());
        int rowsAt = sizes.place(o.y().shape().extent(0));
        int columnsAt = sizes.place(o.y().shape().extent(1));
        int depthAt = sizes.place(o.a().shape().extent(o.transposeA() ? 0 : 1));
        int size = sizes.place(o.y().shape());
        int a = site.buffer(o.a());
        int right = site.buffer(o.b());
        int addend = site.buffer(o.addend());
        List<Task> tasks = new ArrayList<>();
        if (o.addend() != null && !inPlace(site, o)) {
            int bias = o.bias() ? 1 : 0;
            tasks.add(Task.elements(sizes.most(o.y().shape()), (g, t, b) -> g.task(t, Products::kernelStart, Binding.C, b.control, b.table,
                    b.reals(addend), b.work, at, size, columnsAt, bias)));
        }
        tasks.add(Task.library((g, t, b) -> g.libraryTask(t, CuBlasProduct::descriptor, b.reals(a), b.reals(right), b.work,
                new Call(b.control, b.table, at, rowsAt, columnsAt, depthAt, o.transposeA(), o.transposeB(), o.addend() != null))));
        return tasks;
    }

    /// Whether the result takes its addend's place at every layer.
    private static boolean inPlace(Site site, Product o) {
        return o.accumulates() && site.buffer(o.addend()) < 0 && Arrays.stream(site.layers()).filter(Objects::nonNull)
                .allMatch(instruction -> site.offset(instruction, o.addend()) == site.offset(instruction, o.y()));
    }

    private static LibraryTaskDescriptor descriptor(FloatArray a, FloatArray b, FloatArray y, Call call) {
        return new LibraryTaskDescriptor().withLibrary(CuBlasProvider.NAME).withFunction("product").withParameters(new Object[] {a, b, y})
                .withAccess(new Access[] {Access.READ_ONLY, Access.READ_ONLY, Access.READ_WRITE}).withTuning(call);
    }

    /// A product as the host knows it when it is launched.
    ///
    /// @param at where the rows of the table start
    /// @param added whether y holds an addend already
    record Call(IntArray control, IntArray table, int at, int rowsAt, int columnsAt, int depthAt, boolean transposeA, boolean transposeB,
            boolean added) {
        /// What cuBLAS is told; null if this layer does not need the product.
        Sgemm sgemm() {
            return table.get(Row.of(control, at)) == 0 ? null : Sgemm.of(control.get(rowsAt), control.get(columnsAt), control.get(depthAt),
                    transposeA, transposeB, added);
        }

        /// Bytes from a buffer's start to an operand: 0 a, 1 b, 2 y.
        long bytes(int operand) {
            return 4L * table.get(Row.of(control, at) + 1 + operand);
        }
    }
}
