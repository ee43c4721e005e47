package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = op(a)·op(b) + addend, where op transposes or not.
///
/// | value  | shape                                                                    |
/// |--------|--------------------------------------------------------------------------|
/// | a      | [M, K], transposed [K, M]                                                |
/// | b      | [K, N], transposed [N, K]                                                |
/// | addend | null, a row [N] that is added to each row (a bias), or [M, N] (a sum)    |
/// | y      | [M, N]                                                                   |
///
/// With G = ∂L/∂y: ∂L/∂op(a) = G·op(b)ᵀ, ∂L/∂op(b) = op(a)ᵀ·G, a bias gets the column sums of G.
public record Product(Value a, boolean transposeA, Value b, boolean transposeB, Value addend, Value y) implements Operation {
    public static Shape shape(Value a, boolean transposeA, Value b, boolean transposeB, Value addend) {
        Require.rank("product", a, ElementType.REAL, 2);
        Require.rank("product", b, ElementType.REAL, 2);
        Extent depth = a.shape().extent(transposeA ? 0 : 1);
        Require.that(depth.equals(b.shape().extent(transposeB ? 1 : 0)), "product", "equal inner extents"
                + (transposeA ? " (left transposed)" : "") + (transposeB ? " (right transposed)" : ""), a, b);
        Shape shape = Shape.of(a.shape().extent(transposeA ? 1 : 0), b.shape().extent(transposeB ? 0 : 1));
        if (addend != null) {
            Require.that(addend.type() == ElementType.REAL
                    && (addend.shape().equals(shape) || addend.shape().equals(Shape.of(shape.extent(1)))),
                    "product", "an addend of shape " + shape + " or a row of it", addend);
        }
        return shape;
    }

    /// Whether the addend is a row added to every row.
    public boolean bias() {
        return addend != null && addend.shape().rank() == 1;
    }

    /// Whether the addend is a matrix of the result's shape.
    public boolean accumulates() {
        return addend != null && addend.shape().rank() == 2;
    }

    @Override
    public List<Value> inputs() {
        return addend == null ? List.of(a, b) : List.of(a, b, addend);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int rows = m.extent(y, 0);
        int columns = m.extent(y, 1);
        int depth = m.extent(a, transposeA ? 0 : 1);
        double[] a = m.reals(this.a);
        double[] b = m.reals(this.b);
        double[] y = m.reals(this.y);
        double[] addend = this.addend == null ? null : m.reals(this.addend);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int k = 0; k < depth; k++) {
                    sum += (transposeA ? a[k * rows + i] : a[i * depth + k]) * (transposeB ? b[j * depth + k] : b[k * columns + j]);
                }
                y[i * columns + j] = sum + (addend == null ? 0 : addend[bias() ? j : i * columns + j]);
            }
        }
    }

    @Override
    public void differentiate(Tape tape) {
        Value g = tape.gradient(y);
        if (tape.wants(a)) {
            tape.contribute(a, before -> transposeA
                    ? tape.record().product(b, transposeB, g, true, before)
                    : tape.record().product(g, false, b, !transposeB, before));
        }
        if (tape.wants(b)) {
            tape.contribute(b, before -> transposeB
                    ? tape.record().product(g, true, a, transposeA, before)
                    : tape.record().product(a, !transposeA, g, false, before));
        }
        if (addend != null && tape.wants(addend)) {
            if (bias()) {
                tape.contribute(addend, before -> tape.record().columnSum(g, before));
            } else {
                tape.add(addend, g);
            }
        }
    }

    @Override
    public List<Value> aliases() {
        return accumulates() ? List.of(addend) : List.of();
    }

    @Override
    public String attributes() {
        return (transposeA ? "left transposed" : "") + (transposeA && transposeB ? ", " : "") + (transposeB ? "right transposed" : "");
    }
}
