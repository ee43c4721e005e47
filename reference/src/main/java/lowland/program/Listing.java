package lowland.program;

import java.util.List;
import java.util.stream.Collectors;
import lowland.program.operation.Operation;

/// A program as text:
///
///     stage layers, 6 times
///       carry x from rows to norm.2
///       product = product(x, query.weight, query.bias) right transposed       real[tokens, 384]
final class Listing {
    private Listing() {}

    static String of(Program program) {
        StringBuilder text = new StringBuilder("program ").append(program.name()).append('\n');
        for (Value input : program.inputs()) {
            text.append("input ").append(typed(input)).append('\n');
        }
        program.reads().forEach((_, value) -> text.append("state ").append(typed(value))
                .append(value.stacked() ? " x " + value.repeat() : "").append('\n'));
        for (Stage stage : program.stages()) {
            text.append("stage ").append(stage.name());
            text.append(stage.repeat() == 0 ? "" : ", " + stage.repeat() + " times" + (stage.reversed() ? " in reverse" : "")).append('\n');
            for (Carry carry : stage.carries()) {
                text.append("  carry ").append(typed(carry.input())).append(" from ").append(carry.initial()).append(", then ")
                        .append(carry.output()).append("; the last is ").append(carry.result()).append('\n');
            }
            for (Operation operation : stage.operations()) {
                text.append("  ").append(line(operation)).append('\n');
            }
        }
        program.updates().forEach((state, value) -> text.append("update ").append(state.name()).append(" := ").append(value).append('\n'));
        program.outputs().forEach((name, value) -> text.append("output ").append(name).append(" = ").append(value).append('\n'));
        return text.toString();
    }

    /// One operation.
    static String line(Operation operation) {
        String attributes = operation.attributes();
        String call = operation.name() + "(" + join(operation.inputs()) + ")" + (attributes.isEmpty() ? "" : " " + attributes);
        if (operation.outputs().isEmpty()) {
            return call;
        }
        String outputs = operation.outputs().stream().map(Listing::typed).collect(Collectors.joining("; "));
        return join(operation.outputs()) + " = " + call + "   : " + outputs.replaceAll("(^|; )[^ ]+: ", "$1");
    }

    private static String join(List<Value> values) {
        return values.stream().map(Value::name).collect(Collectors.joining(", "));
    }

    private static String typed(Value value) {
        return value.name() + ": " + value.type() + value.shape();
    }
}
