package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The norms of the rows of a matrix that is known by its parts, never formed:
///
///     y_i = √(w_i + Σ_k b_ik·x_ki)      w [n, 1],  b [n, r],  x [r, n],  y [n, 1]
///
/// With w_i = ‖W_i‖² and x = 2s·A·Wᵀ + s²·(AAᵀ)·Bᵀ these are the norms of the rows of W + s·B·A. Accumulated in double, rounded once. No
/// derivative: what divides by them takes them as constants. A sum below 0, which only rounding can make, gives NaN.
public record RowNorms(Value w, Value b, Value x, Value y) implements Operation {
    public static Shape shape(Value w, Value b, Value x) {
        Require.rank("rowNorms", b, ElementType.REAL, 2);
        Require.shape("rowNorms", x, ElementType.REAL, b.shape().extent(1), b.shape().extent(0));
        return Require.shape("rowNorms", w, ElementType.REAL, b.shape().extent(0), Extent.of(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(w, b, x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int n = m.extent(b, 0);
        int r = m.extent(b, 1);
        double[] w = m.reals(this.w);
        double[] b = m.reals(this.b);
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        for (int i = 0; i < n; i++) {
            double sum = w[i];
            for (int k = 0; k < r; k++) {
                sum += b[i * r + k] * x[k * n + i];
            }
            y[i] = Math.sqrt(sum);
        }
    }
}
