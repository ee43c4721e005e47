package lowland.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Extent;
import lowland.program.Liveness;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Guard;
import lowland.program.operation.Product;

/// Narrow products that read the same matrix, as x·A1ᵀ and x·A2ᵀ of Bi-LoRA's two pairs, or dA of a query's and a key's, are computed two
/// at a time, so that it passes through a core once. The bits are those of one after another, see [NarrowProducts].
final class ProductsBeside {
    private ProductsBeside() {}

    /// What two products that go beside each other have in common.
    ///
    /// @param matrix the one that both read
    /// @param outer  whether their sums run over its rows
    private record Reading(Cell matrix, boolean outer) {}

    /// The same instructions, two that go beside each other in turn: the later one is brought forward if all that it reads is there, or the
    /// earlier one is put off if nothing reads it meanwhile. None passes a guard.
    static List<Instruction> joined(List<Instruction> instructions) {
        List<Instruction> joined = new ArrayList<>();
        Map<Reading, Instruction> waiting = new HashMap<>();
        for (Instruction instruction : instructions) {
            if (instruction.operation() instanceof Guard) {
                waiting.clear();
            }
            Reading reading = reading(instruction);
            Instruction other = reading == null ? null : waiting.get(reading);
            int at = joined.size();
            if (other != null && fit(other, instruction)) {
                int place = joined.lastIndexOf(other);
                List<Instruction> between = joined.subList(place, joined.size());
                if (between.stream().noneMatch(one -> one.outputs().stream().anyMatch(instruction.inputs()::contains))) {
                    at = place + 1;
                    waiting.remove(reading);
                    reading = null;
                } else if (!reads(instruction, other) && between.stream().noneMatch(one -> reads(one, other))) {
                    joined.add(joined.remove(place));
                    waiting.remove(reading);
                    reading = null;
                }
            }
            joined.add(at, instruction);
            if (reading != null) {
                waiting.put(reading, instruction);
            }
        }
        return joined;
    }

    /// Whether instruction `first` and the next one go beside each other.
    static boolean together(Liveness plan, Storage storage, int first) {
        if (first + 1 >= plan.instructions().size()) {
            return false;
        }
        Instruction one = plan.instructions().get(first);
        Instruction next = plan.instructions().get(first + 1);
        Reading reading = reading(one);
        return reading != null && reading.equals(reading(next)) && fit(one, next) && !reads(next, one)
                && startsInPlace(plan, next) && !isFrozen(plan, storage, one) && !isFrozen(plan, storage, next);
    }

    /// Whether nothing is copied for a product to start from: that might come where the other one's operand was.
    private static boolean startsInPlace(Liveness plan, Instruction instruction) {
        return !((Product) instruction.operation()).accumulates()
                || plan.place(instruction.inputs().get(2)).equals(plan.place(instruction.outputs().getFirst()));
    }

    private static boolean reads(Instruction instruction, Instruction maker) {
        return maker.outputs().stream().anyMatch(instruction.inputs()::contains);
    }

    /// What a narrow product reads; null of any other, and of one with a bias, which might lie where the other product writes. Of a sum over
    /// rows both sides have to be known, for the kernel takes the narrower one.
    private static Reading reading(Instruction instruction) {
        if (!(instruction.operation() instanceof Product product) || product.bias() || product.transposeA() && product.transposeB()) {
            return null;
        }
        int most = product.transposeA() ? NarrowProducts.MOST_OUTER : NarrowProducts.MOST_COLUMNS;
        Extent rows = product.y().shape().extent(0);
        Extent columns = product.y().shape().extent(1);
        if (product.transposeA() && (rows.symbol() != null || columns.symbol() != null)) {
            return null;
        }
        if (product.transposeA() && isAtMost(rows, most)) {
            return new Reading(instruction.inputs().get(1), true);
        }
        return isAtMost(columns, most) ? new Reading(instruction.inputs().get(0), product.transposeA()) : null;
    }

    private static boolean isAtMost(Extent extent, int most) {
        return extent.symbol() == null && extent.constant() <= most;
    }

    /// Whether the narrow sides fit together.
    private static boolean fit(Instruction one, Instruction other) {
        int most = ((Product) one.operation()).transposeA() ? NarrowProducts.MOST_OUTER : NarrowProducts.MOST_COLUMNS;
        return width(one) + width(other) <= most;
    }

    private static int width(Instruction instruction) {
        Product product = (Product) instruction.operation();
        Extent rows = product.y().shape().extent(0);
        return product.transposeA() && isAtMost(rows, NarrowProducts.MOST_OUTER) ? rows.constant() : product.y().shape().extent(1).constant();
    }

    private static boolean isFrozen(Liveness plan, Storage storage, Instruction instruction) {
        return instruction.inputs().stream().anyMatch(cell ->
                plan.place(cell) instanceof Liveness.Place.InState(var state, int layer) && storage.weight(state, layer) != null);
    }
}
