package lowland.program;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import lowland.program.operation.Operation;

/// A program as text, with the types in a column at the right:
///
///     stage layers, 6 times
///       carry x from rows, then norm.2; the last is norm.3                real[tokens, 384]
///       product = product(x, query.weight, query.bias) right transposed   real[tokens, 384]
final class Listing {
    /// Longer lines than this do not push the column of types further right.
    private static final int COLUMN = 100;

    private final List<String> lines = new ArrayList<>();
    private final List<String> types = new ArrayList<>();

    private Listing(Program program) {
        line("program " + program.name(), "");
        program.inputs().forEach(input -> line("input " + input, type(input)));
        program.reads().forEach((_, value) -> line("state " + value, type(value) + (value.stacked() ? " x " + value.repeat() : "")));
        for (Stage stage : program.stages()) {
            line("stage " + stage.name() + times(stage), "");
            for (Carry carry : stage.carries()) {
                line("  carry " + carry.input() + " from " + carry.initial() + ", then " + carry.output()
                        + "; the last is " + carry.result(),
                        type(carry.input()).equals(type(carry.result())) ? type(carry.input())
                                : type(carry.input()) + ", then " + type(carry.result()));
            }
            stage.operations().forEach(operation -> line("  " + call(operation), types(operation)));
            stage.patches().forEach(patch -> line("  patch " + patch.result() + " is " + patch.made() + ", elsewhere " + patch.before(),
                    type(patch.result())));
        }
        program.updates().forEach((state, value) -> line("update " + state.name() + " := " + value, ""));
        program.outputs().forEach((name, value) -> line("output " + name + " = " + value, ""));
    }

    private static String times(Stage stage) {
        if (stage.repeat() == 0) {
            return "";
        }
        String some = stage.iterations() == 1 ? ", layer " + stage.from() : ", layers " + stage.from() + " to " + (stage.to() - 1);
        return (stage.iterations() == stage.repeat() ? ", " + stage.repeat() + " times" : some + " of " + stage.repeat())
                + (stage.reversed() ? " in reverse" : "");
    }

    static String of(Program program) {
        Listing listing = new Listing(program);
        int column = 0;
        for (int i = 0; i < listing.lines.size(); i++) {
            int length = listing.lines.get(i).length();
            column = listing.types.get(i).isEmpty() || length > COLUMN ? column : Math.max(column, length);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < listing.lines.size(); i++) {
            String line = listing.lines.get(i);
            String type = listing.types.get(i);
            text.append(line).append(type.isEmpty() ? "" : " ".repeat(Math.max(0, column - line.length()) + 3) + type).append('\n');
        }
        return text.toString();
    }

    /// One operation with its types.
    static String line(Operation operation) {
        return operation.outputs().isEmpty() ? call(operation) : call(operation) + "   " + types(operation);
    }

    private void line(String line, String type) {
        lines.add(line);
        types.add(type);
    }

    private static String call(Operation operation) {
        String attributes = operation.attributes();
        String call = operation.name() + "(" + join(operation.inputs()) + ")" + (attributes.isEmpty() ? "" : " " + attributes);
        return operation.outputs().isEmpty() ? call : join(operation.outputs()) + " = " + call;
    }

    /// The types of an operation's outputs, once where they are all alike.
    private static String types(Operation operation) {
        return operation.outputs().stream().map(Listing::type).distinct().collect(Collectors.joining("; "));
    }

    private static String join(List<Value> values) {
        return values.stream().map(Value::name).collect(Collectors.joining(", "));
    }

    private static String type(Value value) {
        return value.type() + (value.shape().rank() == 0 ? "" : value.shape().toString());
    }
}
