package lowland.cpu;

import java.util.Arrays;
import java.util.List;
import lowland.program.Size;
import lowland.program.operation.Product;

/// A matrix product, bound, or a sum of several: a frozen right-hand side is read packed, any other as it lies.
final class Products implements Bound {
    private final Workers workers;
    private final Gemm gemm;
    private final Size rows;
    private final Size columns;
    private final Reals addend;
    private final boolean bias;
    private final Reals y;
    private final Term[] terms;
    private final Workers.Chunk transposedRow = this::transposedRow;

    /// @param depth      columns of op(a)
    /// @param transposeA whether a is stored [depth, rows]
    /// @param transposeB whether b is stored [columns, depth]
    /// @param weight     b where it is packed, else null
    private record Term(Reals a, boolean transposeA, Reals b, boolean transposeB, Weight weight, Size depth) {
        static Term of(Operands o) {
            Product product = (Product) o.instruction().operation();
            Weight weight = o.weight(product.b());
            return new Term(o.reals(product.a()), product.transposeA(), weight == null ? o.reals(product.b()) : null,
                    product.transposeB(), weight, o.axis(product.a(), product.transposeA() ? 0 : 1));
        }

        void addTo(Gemm gemm, int m, int n) {
            int k = depth.get();
            if (weight == null) {
                Gemm.Form form = transposeA ? Gemm.Form.TN : transposeB ? Gemm.Form.NT : Gemm.Form.NN;
                gemm.add(form, k, a.array, a.at, transposeA ? m : k, b.array, b.at, transposeB ? k : n);
            } else if (transposeB) {
                gemm.addForward(a.array, a.at, k, weight.packed());
            } else {
                gemm.addBackward(a.array, a.at, k, weight.packed());
            }
        }
    }

    /// @param sum products of which each but the first adds to the one before, in the same place
    Products(List<Operands> sum, Gemm gemm) {
        this.gemm = gemm;
        Operands o = sum.getFirst();
        Product first = (Product) o.instruction().operation();
        workers = o.workers();
        rows = o.axis(first.y(), 0);
        columns = o.axis(first.y(), 1);
        addend = first.addend() == null ? null : o.reals(first.addend());
        bias = first.bias();
        y = o.reals(first.y());
        terms = sum.stream().map(Term::of).toArray(Term[]::new);
    }

    @Override
    public void run() {
        if (terms[0].transposeA && terms[0].transposeB) {
            runTransposed();
        } else {
            begin();
            gemm.finish();
        }
    }

    /// Begins the sum, with all its terms.
    void begin() {
        int m = rows.get();
        int n = columns.get();
        gemm.begin(m, n, y.array, y.at, n, preparedStart(), bias ? addend.array : null, bias ? addend.at : 0);
        for (int i = 0; i < terms.length; i++) {
            terms[i].addTo(gemm, m, n);
        }
    }

    /// Copies a matrix elsewhere that the sum starts from to y.
    private Gemm.Start preparedStart() {
        if (addend == null || bias) {
            return bias ? Gemm.Start.BIAS : Gemm.Start.ZERO;
        }
        if (!addend.is(y)) {
            System.arraycopy(addend.array, addend.at, y.array, y.at, rows.get() * columns.get());
        }
        return Gemm.Start.C;
    }

    private void runTransposed() {
        int m = rows.get();
        int n = columns.get();
        switch (preparedStart()) {
            case ZERO -> Arrays.fill(y.array, y.at, y.at + m * n, 0f);
            case BIAS -> spread(m, n);
            case C -> { }
        }
        workers.run(m, transposedRow);
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
        Term term = terms[0];
        int k = term.depth.get();
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int l = 0; l < k; l++) {
                sum = Math.fma(term.a.array[term.a.at + l * m + i], term.b.array[term.b.at + j * k + l], sum);
            }
            y.array[y.at + i * n + j] += sum;
        }
    }
}
