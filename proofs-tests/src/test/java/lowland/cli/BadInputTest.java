package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import lowland.program.DeviceProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bad input ends with one line that says what is wrong and where, the right exit code, and nothing written. The model is one of two layers of
/// 24 channels where MiniLM's own limits are not asked for: reading MiniLM takes longer than what is tested.
class BadInputTest {
    private static final String TINY = tiny();

    @TempDir
    Path folder;
    private Path table;
    private Path out;

    @BeforeEach
    void table() throws Exception {
        table = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 8));
        out = folder.resolve("run");
    }

    private static String tiny() {
        try {
            return Path.of(BadInputTest.class.getResource("/golden/roberta").toURI()).toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private Shell train(String... more) {
        List<String> args = new ArrayList<>(List.of("train", "--model", TINY, "--method", "lora", "--out", out.toString()));
        if (!List.of(more).contains("--task")) {
            args.addAll(List.of("--task", table.toString()));
        }
        for (int i = 0; i < more.length; i += 2) {
            int at = args.indexOf(more[i]);
            if (at >= 0) {
                args.set(at + 1, more[i + 1]);
            } else {
                args.add(more[i]);
                args.add(more[i + 1]);
            }
        }
        return Shell.run(args.toArray(String[]::new));
    }

    private void refused(int exit, Shell shell, String... parts) {
        assertEquals(exit, shell.exit(), shell.err());
        assertEquals(1, shell.errors().size(), shell.err());
        assertFalse(shell.err().contains("\tat "), shell.err());
        for (String part : parts) {
            assertTrue(shell.errors().getFirst().contains(part), "no \"" + part + "\" in " + shell.err());
        }
        assertFalse(Files.exists(out), "a run folder was made");
    }

    private Path file(String name, String content) throws Exception {
        return Files.writeString(folder.resolve(name), content);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--rank 0", "--rank x", "--rank 385", "--alpha 0", "--alpha NaN", "--targets nothing", "--lora-dropout 1",
        "--rho -1", "--rho NaN", "--rho Infinity", "--rho-final -0.1", "--learning-rate -1", "--learning-rate Infinity", "--weight-decay -1",
        "--beta1 1", "--beta2 -0.1", "--adam-epsilon 0", "--momentum 1", "--warmup 1.5", "--warmup-steps 1000000", "--clip-norm -1",
        "--batch-size 0", "--accumulate 0", "--epochs 0", "--steps 0", "--max-length 513", "--max-length -1", "--max-tokens -1",
        "--evaluate-every 0", "--dropout 1", "--label-smoothing -0.5", "--pooling first", "--head-learning-rate -1", "--threads 0",
        "--device tornado", "--device tornado:1", "--device gpu", "--method adapter-lin+dora", "--method full+dora", "--method full-sam+dora",
        "--method dora+bi-lora", "--method lora+lora", "--method sgd",
        "--optimizer adam", "--schedule step", "--scaling x", "--norm-scope x", "--order random", "--log xml", "--preset mrpc",
        "--resume runs/old", "--quantize nf4", "--dev 1.5", "--dev 0", "--seed 1.5", "--model nothing", "--task glue/cola",
        "--task verb-supersence", "--frobnicate 1", "--init-auxiliary somewhere"})
    void aWrongCommandLine(String option) {
        String[] parts = option.split(" ");
        // A RoBERTa has the pooling that MiniLM has not.
        refused(2, parts[0].equals("--pooling") ? train("--model", "minilm", parts[0], parts[1]) : train(parts), parts[0].equals("--targets") ? "nothing" : parts[0]);
    }

    /// In a build with TornadoVM's module this virtual machine lacks its options alone.
    @Test
    void anAbsentDeviceSaysHowToGetIt() {
        boolean built = ServiceLoader.load(DeviceProvider.class).findFirst().isPresent();
        refused(2, train("--device", "tornado"), "--device tornado is absent: ", built
                ? "started without TornadoVM's options: use the launcher, or add @$TORNADOVM_HOME/tornado-argfile"
                : "install its SDK (sdk install tornadovm 5.2.0-jdk25-opencl), set TORNADOVM_HOME to it, and build again");
    }

    /// What the command line alone tells is told before a table is read.
    @ParameterizedTest
    @ValueSource(strings = {"--rank 385", "--targets nothing", "--pooling first", "--model nothing", "--epochs 0", "--max-length 513"})
    void whatIsImpossibleIsSaidBeforeDataAreRead(String option) {
        String[] parts = option.split(" ");
        refused(2, train("--model", "minilm", parts[0], parts[1], "--task", folder.resolve("missing.tsv").toString()), parts[1]);
    }

    @Test
    void moreThatIsImpossibleIsSaidBeforeDataAreRead() {
        String missing = folder.resolve("missing.tsv").toString();
        refused(2, train("--steps", "3", "--warmup-steps", "4", "--task", missing), "--warmup-steps 4", "3 steps");
        refused(2, train("--method", "bi-lora", "--auxiliary-rank", "400", "--task", missing), "--auxiliary-rank 400", "24");
    }

    /// The parser's own words say neither what to do nor always what was wrong.
    @Test
    void theWordsOfTheParserAreOurs() {
        refused(2, train("--rank", "x"), "--rank x: give a whole number; see lowland train --help");
        refused(2, train("--rank", "99999999999"), "--rank 99999999999: give a whole number nearer to 0; see");
        refused(2, train("--rho", "x"), "--rho x: give a finite number; see");
        refused(2, train("--alpha", "1e400"), "--alpha 1e400: give a finite number; see");
        refused(2, train("--order", "random"), "--order random: give one of shuffled, file; see");
        refused(2, train("--bogus", "1"), "--bogus is not known; leave it out, or see lowland train --help");
        refused(2, train("--learning-rat", "1"), "--learning-rat is not known; did you mean --learning-rate", "? See lowland train --help");
        refused(2, train("--rank", "1", "extra", "2"), "extra is not known");
        refused(2, Shell.run("train", "--model", "minilm"), "--task, --method, --out are missing: give them; see lowland train --help");
        refused(2, Shell.run("predict", "--model", "minilm"), "--input is missing: give it; see lowland predict --help");
        refused(2, Shell.run("train", "--task"), "--task has no value: give T; see");
        refused(2, Shell.run("predict", "--model", "minilm", "--input", "x", "--input", "y"), "--input is given twice: give it once; see");
        refused(2, Shell.run("train", "--model", "minilm", "--task", "x", "--method", "lora", "--out", "y", "--rank", "1", "--rank", "2"),
                "--rank is given twice: give it once; see lowland train --help");
        refused(2, Shell.run("train", "--model", "minilm", "--task", "x", "--methodd", "lora", "--out", "y"),
                "--methodd is not known; did you mean --method? See lowland train --help");
        refused(2, train("--method", "lorra"), "--method lorra is unknown: did you mean lora");
        refused(2, Shell.run("trains"), "trains is not known; did you mean train");
        refused(2, Shell.run("trian"), "trian is not known; did you mean train");
        refused(2, Shell.run("zebra"), "zebra is not known; leave it out, or see lowland --help");
    }

    @Test
    void contradictions() {
        refused(2, train("--epochs", "1", "--steps", "1"), "--epochs", "--steps");
        refused(2, train("--warmup", "0", "--warmup-steps", "1"), "--warmup");
        refused(2, train("--method", "efmlora", "--norm-scope", "factor"), "--norm-scope factor", "efmlora");
        refused(2, train("--method", "bi-lora", "--norm-scope", "layer"), "what is clipped is set with --auxiliary-clip");
        refused(2, train("--method", "efmlora", "--ema", "0"), "--ema");
        refused(2, train("--method", "bi-lora", "--auxiliary-rank", "-1"), "--auxiliary-rank");
        refused(2, train("--method", "bi-lora", "--auxiliary-rank", "25"), "--auxiliary-rank 25", "24");
        refused(2, train("--model", "minilm", "--method", "bi-lora", "--auxiliary-rank", "400"), "--auxiliary-rank 400", "384");
        refused(2, train("--task", "verb-supersense", "--dev", "0.1"), "--dev");
        refused(2, Shell.run("train", "--model", "minilm"), "--task");
        refused(2, Shell.run("predict", "--model", "minilm", "--input", table.toString()), "--adapter");
        refused(2, evaluate(folder, table, "--split", "train"), "--split");
        refused(2, evaluate(folder, table, "--dev", "0.5"), "--dev", "--split dev");
        refused(2, evaluate(folder, table, "--dev", "0.5", "--split", "test"), "--dev", "--split dev");
        refused(2, evaluate(folder, table, "--test", table.toString(), "--split", "dev"), "--test", "--split test");
        refused(2, evaluate(folder, table, "--split", "dev", "--dev", "1.5"), "--dev 1.5");
        for (String option : List.of("--text", "--label", "--dev", "--test")) {
            refused(2, evaluate(folder, Path.of("gloss-match"), "--split", "dev", option, "x"), "gloss-match", option);
        }
    }

    @Test
    void optionsWithoutEffectAreRefused() {
        for (MethodOption option : MethodOption.ALL) {
            for (Method.Rule rule : Method.Rule.values()) {
                if (!option.rules().contains(rule)) {
                    idle(option.name() + " has no effect with --method " + Choice.name(rule), "--method", Choice.name(rule), option.name(),
                            value(option.name()));
                }
            }
        }
        for (String[] pair : new String[][] {{"--ema", "bi-lora"}, {"--ema", "fmlora"}, {"--perturb", "lora-sam"}, {"--rho", "lora-plus"},
            {"--auxiliary-rank", "efmlora"}, {"--bar-alpha", "lora"}, {"--learning-rate-ratio", "lora"}, {"--rank", "full"}}) {
            idle(pair[0] + " has no effect with --method " + pair[1], "--method", pair[1], pair[0], value(pair[0]));
        }
        idle("--rho-final has no effect with --rho-schedule constant", "--rho-final", "0.1", "--method", "lora-sam");
        idle("--momentum has no effect without --optimizer sgd", "--momentum", "0.9");
        idle("", "--momentum", "0.9", "--optimizer", "sgd");
        idle("", "--momentum", "0.9", "--method", "bi-lora", "--auxiliary-optimizer", "sgd");
        for (String option : List.of("--beta1", "--beta2", "--adam-epsilon")) {
            idle(option + " has no effect without --optimizer adamw", option, "0.5", "--optimizer", "sgd");
            idle("", option, "0.5", "--optimizer", "sgd", "--method", "bi-lora");
        }
        idle("", "--rho-schedule", "constant");
        // A preset's options that have no effect are nobody's mistake.
        idle("", "--model", "minilm", "--method", "full", "--preset", "glue/cola");
        idle("--rank has no effect with --method full", "--model", "minilm", "--method", "full", "--preset", "glue/cola", "--rank", "4");
    }

    /// A value that the option takes.
    private static String value(String option) {
        return switch (option) {
            case "--rho-schedule", "--bar-schedule" -> "cosine";
            case "--norm-scope", "--auxiliary-clip" -> "global";
            case "--perturb" -> "b";
            case "--estimate" -> "mean";
            case "--ema-start" -> "zero";
            case "--scaling" -> "standard";
            case "--targets" -> "query";
            case "--auxiliary-optimizer" -> "sgd";
            case "--auxiliary-direction" -> "descend";
            case "--rank", "--auxiliary-rank", "--adapter-size" -> "4";
            default -> "0.5";
        };
    }

    /// Refused with these words, or only for its missing file where they are empty.
    private void idle(String words, String... options) {
        List<String> args = new ArrayList<>(List.of(options));
        args.addAll(List.of("--task", folder.resolve("missing.tsv").toString()));
        refused(words.isEmpty() ? 1 : 2, train(args.toArray(String[]::new)), words.isEmpty() ? "missing.tsv" : words);
    }

    @Test
    void aPresetsLengthIsThePresets() throws Exception {
        refused(2, train("--model", "minilm", "--preset", "glue/rte", "--max-length", "600"), "--max-length 600 is not from 1 to 512");
        Shell tiny = Shell.run("train", "--model", TINY, "--task", table.toString(), "--method", "lora", "--preset", "glue/rte", "--out",
                out.toString());
        refused(2, tiny, "--preset glue/rte cuts to --max-length 512, the model takes ", "give --max-length");
    }

    @Test
    void tables() throws Exception {
        refused(1, train("--task", folder.resolve("missing.tsv").toString()), "missing.tsv", "no such file");
        refused(1, train("--text", "nothing"), "train.tsv", "nothing", "sentence, label", "--text");
        refused(1, train("--label", "nothing"), "train.tsv", "nothing", "sentence, label", "--label");
        refused(1, train("--task", file("bare.tsv", "sentence\nfine\n").toString()), "bare.tsv", "label", "sentence", "--label");
        for (String bad : List.of("NaN", "-inf", "Infinity")) {
            String scores = "sentence\tlabel\ngood\t5.0\nbad\t1\nso so\t" + bad + "\n";
            refused(1, train("--task", file("scores.tsv", scores).toString()), "scores.tsv", "line 4", bad, "is not a finite number", "2 rows");
        }
        refused(1, train("--task", file("stars.tsv", "sentence\tlabel\ngood\t5\nbad\t1\nso so\t3\n").toString()), "stars.tsv",
                "1, 3, 5", "1.0");
        refused(1, train("--task", file("empty.tsv", "").toString()), "empty.tsv");
        refused(1, train("--task", file("blank.tsv", "sentence\tlabel\ngood\ta\n \tb\n").toString()), "blank.tsv, line 3", "empty");
        refused(1, train("--task", file("one.tsv", "sentence\tlabel\ngood\ta\nbad\ta\n").toString()), "one.tsv", "two labels");
        refused(1, train("--task", file("ragged.csv", "sentence,label\ngood,a\nbad\n").toString()), "ragged.csv, line 3");
        refused(1, train("--dev", file("dev.tsv", "sentence\tlabel\nfine\tmiddling\n").toString()), "dev.tsv, line 2", "middling", "bad, good");
        refused(1, train("--test", file("test.tsv", "sentence\nfine\n").toString()), "test.tsv", "label");
        String longText = "word ".repeat(600);
        refused(1, train("--model", "minilm", "--task", file("long.tsv", "sentence\tlabel\nshort\ta\n" + longText + "\tb\n").toString()), "long.tsv, line 3",
                "602 tokens", "--max-length");
        Path bytes = folder.resolve("latin.tsv");
        Files.write(bytes, "sentence\tlabel\ncaf\u00e9\ta\n".getBytes(StandardCharsets.ISO_8859_1));
        refused(1, train("--task", bytes.toString()), "latin.tsv, line 2", "UTF-8");
    }

    @Test
    void outputFolders() throws Exception {
        Path used = Files.createDirectory(folder.resolve("used"));
        Files.writeString(used.resolve("note.txt"), "mine");
        refused(1, train("--out", used.toString()), "used", "not empty");
        refused(1, train("--out", table.resolve("below").toString()), "train.tsv", "not a folder");
        refused(1, train("--out", table.toString()), "train.tsv", "not a folder");
        try (Stream<Path> left = Files.list(used)) {
            assertEquals(1, left.count());
        }
        if (Files.isDirectory(Path.of("/proc"))) { // nobody may write there, the superuser neither
            refused(1, train("--out", "/proc/run"), "/proc");
        }
    }

    @Test
    void demos() throws Exception {
        Path used = Files.createDirectory(folder.resolve("used"));
        Files.writeString(used.resolve("note.txt"), "mine");
        refused(1, Shell.run("demo", "--out", used.toString()), "used", "not empty");
        refused(2, Shell.run("demo", "--methods", "lora,sam"), "sam", "bi-lora");
        refused(2, Shell.run("demo", "--seeds", "0"), "--seeds 0");
        refused(2, Shell.run("demo", "--device", "abacus"), "abacus");
        try (Stream<Path> left = Files.list(used)) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void adapters() throws Exception {
        Shell trained = train("--steps", "1", "--dropout", "0", "--batch-size", "2", "--rank", "2");
        assertEquals(0, trained.exit(), trained.err());
        Path good = Files.move(out, folder.resolve("good")).resolve("adapter");
        assertEquals(0, Shell.run("evaluate", "--model", TINY, "--adapter", good.toString(), "--task", table.toString()).exit());
        Path unknown = file("unknown.tsv", "sentence\tlabel\nfine\tmiddling\n");
        refused(1, evaluate(good, unknown), "unknown.tsv, line 2", "middling", "bad, good");
        refused(1, evaluate(folder.resolve("nowhere"), table), "nowhere");
        refused(1, evaluate(good.getParent(), table), "--adapter " + good);
        refused(1, Shell.run("predict", "--model", TINY, "--adapter", good.getParent().toString(), "--input", table.toString()),
                "--adapter " + good);
        refused(1, train("--init-adapter", good.getParent().toString()), "--init-adapter " + good);
        refused(1, train("--init-adapter", good.toString(), "--rank", "3"), "--rank is 3", "good");
        refused(1, train("--init-adapter", folder.toString()), "adapter_config.json");

        Path tensors = good.resolve("adapter_model.safetensors");
        byte[] whole = Files.readAllBytes(tensors);
        Files.write(tensors, java.util.Arrays.copyOf(whole, whole.length / 2));
        refused(1, evaluate(good, table), "adapter_model.safetensors");
        refused(1, train("--init-adapter", good.toString()), "adapter_model.safetensors");
        Files.delete(tensors);
        refused(1, evaluate(good, table), "adapter_model.safetensors", "no such file");
        Files.writeString(good.resolve("task.json"), "{");
        refused(1, evaluate(good, table), "task.json");
    }

    @Test
    void aDevShareIsMeasuredWithTheAdaptersLabels() throws Exception {
        assertEquals(0, train("--steps", "1", "--dropout", "0").exit());
        Path classes = Files.move(out, folder.resolve("classes")).resolve("adapter");
        Path unknown = file("unknown.tsv", "sentence\tlabel\nfine\tgood\nso so\tmiddling\n");
        refused(1, evaluate(classes, unknown, "--split", "dev", "--dev", "0.9"), "unknown.tsv, line 3", "middling", "bad, good");
        Path same = file("same.tsv", "sentence\tlabel\nfine\tgood\nnice\tgood\n");
        assertEquals(0, evaluate(classes, same, "--split", "dev", "--dev", "0.999").exit(), "one label is enough to measure");

        Path scores = file("scores.tsv", "sentence\tlabel\nfine\t0.5\nawful\t-2\n");
        assertEquals(0, train("--task", scores.toString(), "--steps", "1").exit());
        Path regression = Files.move(out, folder.resolve("regression")).resolve("adapter");
        Path whole = file("whole.tsv", "sentence\tlabel\nnice\t1\nawful\t-2\n");
        Shell shell = evaluate(regression, whole, "--split", "dev", "--dev", "0.999", "--json");
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.out().contains("\"rows\":2") && shell.out().contains("pearson"), shell.out());
    }

    /// Says that only the factors are taken, and trains.
    private void factorsAlone(Shell shell, String... says) throws Exception {
        assertEquals(0, shell.exit(), shell.err());
        List<String> lines = shell.err().lines().filter(line -> line.contains("are taken, the head starts anew")).toList();
        assertEquals(1, lines.size(), shell.err());
        for (String say : says) {
            assertTrue(lines.getFirst().contains(say), lines.getFirst());
        }
        Files.move(out, folder.resolve("used-" + System.nanoTime()));
    }

    @Test
    void aStartOfAnotherTaskGivesItsFactorsAlone() throws Exception {
        assertEquals(0, train("--steps", "1", "--dropout", "0").exit());
        String start = Files.move(out, folder.resolve("good")).resolve("adapter").toString();
        Path others = file("others.tsv", "sentence\tlabel\nfine\tyes\nawful\tno\n");
        factorsAlone(train("--init-adapter", start, "--task", others.toString(), "--steps", "1"), "[bad, good]", "[no, yes]");
        Path three = file("three.tsv", "sentence\tlabel\nfine\tgood\nawful\tbad\nso so\tmiddling\n");
        factorsAlone(train("--init-adapter", start, "--task", three.toString(), "--steps", "1"), "[bad, good]", "[bad, good, middling]");
        Path scores = file("scores.tsv", "sentence\tlabel\nfine\t0.5\nawful\t-2\n");
        factorsAlone(train("--init-adapter", start, "--task", scores.toString(), "--steps", "1"), "[bad, good]", "here a regression");

        Path task = Path.of(start, "task.json");
        String json = Files.readString(task);
        Files.writeString(task, json.replaceAll("\"bad\"(\\s*,\\s*)\"good\"", "\"good\"$1\"bad\""));
        factorsAlone(train("--init-adapter", start, "--steps", "1"), "[good, bad]", "[bad, good]");
        Files.writeString(task, json.replace("\"first\"", "\"mean\""));
        refused(1, train("--init-adapter", start), "pooling mean", "first");
        Files.delete(task);
        Shell shell = train("--init-adapter", start, "--steps", "1");
        assertEquals(0, shell.exit(), shell.err());
        assertEquals(1, shell.err().lines().filter(line -> line.contains("no task.json") && line.contains("[bad, good]")).count(),
                shell.err());
    }

    private static Shell evaluate(Path adapter, Path task, String... more) {
        List<String> args = new ArrayList<>(List.of("evaluate", "--model", TINY, "--adapter", adapter.toString(), "--task",
                task.toString()));
        args.addAll(List.of(more));
        return Shell.run(args.toArray(String[]::new));
    }

    @Test
    void numbersThatAreNotFinite() throws Exception {
        Shell shell = train("--learning-rate", "1e38", "--warmup", "0", "--clip-norm", "0", "--dropout", "0", "--batch-size", "2",
                "--steps", "20", "--evaluate-every", "1");
        assertEquals(1, shell.exit(), shell.err());
        assertEquals(1, shell.errors().size(), shell.err());
        String error = shell.errors().getFirst();
        assertTrue(error.matches(".*step \\d+.*loss is .*not finite.*last good adapter, of step \\d+, is in .*adapter"), error);
        assertEquals(0, evaluate(out.resolve("adapter"), table).exit(), "the adapter that was left cannot be read");
        assertTrue(Files.readString(out.resolve("report.html")).contains("were skipped as not finite"), "no report of the failed run");
    }

    /// Fewer skipped steps than stop a run, but all of its last ones: that is no success.
    @Test
    void aRunThatEndsOnNumbersThatAreNotFinite() {
        Shell shell = train("--learning-rate", "1e38", "--warmup", "0", "--clip-norm", "0", "--dropout", "0", "--batch-size", "2",
                "--steps", "4");
        assertEquals(1, shell.exit(), shell.err());
        assertTrue(shell.errors().getFirst().matches(".*step 4.*the run ends on [234] steps in a row that were not finite.*"), shell.err());
    }

    @Test
    void onlyDebugShowsWhereAnErrorCameFrom() {
        List<String> args = List.of("train", "--model", "minilm", "--method", "lora", "--out", out.toString(), "--task",
                folder.resolve("missing.tsv").toString(), "--debug");
        assertTrue(Shell.run(args.toArray(String[]::new)).err().contains("\tat lowland."));
    }

    @Test
    void resultsThatCannotBeWritten() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = Main.run(new String[] {"--version"}, InputStream.nullInputStream(), new PrintStream(full, true),
                new PrintStream(err, true), false);
        assertEquals(1, exit);
        assertTrue(err.toString(StandardCharsets.UTF_8).matches("lowland: cannot write standard output.*\\R"), err.toString());
    }

    @Test
    void usage() {
        Shell none = Shell.run();
        assertEquals(2, none.exit());
        assertTrue(none.err().contains("Usage: lowland") && none.out().isEmpty(), none.err());
        Shell version = Shell.run("--version");
        assertEquals(0, version.exit());
        assertTrue(version.out().startsWith("lowland "), version.out());
        refused(2, Shell.run("tran"), "tran");
        assertEquals(0, Shell.run("--help").exit());
    }
}
