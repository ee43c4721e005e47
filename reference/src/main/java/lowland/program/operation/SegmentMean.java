package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The mean of each sequence's rows: y_n = (1/len_n)·Σ_{starts_n ≤ i < starts_{n+1}} x_i. `x` is [T, C], `starts` [N+1], `y` [N, C].
public record SegmentMean(Value x, Value starts, Value y) implements Operation {
    public static Shape shape(Value x, Value starts) {
        Require.rank("segmentMean", x, ElementType.REAL, 2);
        return Shape.of(segments("segmentMean", starts), x.shape().extent(1));
    }

    /// The number of segments that `starts` delimits.
    static Extent segments(String operation, Value starts) {
        Require.rank(operation, starts, ElementType.INT, 1);
        Extent extent = starts.shape().extent(0);
        Require.that(extent.constant() >= 1, operation, "starts with an end behind them", starts);
        return new Extent(extent.symbol(), extent.constant() - 1);
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, starts);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(x, 1);
        double[] x = m.reals(this.x);
        int[] starts = m.ints(this.starts);
        double[] y = m.reals(this.y);
        for (int n = 0; n < m.extent(this.y, 0); n++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int i = starts[n]; i < starts[n + 1]; i++) {
                    sum += x[i * columns + j];
                }
                y[n * columns + j] = sum / (starts[n + 1] - starts[n]);
            }
        }
    }

    @Override
    public void differentiate(Tape tape) {
        tape.add(x, tape.record().segmentSpread(tape.gradient(y), starts, x.shape().extent(0)));
    }
}
