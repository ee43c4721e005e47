package lowland.tornado;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import lowland.program.Extent;
import lowland.program.Value;
import lowland.program.operation.Product;

/// Products by kernels that TornadoVM generates, on every backend: by vectors of eight where shapes and places allow it. See [Products].
final class BlockedProduct implements MatrixProduct {
    private static final int VECTOR = 8;
    /// Up to this depth the elements of a transposed b are picked one by one, as LoRA's ranks are.
    private static final int LOW = 32;

    @Override
    public List<Task> tasks(Site site, Product o, Sizes sizes) {
        int at = site.row(o.a(), o.b(), o.y(), o.addend());
        Extent rows = o.y().shape().extent(0);
        Extent columns = o.y().shape().extent(1);
        Extent depth = o.a().shape().extent(o.transposeA() ? 0 : 1);
        int rowsAt = sizes.place(rows);
        int columnsAt = sizes.place(columns);
        int depthAt = sizes.place(depth);
        int a = site.buffer(o.a());
        int right = site.buffer(o.b());
        int addend = site.buffer(o.addend());
        int mode = o.bias() ? 1 : o.accumulates() ? 2 : 0;
        int transposeA = o.transposeA() ? 1 : 0;
        int transposeB = o.transposeB() ? 1 : 0;
        boolean within = a < 0 && right < 0;
        // Not b in `work` while a is not: that array would be viewed under two names.
        boolean viewed = within || right >= 0;
        boolean loads = o.transposeB() ? atMost(depth, LOW) : vectors(site, o.b());
        if (viewed && addend < 0 && loads && vectors(columns) && vectors(site, o.y(), o.addend())) {
            return List.of(Task.columns(blocks(sizes, columns, Products.COLUMNS_ACROSS), blocks(sizes, rows, Products.COLUMNS_DOWN), within
                    ? (g, t, b) -> g.task(t, Products::kernelProductOfColumnsWithin, Binding.C, b.control, b.table, b.work, at, rowsAt,
                            columnsAt, depthAt, transposeA, transposeB, mode)
                    : (g, t, b) -> g.task(t, Products::kernelProductOfColumns, Binding.C, b.control, b.table, b.reals(a), b.reals(right),
                            b.work, at, rowsAt, columnsAt, depthAt, transposeA, transposeB, mode)));
        }
        if (a < 0 && !o.transposeA() && o.transposeB() && vectors(depth) && vectors(site, o.a(), o.b())) {
            return List.of(Task.blocks(blocks(sizes, columns, Products.ROWS_ACROSS), blocks(sizes, rows, Products.ROWS_DOWN), within
                    ? (g, t, b) -> g.task(t, Products::kernelProductOfRowsWithin, Binding.C, b.control, b.table, b.reals(addend), b.work, at,
                            rowsAt, columnsAt, depthAt, mode)
                    : (g, t, b) -> g.task(t, Products::kernelProductOfRows, Binding.C, b.control, b.table, b.reals(addend), b.reals(right),
                            b.work, at, rowsAt, columnsAt, depthAt, mode)));
        }
        return List.of(Task.blocks(blocks(sizes, columns, Products.BLOCK), blocks(sizes, rows, Products.BLOCK),
                (g, t, b) -> g.task(t, Products::kernelProduct, Binding.C, b.control, b.table, b.reals(a), b.reals(right), b.reals(addend),
                        b.work, at, rowsAt, columnsAt, depthAt, transposeA, transposeB, mode)));
    }

    private static int blocks(Sizes sizes, Extent extent, int block) {
        return Math.ceilDiv(sizes.most(extent), block);
    }

    private static boolean atMost(Extent extent, int most) {
        return extent.symbol() == null && extent.constant() <= most;
    }

    /// Whether an extent is so many vectors in every run.
    private static boolean vectors(Extent extent) {
        return extent.symbol() == null && extent.constant() % VECTOR == 0;
    }

    /// Whether these operands, null ones aside, start at a vector at every layer.
    private static boolean vectors(Site site, Value... operands) {
        return Arrays.stream(operands).filter(Objects::nonNull).allMatch(operand -> Arrays.stream(site.layers()).filter(Objects::nonNull)
                .allMatch(instruction -> site.offset(instruction, operand) % VECTOR == 0));
    }
}
