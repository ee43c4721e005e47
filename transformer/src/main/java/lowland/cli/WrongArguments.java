package lowland.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// What the parser of the command line refuses, in our words: what was given, and what to give.
final class WrongArguments {
    private WrongArguments() {}

    static String message(ParameterException e) {
        return switch (e) {
            case UnmatchedArgumentException unmatched -> unknown(unmatched);
            case MissingParameterException missing when missing.getMessage().startsWith("Missing required option") ->
                missing.getMissing().stream().map(WrongArguments::name).collect(Collectors.joining(", "))
                        + (missing.getMissing().size() == 1 ? " is missing: give it" : " are missing: give them") + "; see ";
            case MissingParameterException missing when missing.getMissing().size() == 1 ->
                name(missing.getMissing().getFirst()) + " has no value: give " + missing.getMissing().getFirst().paramLabel() + "; see ";
            case OverwrittenOptionException twice -> name(twice.getOverwritten()) + " is given twice: give it once; see ";
            case ParameterException wrong when wrong.getArgSpec() != null && wrong.getValue() != null ->
                name(wrong.getArgSpec()) + " " + wrong.getValue() + ": give " + expected(wrong.getArgSpec().type(), wrong.getValue())
                        + "; see ";
            default -> e.getMessage().lines().findFirst().orElse("") + "; see ";
        } + e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
    }

    private static String unknown(UnmatchedArgumentException e) {
        List<String> close = e.getSuggestions();
        return e.getUnmatched().getFirst() + " is not known; "
                + (close.isEmpty() ? "leave it out, or see " : "did you mean " + String.join(" or ", close) + "? See ");
    }

    private static String name(ArgSpec argument) {
        return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
    }

    private static String expected(Class<?> type, String value) {
        if (type.isEnum()) {
            return "one of " + Stream.of(type.getEnumConstants()).map(one -> Choice.name((Enum<?>) one)).collect(Collectors.joining(", "));
        }
        boolean whole = type == int.class || type == Integer.class || type == long.class || type == Long.class;
        return whole ? "a whole number" + (value.matches("[+-]?\\d+") ? " nearer to 0" : "")
                : type == double.class || type == Double.class ? "a number" : "another value";
    }
}
