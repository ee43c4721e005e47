package lowland.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import lowland.Failure;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.program.DeviceFailure;
import lowland.rule.BiLora;
import lowland.rule.EmaStart;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.NormScope;
import lowland.rule.Scaling;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/// The command line. Exit codes: 0 done, 1 failed (files or run time), 2 wrong from the command line alone, 130 interrupted (`train` saves first).
/// Results go to standard output, progress and errors to standard error, an error as one line; `--debug` adds where it came from.
@Command(name = "lowland", versionProvider = Versions.class, synopsisSubcommandLabel = "COMMAND", description =
        "Fine-tunes transformers with sharpness-aware low-rank adaptation.",
        footer = {"", "lowland COMMAND --help explains a command's options, their defaults and where these come from.", "",
            "Results go to standard output, progress to standard error. Exit codes: 0 done; 1 failed (files or run time); 2 the command"
                + " line is wrong; 130 interrupted, train saves first.",
            "LOWLAND_JAVA_OPTIONS: options of the Java virtual machine, such as -Xmx8g for more memory."})
public final class Main implements Runnable {
    private static final int FAILED = 1;
    private static final int WRONG = 2;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Shows this.")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Shows versions.")
    private boolean version;

    private Main() {}

    public static void main(String[] args) {
        String kept = System.getProperty("lowland.stderr");
        if (kept != null) {
            Terminal.restoreStandardError(Integer.parseInt(kept));
        }
        boolean terminal = Terminal.standardError();
        // UTF-8 whatever the locale: labels and columns come out as they went in.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        System.setErr(err);
        System.exit(run(args, System.in, out, err, terminal));
    }

    /// Runs a command.
    ///
    /// @param terminal whether `err` is a terminal, so that a bar can be drawn
    /// @return the exit code
    public static int run(String[] args, InputStream in, PrintStream out, PrintStream err, boolean terminal) {
        boolean debug = List.of(args).contains("--debug");
        CommandLine line = commands(new Streams(in, out, err, terminal));
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        line.setParameterExceptionHandler((e, _) -> wrong(e, err, debug));
        line.setExecutionExceptionHandler((e, _, _) -> failed(e, err, debug));
        int exit;
        try {
            exit = line.execute(args.length > 0 && args[0].equals("train") ? Preset.expand(args) : args);
        } catch (Failure | Error e) {
            exit = failed(e, err, debug);
        }
        // A stream for printing keeps its errors to itself until it is asked; results that nobody got are a failure.
        if (out.checkError()) {
            say(err, "cannot write standard output: its reader is gone or its disk is full, results are missing; redirect it elsewhere");
            exit = exit == 0 ? FAILED : exit;
        }
        err.flush();
        return exit;
    }

    /// All commands. A new one is one line here.
    static CommandLine commands(Streams streams) {
        CommandLine line = new CommandLine(new Main())
                .addSubcommand(new DemoCommand(streams))
                .addSubcommand(new TrainCommand(streams))
                .addSubcommand(new EvaluateCommand(streams))
                .addSubcommand(new PredictCommand(streams))
                .addSubcommand(new MergeCommand(streams))
                .addSubcommand(new ReproduceCommand(streams))
                .addSubcommand(new AuditCommand(streams))
                .addSubcommand(new TraceCommand(streams))
                .addSubcommand(new DevicesCommand(streams));
        line.setExecutionStrategy(Main::execute);
        line.setExpandAtFiles(false).setUsageHelpWidth(110).setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        for (Class<?> type : List.of(Scaling.class, NormScope.class, RhoSchedule.Shape.class, Schedule.Shape.class, Factor.class,
                Estimate.class, EmaStart.class, DescentOptions.Optimizer.class, DataOptions.Order.class, BiLora.Role.class, BiLora.Clip.class,
                TrainingOutput.Log.class)) {
            register(line, type);
        }
        line.registerConverter(Double.class, new FiniteNumber()).registerConverter(double.class, new FiniteNumber());
        return line;
    }

    private static int execute(ParseResult result) {
        requireOnce(result);
        return new RunLast().execute(result);
    }

    /// The parser itself sees that an option is given twice, but not in a group.
    ///
    /// @throws ParameterException (exit code 2) if one is
    static void requireOnce(ParseResult result) {
        ParseResult last = result;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        for (OptionSpec option : last.matchedOptions()) {
            if (!option.isMultiValue() && option.originalStringValues().size() > 1) {
                throw new OverwrittenOptionException(last.commandSpec().commandLine(), option, option.longestName() + " is given twice");
            }
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static void register(CommandLine line, Class<?> type) {
        line.registerConverter((Class) type, new Choice(type));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "");
    }

    private static int wrong(ParameterException e, PrintStream err, boolean debug) {
        CommandLine line = e.getCommandLine();
        if (e.getMessage().isEmpty()) {
            line.usage(err);
            return WRONG;
        }
        say(err, Failure.usage(WrongArguments.message(e)).getMessage());
        trace(e, err, debug);
        return WRONG;
    }

    private static int failed(Throwable e, PrintStream err, boolean debug) {
        say(err, switch (e) {
            case Failure failure -> failure.getMessage();
            case DeviceFailure failure -> failure.getMessage();
            case OutOfMemoryError _ -> "the memory of " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB is full; take a smaller"
                    + " --batch-size or --max-tokens, or set LOWLAND_JAVA_OPTIONS=-Xmx… to allow more";
            default -> "an error within lowland: " + Failure.of(String.valueOf(e)).getMessage()
                    + "; run it again with --debug and report it";
        });
        trace(e, err, debug);
        return e instanceof Failure failure ? failure.exitCode() : FAILED;
    }

    private static void say(PrintStream err, String message) {
        err.println("lowland: " + message);
    }

    private static void trace(Throwable e, PrintStream err, boolean debug) {
        if (debug) {
            e.printStackTrace(err);
        }
    }
}
