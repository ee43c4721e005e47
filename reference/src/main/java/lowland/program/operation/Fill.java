package lowland.program.operation;

import java.util.Arrays;
import java.util.List;
import lowland.program.Memory;
import lowland.program.Value;

/// Every element of a REAL or DOUBLE value is the DOUBLE scalar: zeros, and the derivative of a sum.
public record Fill(Value scalar, Value y) implements Operation {
    public Fill {
        Require.scalar("fill", scalar);
    }

    @Override
    public List<Value> inputs() {
        return List.of(scalar);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        Arrays.fill(m.reals(y), m.scalar(scalar));
    }
}
