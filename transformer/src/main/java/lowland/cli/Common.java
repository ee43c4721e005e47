package lowland.cli;

import picocli.CommandLine.Option;

/// Options of every command.
final class Common {
    @Option(names = "--debug", description = {"Shows where an error came from.", "Default: off."})
    boolean debug;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Shows this.")
    boolean help;
}
