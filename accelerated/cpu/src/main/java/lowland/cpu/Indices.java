package lowland.cpu;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import lowland.program.Liveness;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.*;

/// What an input of integers must be, so that no kernel reads or writes out of bounds. Tested before anything is computed.
sealed interface Indices {
    /// @throws IllegalArgumentException that names the input, the place and the value
    void require();

    /// Each of `count` values picks one of `limit` rows or classes.
    record Below(Ints values, Size count, Size limit, String what) implements Indices {
        @Override
        public void require() {
            int limit = this.limit.get();
            int count = this.count.get();
            int[] array = values.array;
            for (int i = 0; i < count; i++) {
                if (array[i] < 0 || array[i] >= limit) {
                    throw new IllegalArgumentException("input '" + values.name + "' has " + array[i] + " at " + i + ": expected 0 to "
                            + (limit - 1) + ", " + what);
                }
            }
        }
    }

    /// `count` starts that do not descend, from 0 to the number of rows.
    record Starts(Ints values, Size count, Size rows) implements Indices {
        @Override
        public void require() {
            int count = this.count.get();
            int[] array = values.array;
            for (int i = 0; i < count; i++) {
                int least = i == 0 ? 0 : array[i - 1];
                int most = i == 0 ? 0 : rows.get();
                if (array[i] < least || array[i] > most || i == count - 1 && array[i] != rows.get()) {
                    throw new IllegalArgumentException("input '" + values.name + "' has " + array[i] + " at " + i
                            + ": expected starts from 0 that do not descend and end with the " + rows.get() + " rows");
                }
            }
        }
    }

    /// What the instructions of a plan need, each requirement once.
    static List<Indices> of(Liveness plan, Given given, Size.Bindings bindings) {
        Set<List<Object>> seen = new LinkedHashSet<>();
        List<Indices> needed = new java.util.ArrayList<>();
        for (Instruction instruction : plan.instructions()) {
            switch (instruction.operation()) {
                case Gather gather -> below(gather.indices(), gather.table(), 0, "rows of the table", seen, needed, given, bindings);
                case ScatterAdd scatter -> below(scatter.indices(), scatter.y(), 0, "rows of the table", seen, needed, given, bindings);
                case CrossEntropy loss -> below(loss.labels(), loss.logits(), 1, "classes", seen, needed, given, bindings);
                case CrossEntropyBackward loss -> below(loss.labels(), loss.logits(), 1, "classes", seen, needed, given, bindings);
                case SegmentMean mean -> starts(mean.starts(), mean.x(), seen, needed, given, bindings);
                case SegmentSpread spread -> starts(spread.starts(), spread.dx(), seen, needed, given, bindings);
                case lowland.program.operation.Attention attention -> attention(attention, seen, needed, given, bindings);
                case AttentionBackward backward -> attention(backward.forward(), seen, needed, given, bindings);
                case Add _, AdamW _, ColumnSum _, Constant _, Dropout _, Fill _, Gelu _, GeluBackward _, Gram _, Guard _, Inner _,
                        lowland.program.operation.LayerNorm _, LayerNormBackward _, LayerNormParameters _, Multiply _, Product _,
                        PseudoInverse _, Scalar _, Scale _, SgdMomentum _, SmallProduct _, SquaredError _, SquaredErrorBackward _,
                        SquaredNorm _, Sum _, Tanh _, TanhBackward _, ToReal _ -> { }
            }
        }
        return List.copyOf(needed);
    }

    private static void attention(lowland.program.operation.Attention attention, Set<List<Object>> seen, List<Indices> needed, Given given,
            Size.Bindings bindings) {
        starts(attention.queryStarts(), attention.q(), seen, needed, given, bindings);
        starts(attention.keyStarts(), attention.k(), seen, needed, given, bindings);
    }

    private static void below(Value indices, Value limited, int axis, String what, Set<List<Object>> seen, List<Indices> needed, Given given,
            Size.Bindings bindings) {
        if (seen.add(List.of(indices, limited.shape().extent(axis), what))) {
            needed.add(new Below(given.ints(indices.name()), Size.of(bindings, indices.shape()),
                    Size.of(bindings, limited.shape().extent(axis)), what));
        }
    }

    private static void starts(Value starts, Value rows, Set<List<Object>> seen, List<Indices> needed, Given given, Size.Bindings bindings) {
        if (seen.add(List.of(starts, rows.shape().extent(0), "starts"))) {
            needed.add(new Starts(given.ints(starts.name()), Size.of(bindings, starts.shape()), Size.of(bindings, rows.shape().extent(0))));
        }
    }
}
