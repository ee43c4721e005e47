package lowland.cpu;

import java.util.Arrays;
import lowland.program.Size;
import lowland.program.operation.Product;

/// A matrix product, bound: a frozen right-hand side is read packed, any other as it lies.
final class Products implements Bound {
    private final Product product;
    private final Workers workers;
    private final Gemm gemm;
    private final Size rows;
    private final Size columns;
    private final Size depth;
    private final Reals a;
    private final Reals b;
    private final Weight weight;
    private final Reals addend;
    private final Reals y;
    private final Workers.Chunk transposedRow = this::transposedRow;

    Products(Product product, Operands o, Gemm gemm) {
        this.product = product;
        this.gemm = gemm;
        workers = o.workers();
        rows = o.axis(product.y(), 0);
        columns = o.axis(product.y(), 1);
        depth = o.axis(product.a(), product.transposeA() ? 0 : 1);
        a = o.reals(product.a());
        weight = o.weight(product.b());
        b = weight == null ? o.reals(product.b()) : null;
        addend = product.addend() == null ? null : o.reals(product.addend());
        y = o.reals(product.y());
    }

    @Override
    public void run() {
        int m = rows.get();
        int n = columns.get();
        int k = depth.get();
        Gemm.Start start = addend == null ? Gemm.Start.ZERO : product.bias() ? Gemm.Start.BIAS : Gemm.Start.C;
        if (start == Gemm.Start.C && !addend.is(y)) {
            System.arraycopy(addend.array, addend.at, y.array, y.at, m * n);
        }
        float[] bias = product.bias() ? addend.array : null;
        int biasAt = product.bias() ? addend.at : 0;
        if (weight != null && product.transposeB()) {
            gemm.forward(m, a.array, a.at, k, weight.packed(), y.array, y.at, n, start, bias, biasAt);
        } else if (weight != null) {
            if (start == Gemm.Start.BIAS) {
                spread(m, n);
                start = Gemm.Start.C;
            }
            gemm.backward(m, a.array, a.at, k, weight.packed(), y.array, y.at, n, start);
        } else if (product.transposeA() && product.transposeB()) {
            if (start == Gemm.Start.BIAS) {
                spread(m, n);
            } else if (start == Gemm.Start.ZERO) {
                Arrays.fill(y.array, y.at, y.at + m * n, 0f);
            }
            workers.run(m, transposedRow);
        } else {
            Gemm.Form form = product.transposeA() ? Gemm.Form.TN : product.transposeB() ? Gemm.Form.NT : Gemm.Form.NN;
            gemm.multiply(form, m, n, k, a.array, a.at, product.transposeA() ? m : k, b.array, b.at, product.transposeB() ? k : n,
                    y.array, y.at, n, start, bias, biasAt);
        }
    }

    /// The bias in every row of y.
    private void spread(int m, int n) {
        for (int i = 0; i < m; i++) {
            System.arraycopy(addend.array, addend.at, y.array, y.at + i * n, n);
        }
    }

    /// Row i of Aᵀ·Bᵀ, which no kernel is made for: nothing that trains needs it.
    private void transposedRow(int i, int worker) {
        int m = rows.get();
        int n = columns.get();
        int k = depth.get();
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int l = 0; l < k; l++) {
                sum = Math.fma(a.array[a.at + l * m + i], b.array[b.at + j * k + l], sum);
            }
            y.array[y.at + i * n + j] += sum;
        }
    }
}
