package lowland.program;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.*;

/// What an input of integers must be, so that no kernel reads or writes out of bounds. Tested before anything is computed.
public sealed interface Indices {
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
    ///
    /// @param given an input of integers by its name
    static List<Indices> of(Liveness plan, Function<String, Ints> given, Size.Bindings bindings) {
        Collector needed = new Collector(given, bindings);
        for (Instruction instruction : plan.instructions()) {
            switch (instruction.operation()) {
                case Gather gather -> needed.below(gather.indices(), gather.table(), 0, "rows of the table");
                case ScatterAdd scatter -> needed.below(scatter.indices(), scatter.y(), 0, "rows of the table");
                case CrossEntropy loss -> needed.below(loss.labels(), loss.logits(), 1, "classes");
                case CrossEntropyBackward loss -> needed.below(loss.labels(), loss.logits(), 1, "classes");
                case SegmentMean mean -> needed.starts(mean.starts(), mean.x());
                case SegmentSpread spread -> needed.starts(spread.starts(), spread.dx());
                case Attention attention -> needed.attention(attention);
                case AttentionBackward backward -> needed.attention(backward.forward());
                case Add _, AdamW _, ColumnSum _, Constant _, Divide _, Dropout _, Fill _, Gaussian _, Gelu _, GeluBackward _, Gram _,
                        Guard _, Inner _,
                        LayerNorm _, LayerNormBackward _, LayerNormParameters _, Multiply _, Product _,
                        PseudoInverse _, Relu _, ReluBackward _, RowNorms _, Scalar _, Scale _, SgdMomentum _, SmallProduct _, SquaredError _,
                        SquaredErrorBackward _,
                        SquaredNorm _, Sum _, Tanh _, TanhBackward _, ToReal _ -> { }
            }
        }
        return List.copyOf(needed.all);
    }

    /// Requirements without repetition.
    final class Collector {
        private final Function<String, Ints> given;
        private final Size.Bindings bindings;
        private final Set<List<Object>> seen = new HashSet<>();
        private final List<Indices> all = new ArrayList<>();

        private Collector(Function<String, Ints> given, Size.Bindings bindings) {
            this.given = given;
            this.bindings = bindings;
        }

        private void attention(Attention attention) {
            starts(attention.queryStarts(), attention.q());
            starts(attention.keyStarts(), attention.k());
        }

        private void below(Value indices, Value limited, int axis, String what) {
            Extent limit = limited.shape().extent(axis);
            if (seen.add(List.of(indices, limit, what))) {
                all.add(new Below(given.apply(indices.name()), Size.of(bindings, indices.shape()), Size.of(bindings, limit), what));
            }
        }

        private void starts(Value starts, Value of) {
            Extent rows = of.shape().extent(0);
            if (seen.add(List.of(starts, rows, "starts"))) {
                all.add(new Starts(given.apply(starts.name()), Size.of(bindings, starts.shape()), Size.of(bindings, rows)));
            }
        }
    }
}
