package lowland.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Extent;
import lowland.program.Liveness;
import lowland.program.Unrolling.Cell;
import lowland.program.Unrolling.Instruction;
import lowland.program.operation.Guard;
import lowland.program.operation.Product;

/// Products that each add to the one before, y = x·Wᵀ + bias and then y += u·B̃ᵀ, are computed as one sum, so that y passes through a
/// core once. The bits are those of one after another, see [Gemm].
final class ProductSums {
    private static final int NONE = -1;

    private ProductSums() {}

    /// The same instructions, where each product that only another one reads, to add to it, comes right before that one. None passes a guard;
    /// products over the tokens, as the gradient of a weight that layers share, stay where they are: what they read would live on.
    static List<Instruction> joined(List<Instruction> instructions) {
        Map<Cell, Integer> readers = new HashMap<>();
        instructions.forEach(instruction -> instruction.inputs().forEach(cell -> readers.merge(cell, 1, Integer::sum)));
        Map<Cell, Integer> waiting = new HashMap<>();
        int[] before = new int[instructions.size()];
        Arrays.fill(before, NONE);
        boolean[] moved = new boolean[before.length];
        for (int i = 0; i < before.length; i++) {
            Instruction instruction = instructions.get(i);
            if (instruction.operation() instanceof Guard) {
                waiting.clear();
            }
            if (instruction.operation() instanceof Product product && isWide(product)) {
                if (product.accumulates() && waiting.containsKey(addend(instruction))) {
                    before[i] = waiting.get(addend(instruction));
                    moved[before[i]] = true;
                }
                if (readers.getOrDefault(y(instruction), 0) == 1) {
                    waiting.put(y(instruction), i);
                }
            }
        }
        List<Instruction> joined = new ArrayList<>();
        for (int i = 0; i < before.length; i++) {
            if (!moved[i]) {
                put(i, before, instructions, joined);
            }
        }
        return joined;
    }

    private static void put(int i, int[] before, List<Instruction> instructions, List<Instruction> joined) {
        if (before[i] != NONE) {
            put(before[i], before, instructions, joined);
        }
        joined.add(instructions.get(i));
    }

    /// The instruction behind the last of those from `from` on that make one sum; `from + 1` where there is none.
    static int end(Liveness plan, Storage storage, int from) {
        List<Instruction> instructions = plan.instructions();
        if (!isTerm(plan, storage, instructions.get(from))) {
            return from + 1;
        }
        int frozen = isFrozen(plan, storage, instructions.get(from)) ? 1 : 0;
        int end = from + 1;
        while (end < instructions.size() && end - from < Gemm.MOST_TERMS && adds(plan, instructions.get(end - 1), instructions.get(end))
                && isTerm(plan, storage, instructions.get(end))) {
            frozen += isFrozen(plan, storage, instructions.get(end)) ? 1 : 0;
            if (frozen > 1) {
                break;
            }
            end++;
        }
        return end;
    }

    /// Whether `next` adds, in the same place, to what `one` has made.
    private static boolean adds(Liveness plan, Instruction one, Instruction next) {
        return next.operation() instanceof Product product && product.accumulates() && addend(next).equals(y(one))
                && plan.place(y(next)).equals(plan.place(y(one)));
    }

    private static boolean isTerm(Liveness plan, Storage storage, Instruction instruction) {
        if (!(instruction.operation() instanceof Product product) || !isWide(product)) {
            return false;
        }
        Extent depth = product.a().shape().extent(1);
        return isFrozen(plan, storage, instruction) || depth.symbol() == null && depth.constant() <= Gemm.SHALLOW;
    }

    /// Whether [Gemm] computes this product in the same way alone and in a sum.
    private static boolean isWide(Product product) {
        Extent columns = product.y().shape().extent(1);
        return !product.transposeA() && columns.symbol() == null && columns.constant() > Lanes.COUNT;
    }

    private static boolean isFrozen(Liveness plan, Storage storage, Instruction instruction) {
        return plan.place(instruction.inputs().get(1)) instanceof Liveness.Place.InState(var state, int layer)
                && storage.weight(state, layer) != null;
    }

    private static Cell y(Instruction product) {
        return product.outputs().getFirst();
    }

    private static Cell addend(Instruction product) {
        return product.inputs().get(2);
    }
}
