package lowland.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.checkpoint.AtomicFile;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.TaskFile;
import lowland.data.DataSet;
import lowland.data.WordNet;
import lowland.program.Device;
import lowland.report.DemoJson;
import lowland.report.DemoReport;
import lowland.report.DemoTable;
import lowland.report.Environment;
import lowland.train.Adapters;
import lowland.train.Demo;
import lowland.train.DemoMethod;
import lowland.train.DemoPlan;
import lowland.train.DemoProgress;
import lowland.train.DemoResult;
import lowland.train.DemoTask;
import lowland.train.MergedCheckpoint;
import lowland.train.Pretrained;
import lowland.train.Training;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `demo`: the embedded model on the embedded text with all methods, end to end. Its folder holds `report.html`, `results.json`, and
/// `TASK/METHOD/adapter` of the first seed.
@Command(name = "demo", sortOptions = false, customSynopsis = "lowland demo [OPTIONS]", description = {
    "Fine-tunes MiniLM on WordNet's verbs with LoRA, LoRA-SAM, FMLoRA, EFMLoRA and Bi-LoRA, side by side, and compares them.",
    "Ends with a table, and writes report.html, results.json and the adapters of the first seed. Works offline.", ""},
    footer = {"", "Examples:", "  lowland demo", "  lowland demo --methods lora,bi-lora --seeds 5 --out runs/two-methods"})
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--full", description = {"Five seeds, more steps, and gloss match as a second task; 15 to 30 minutes on two cores.",
        "Default: off, two seeds, some minutes (our choice)."})
    private boolean full;

    @Option(names = "--seeds", paramLabel = "N", description = {
        "Repetitions, with the seeds 0 to N-1; two at least tell something of the noise.", "Default: 2, with --full 5 (our choice)."})
    private Integer seeds;

    @Option(names = "--methods", paramLabel = "LIST", description = {
        "all, or of lora, lora-sam, fmlora, efmlora, bi-lora, lora-twice, full,"
            + " adapter-pfeiffer, adapter-houlsby, adapter-lin, lora-plus, lora-obar, lora-nbar, flat-lora, full-sam, dora,"
            + " bi-lora+dora, pissa, bi-lora+pissa, lora-ga, bi-lora+lora-ga, separated by commas; lora is always there.",
        "Default: the first six (our choice: to compare the papers' methods in some minutes)."})
    private String methods;

    @Option(names = "--out", paramLabel = "DIR", description = {
        "Folder for the report, new or empty.",
        "Default: runs/demo-1 in the current folder, or the next number that is free (our choice: nothing is overwritten)."})
    private Path out;

    @Mixin
    private DeviceOptions executor;

    @Mixin
    private Common common;

    private final Streams streams;
    private final String model;
    private final Course course;
    /// How many tasks are in the report.
    private volatile int reported;

    /// A task, and what is done on it.
    record Part(DemoTask task, DemoPlan plan) {}

    /// What a demonstration consists of.
    @FunctionalInterface
    interface Course {
        List<Part> of(Pretrained pretrained, List<DemoMethod> methods, List<Long> seeds, boolean full);
    }

    DemoCommand(Streams streams) {
        this(streams, Pretrained.MINILM, DemoCommand::wordNet);
    }

    DemoCommand(Streams streams, String model, Course course) {
        this.streams = streams;
        this.model = model;
        this.course = course;
    }

    private static List<Part> wordNet(Pretrained pretrained, List<DemoMethod> methods, List<Long> seeds, boolean full) {
        List<Part> parts = new ArrayList<>();
        parts.add(new Part(DemoTask.of(WordNet.verbSupersense(), pretrained), DemoPlan.verbSupersense(methods, seeds, full)));
        if (full) {
            parts.add(new Part(DemoTask.of(WordNet.glossMatch(), pretrained), DemoPlan.glossMatch(methods, seeds)));
        }
        return parts;
    }

    @Override
    public Integer call() {
        Device device = executor.device();
        int repetitions = seeds == null ? full ? 5 : 2 : seeds;
        Require.wholeFrom(1, "--seeds", repetitions);
        List<Long> numbers = new ArrayList<>();
        for (long seed = 0; seed < repetitions; seed++) {
            numbers.add(seed);
        }
        List<DemoMethod> chosen = methods == null ? DemoMethod.usual() : DemoMethod.of(methods);
        if (out != null) {
            RunFolder.check(out);
        }
        Path folder = made(out);
        Thread goodbye = new Thread(() -> {
            streams.err().println(reported == 0 ? "lowland: the demo was interrupted before its report; run it again"
                    : "lowland: the demo was interrupted; " + folder.resolve("report.html") + " holds the task that was finished");
            folder.toFile().delete(); // it stays if it holds the first adapters
        }, "goodbye");
        Runtime.getRuntime().addShutdownHook(goodbye);
        try {
            compare(chosen, numbers, device, executor.threads(), folder);
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(goodbye);
            } catch (IllegalStateException _) {
                // The virtual machine is going down already, and says so.
            }
        }
        return 0;
    }

    private void compare(List<DemoMethod> chosen, List<Long> numbers, Device device, int deviceThreads, Path folder) {
        long began = System.nanoTime();
        streams.err().println("Reading MiniLM and WordNet; the report will be in " + folder + ".");
        try (Pretrained pretrained = Pretrained.open(model, "mean")) {
            List<Part> parts = course.of(pretrained, chosen, numbers, full);
            long work = parts.stream().mapToLong(part -> Demo.work(part.task(), part.plan())).sum();
            List<DemoResult> results = new ArrayList<>();
            List<Failure> unsaved = new ArrayList<>();
            try (DemoBar bar = new DemoBar(streams, work, System::nanoTime, Terminal.columns())) {
                for (Part part : parts) {
                    results.add(run(pretrained, part, device, folder, bar, unsaved));
                    bar.aside(() -> report(folder, results, Environment.here(deviceThreads), (System.nanoTime() - began) * 1e-9));
                }
            } catch (RuntimeException e) {
                unsaved.forEach(e::addSuppressed);
                throw e;
            }
            long seconds = (System.nanoTime() - began) / 1_000_000_000;
            streams.out().printf(Locale.ROOT, "%nThis took %d min %02d s. Report: %s%n", seconds / 60, seconds % 60, folder.resolve("report.html"));
            if (!unsaved.isEmpty()) {
                Failure first = unsaved.removeFirst();
                unsaved.forEach(first::addSuppressed);
                throw first;
            }
        }
    }

    /// @param unsaved takes why adapters could not be saved: the comparison goes on without, for its table is worth more
    private DemoResult run(Pretrained pretrained, Part part, Device device, Path folder, DemoBar bar, List<Failure> unsaved) {
        DataSet data = part.task().data();
        return Demo.run(pretrained, part.task(), part.plan(), device, new DemoProgress() {
            @Override
            public void advance(long work, String what, String where) {
                bar.advance(work, what, where);
            }

            @Override
            public void trained(DemoMethod method, Training training) {
                try {
                    save(pretrained, data, training, folder.resolve(data.name()).resolve(method.name()).resolve("adapter"));
                } catch (Failure e) {
                    bar.aside(() -> streams.err().println("note: " + method.title() + " is compared, but not saved: " + e.getMessage()));
                    unsaved.add(e);
                }
            }
        });
    }

    /// Shows what was measured last and writes all that was measured so far. The table comes first: it is seen even where the disk is full.
    private void report(Path folder, List<DemoResult> results, Environment environment, double seconds) {
        streams.out().println();
        streams.out().print(DemoTable.of(results.getLast()).text(streams.out().charset()));
        streams.out().flush();
        String what = "MiniLM (BERT, 6 layers of 384 channels)";
        JsonFile.write(folder.resolve("results.json"), DemoJson.of(what, results, environment));
        AtomicFile.write(folder.resolve("report.html"), DemoReport.html(what, results, environment, seconds));
        reported = results.size();
    }

    private static void save(Pretrained pretrained, DataSet data, Training training, Path adapter) {
        List<String> columns = data.train().getFirst().pair() == null ? List.of("sentence") : List.of("sentence1", "sentence2");
        TaskFile task = new TaskFile(data.labels(), columns, "label", "mean", 0, false);
        if (training.trainsEveryWeight()) {
            MergedCheckpoint.write(adapter.resolveSibling("model"), pretrained, training, task);
        } else {
            Adapters.write(training, pretrained, adapter);
            task.on(pretrained.fingerprint()).write(adapter);
        }
    }

    /// The folder that was asked for, or a fresh one.
    private static Path made(Path asked) {
        try {
            if (asked != null) {
                return Files.createDirectories(asked);
            }
            Path runs = Files.createDirectories(Path.of("runs"));
            for (int number = 1;; number++) {
                try {
                    return Files.createDirectory(runs.resolve("demo-" + number));
                } catch (FileAlreadyExistsException _) {
                    continue;
                }
            }
        } catch (IOException e) {
            throw Failure.of("cannot make the folder " + (asked == null ? Path.of("runs") : asked) + ": " + Failure.reason(e)
                    + "; choose another with --out", e);
        }
    }
}
