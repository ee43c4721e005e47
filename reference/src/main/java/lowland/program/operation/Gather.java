package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y_i = table_{indices_i}: rows of `table` [V, C] picked by `indices` [N] give `y` [N, C].
/// The derivative scatters: ∂L/∂table_v = Σ_{i: indices_i = v} G_i.
public record Gather(Value table, Value indices, Value y) implements Operation {
    public static Shape shape(Value table, Value indices) {
        Require.rank("gather", table, ElementType.REAL, 2);
        Require.rank("gather", indices, ElementType.INT, 1);
        return Shape.of(indices.shape().extent(0), table.shape().extent(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(table, indices);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(y, 1);
        double[] table = m.reals(this.table);
        int[] indices = m.ints(this.indices);
        double[] y = m.reals(this.y);
        for (int i = 0; i < m.extent(this.y, 0); i++) {
            System.arraycopy(table, indices[i] * columns, y, i * columns, columns);
        }
    }

    @Override
    public void differentiate(Tape tape) {
        Value g = tape.gradient(y);
        tape.contribute(table, before -> tape.record().scatterAdd(g, indices,
                before == null ? tape.record().zeros(table.type(), table.shape()) : before));
    }
}
