package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// y = mask ⊙ x (Srivastava et al., JMLR 2014, scaled while training): see [Mask]. `x` is [T, C]; `sequences` and `positions` [T]
/// say of each row which sequence it belongs to and where in it. The derivative is the same mask.
public record Dropout(Value x, Value sequences, Value positions, Mask mask, Value y) implements Operation {
    public static Shape shape(Value x, Value sequences, Value positions) {
        Require.rank("dropout", x, ElementType.REAL, 2);
        Require.shape("dropout", sequences, ElementType.INT, x.shape().extent(0));
        Require.shape("dropout", positions, ElementType.INT, x.shape().extent(0));
        return x.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, sequences, positions, mask.key());
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        int[] sequences = m.ints(this.sequences);
        int[] positions = m.ints(this.positions);
        long key = Mask.key(m.ints(mask.key()));
        for (int i = 0; i < m.extent(this.x, 0); i++) {
            long row = Mask.row(key, mask.site(), m.layer(), sequences[i], positions[i]);
            for (int j = 0; j < columns; j++) {
                y[i * columns + j] = mask.factor(row, j) * x[i * columns + j];
            }
        }
    }

    @Override
    public void differentiate(Tape tape) {
        tape.add(x, tape.record().dropout(tape.gradient(y), sequences, positions, mask));
    }

    @Override
    public List<Value> aliases() {
        return List.of(x);
    }

    @Override
    public String attributes() {
        return mask.toString();
    }
}
