package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The derivative of [SegmentMean]: dx_i = G_n/len_n for every row i of sequence n. `g` is [N, C], `dx` [T, C].
public record SegmentSpread(Value g, Value starts, Value dx) implements Operation {
    public static Shape shape(Value g, Value starts, Extent rows) {
        Require.rank("segmentSpread", g, ElementType.REAL, 2);
        Require.that(g.shape().extent(0).equals(SegmentMean.segments("segmentSpread", starts)), "segmentSpread", "a row a segment", g,
                starts);
        return Shape.of(rows, g.shape().extent(1));
    }

    @Override
    public List<Value> inputs() {
        return List.of(g, starts);
    }

    @Override
    public List<Value> outputs() {
        return List.of(dx);
    }

    @Override
    public void interpret(Memory m) {
        int columns = m.extent(g, 1);
        double[] g = m.reals(this.g);
        int[] starts = m.ints(this.starts);
        double[] dx = m.reals(this.dx);
        for (int n = 0; n < m.extent(this.g, 0); n++) {
            for (int i = starts[n]; i < starts[n + 1]; i++) {
                for (int j = 0; j < columns; j++) {
                    dx[i * columns + j] = g[n * columns + j] / (starts[n + 1] - starts[n]);
                }
            }
        }
    }
}
