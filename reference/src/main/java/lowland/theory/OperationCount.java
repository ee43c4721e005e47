package lowland.theory;

import java.util.Map;
import lowland.program.Program;
import lowland.program.Stage;
import lowland.program.Value;
import lowland.program.operation.Gram;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import lowland.program.operation.PseudoInverse;
import lowland.program.operation.SmallProduct;

/// What a program does in one run, counted operation by operation.
///
/// A product of M×K by K×N counts 2MNK; any other operation counts its longest input or output, once an element. Pseudo-inverses of
/// R×R matrices are iterative and counted by number and size: their work depends on neither n nor m.
///
/// @param flops     multiplications and additions, without those of the pseudo-inverses
/// @param inverses  pseudo-inverses of small matrices
/// @param largest   elements of the largest value that an operation makes
public record OperationCount(long flops, long inverses, long largest) {

    /// Of a run with these sizes of the symbols.
    public static OperationCount of(Program program, Map<String, Integer> sizes) {
        long flops = 0;
        long inverses = 0;
        long largest = 0;
        for (Stage stage : program.stages()) {
            for (Operation operation : stage.operations()) {
                for (Value output : operation.outputs()) {
                    largest = Math.max(largest, output.shape().size(sizes));
                }
                if (operation instanceof PseudoInverse) {
                    inverses += stage.iterations();
                } else {
                    flops += stage.iterations() * flops(operation, sizes);
                }
            }
        }
        return new OperationCount(flops, inverses, largest);
    }

    private static long flops(Operation operation, Map<String, Integer> sizes) {
        return switch (operation) {
            case Product p -> 2L * p.y().shape().size(sizes) * p.a().shape().extent(p.transposeA() ? 0 : 1).size(sizes)
                    + (p.addend() == null ? 0 : p.y().shape().size(sizes));
            case Gram g -> 2L * g.y().shape().size(sizes) * g.a().shape().extent(g.axis()).size(sizes);
            case SmallProduct s -> 2L * s.y().shape().size(sizes) * s.a().shape().extent(1).size(sizes);
            default -> {
                long longest = 0;
                for (Value value : operation.inputs()) {
                    longest = Math.max(longest, value.shape().size(sizes));
                }
                for (Value value : operation.outputs()) {
                    longest = Math.max(longest, value.shape().size(sizes));
                }
                yield longest;
            }
        };
    }
}
