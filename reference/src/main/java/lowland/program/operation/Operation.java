package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Value;

/// One operation: its inputs and outputs, what it means in double precision, and its derivative.
///
/// The derivative is recorded as further operations: [#differentiate] is called with the gradients of the outputs known and
/// contributes to those of the inputs. An operation that only occurs in backward or update programs has none and says so.
public sealed interface Operation permits Add, AdamW, Attention, AttentionBackward, ColumnSum, Constant, CrossEntropy,
        CrossEntropyBackward, Divide, Dropout, Fill, Gather, Gaussian, Gelu, GeluBackward, Gram, Guard, Inner, LayerNorm, LayerNormBackward,
        LayerNormParameters, Multiply, Product, PseudoInverse, Relu, ReluBackward, RowNorms, Scalar, Scale, ScatterAdd, SegmentMean,
        SegmentSpread, SgdMomentum, SmallProduct, SquaredError, SquaredErrorBackward, SquaredNorm, Sum, Tanh, TanhBackward, ToReal {

    List<Value> inputs();

    List<Value> outputs();

    /// Sets the outputs from the inputs.
    void interpret(Memory m);

    /// Records the derivative.
    default void differentiate(Tape tape) {
        throw new UnsupportedOperationException(name() + " has no derivative: it only occurs behind one");
    }

    /// Outputs that may share the storage of an input: `aliases().get(i)` is the input that output `i` may overwrite, or null.
    default List<Value> aliases() {
        return List.of();
    }

    /// Constants that complete a listing's line, or an empty text.
    default String attributes() {
        return "";
    }

    default String name() {
        String simple = getClass().getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }
}
