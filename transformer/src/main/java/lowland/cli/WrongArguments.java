package lowland.cli;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// What the parser of the command line refuses, in our words: what was given, and what to give.
final class WrongArguments {
    private WrongArguments() {}

    static String message(ParameterException e) {
        return switch (e) {
            case UnmatchedArgumentException unmatched -> unknown(unmatched.getCommandLine(), unmatched.getUnmatched().getFirst());
            // A misspelled option is missing, too: the misspelling says more.
            case MissingParameterException missing when !missing.getCommandLine().getUnmatchedArguments().isEmpty() ->
                unknown(missing.getCommandLine(), missing.getCommandLine().getUnmatchedArguments().getFirst());
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

    private static String unknown(CommandLine line, String given) {
        CommandSpec command = line.getCommandSpec();
        Stream<String> names = given.startsWith("-") ? command.options().stream().map(OptionSpec::longestName)
                : command.subcommands().keySet().stream();
        List<String> close = close(given, names);
        return given + " is not known; "
                + (close.isEmpty() ? "leave it out, or see " : "did you mean " + String.join(" or ", close) + "? See ");
    }

    /// Those of the names that a slip or two make of what was given, the closest first.
    static List<String> close(String given, Stream<String> names) {
        return names.filter(name -> slips(given, name) <= Math.max(1, given.length() / 3))
                .sorted(Comparator.comparingInt(name -> slips(given, name))).limit(3).toList();
    }

    /// The fewest slips of a hand that make one word of the other: a letter more, fewer or another, or two in the wrong order.
    private static int slips(String given, String meant) {
        int[][] least = new int[given.length() + 1][meant.length() + 1];
        for (int i = 0; i <= given.length(); i++) {
            for (int j = 0; j <= meant.length(); j++) {
                if (i == 0 || j == 0) {
                    least[i][j] = i + j;
                    continue;
                }
                int other = given.charAt(i - 1) == meant.charAt(j - 1) ? 0 : 1;
                least[i][j] = Math.min(least[i - 1][j - 1] + other, 1 + Math.min(least[i - 1][j], least[i][j - 1]));
                if (i > 1 && j > 1 && given.charAt(i - 1) == meant.charAt(j - 2) && given.charAt(i - 2) == meant.charAt(j - 1)) {
                    least[i][j] = Math.min(least[i][j], least[i - 2][j - 2] + 1);
                }
            }
        }
        return least[given.length()][meant.length()];
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
                : type == double.class || type == Double.class ? "a finite number" : "another value";
    }
}
