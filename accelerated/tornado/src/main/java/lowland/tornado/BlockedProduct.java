package lowland.tornado;

import java.util.List;
import java.util.Map;
import lowland.program.Extent;
import lowland.program.Value;
import lowland.program.operation.Product;

/// Products by kernels that TornadoVM generates, on every backend: see [Products].
final class BlockedProduct implements MatrixProduct {
    /// The panels of the right-hand side.
    @Override
    public long scratch(Product product, Map<String, Integer> capacity) {
        long panels = Math.ceilDiv(product.y().shape().extent(1).size(capacity), Products.COLUMNS);
        return panels * Products.COLUMNS * depth(product).size(capacity);
    }

    private static Extent depth(Product product) {
        return product.a().shape().extent(product.transposeA() ? 0 : 1);
    }

    @Override
    public List<Task> tasks(Site site, Product o, Sizes sizes) {
        int at = site.row(new Value[] {o.a(), o.b(), o.y(), o.addend()}, site.layout().realScratch() / Products.COLUMNS);
        Extent rows = o.y().shape().extent(0);
        Extent columns = o.y().shape().extent(1);
        int rowsAt = sizes.place(rows);
        int columnsAt = sizes.place(columns);
        int depthAt = sizes.place(depth(o));
        int a = site.buffer(o.a());
        int right = site.buffer(o.b());
        int addend = site.buffer(o.addend());
        int panels = Math.ceilDiv(sizes.most(columns), Products.COLUMNS);
        int mode = o.bias() ? 1 : o.accumulates() ? 2 : 0;
        return List.of(
                Task.acrossRows(sizes.most(depth(o)), panels, (g, t, b) -> g.task(t, Products::kernelPanels, Binding.C, b.control, b.table,
                        b.reals(right), b.work, at, columnsAt, depthAt, o.transposeB() ? 1 : 0)),
                Task.downColumns(panels, Math.ceilDiv(sizes.most(rows), Products.ROWS), (g, t, b) -> g.task(t, Products::kernelProduct,
                        Binding.C, b.control, b.table, b.reals(a), b.reals(addend), b.work, at, rowsAt, columnsAt, depthAt,
                        o.transposeA() ? 1 : 0, mode)));
    }
}
