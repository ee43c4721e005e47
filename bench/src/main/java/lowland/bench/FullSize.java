package lowland.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// RoBERTa-large with random weights in training: each method as `lowland train` runs it, and LoRA in PyTorch and PEFT, one process after
/// the other. All rows of a table are one batch, of which every step is made; the first two are not counted.
///
///     FullSize LAUNCHER TOKENIZER TABLE MAX_LENGTH STEPS METHOD,METHOD PYTHON
///
/// The tokenizer is a folder with `vocab.json` and `merges.txt`; the table has the columns sentence, or sentence1 and sentence2, and
/// label; of the methods `torch` is the peer.
public final class FullSize {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int UNCOUNTED = 2;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private FullSize() {}

    /// @param tokens of the batch, without padding
    /// @param milliseconds of the steps that count
    /// @param peak the process' largest resident memory, in kB
    private record Measured(String name, int tokens, double[] milliseconds, long peak) {
        double least() {
            return Arrays.stream(milliseconds).min().orElseThrow();
        }

        double median() {
            double[] sorted = milliseconds.clone();
            Arrays.sort(sorted);
            return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 7) {
            throw new IllegalArgumentException("give LAUNCHER TOKENIZER TABLE MAX_LENGTH STEPS METHOD,METHOD PYTHON");
        }
        int rows = Files.readAllLines(Path.of(arguments[2])).size() - 1;
        int steps = Integer.parseInt(arguments[4]);
        Measured first = null;
        for (String method : arguments[5].split(",")) {
            Measured measured = method.equals("torch") ? torch(arguments[6], arguments[1], arguments[2], arguments[3], steps)
                    : lowland(arguments[0], method, arguments[1], arguments[2], arguments[3], rows, steps);
            first = first == null ? measured : first;
            System.out.printf("%-10s %d rows, %d tokens: %.0f ms a step, least %.0f, %.1f tokens/s, peak %.2f GB; of the first: time %.3f,"
                    + " memory %.3f%n", method, rows, measured.tokens, measured.median(), measured.least(),
                    1e3 * measured.tokens / measured.median(), measured.peak * 1024e-9, measured.median() / first.median(),
                    (double) measured.peak / first.peak);
        }
    }

    private static Measured lowland(String launcher, String method, String tokenizer, String table, String length, int rows, int steps)
            throws IOException, InterruptedException {
        Path out = Files.createTempDirectory("lowland-full-size");
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        List<String> command = List.of(launcher, "train", "--model", tokenizer, "--init", "roberta-large", "--task", table, "--method", method,
                "--max-length", length, "--batch-size", Integer.toString(rows), "--steps", Integer.toString(steps), "--order", "file",
                "--learning-rate", "1e-5", "--threads", Integer.toString(THREADS), "--out", out.toString());
        long peak = peak(new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start(), said);
        List<Double> times = new ArrayList<>();
        int tokens = 0;
        for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
            JsonNode record = JSON.readTree(line);
            if (record.has("seconds")) {
                times.add(1e3 * record.get("seconds").asDouble());
                tokens = record.get("tokens").asInt();
            }
        }
        return new Measured(method, tokens, counted(times), peak);
    }

    private static Measured torch(String python, String tokenizer, String table, String length, int steps)
            throws IOException, InterruptedException {
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        Process process;
        try (InputStream script = FullSize.class.getResourceAsStream("torch_large.py")) {
            process = new ProcessBuilder(python, "-c", new String(script.readAllBytes(), StandardCharsets.UTF_8), Integer.toString(THREADS),
                    tokenizer, table, length, Integer.toString(steps)).redirectError(ProcessBuilder.Redirect.INHERIT)
                    .redirectOutput(said.toFile()).start();
        }
        long peak = peak(process, said);
        List<String> lines = Files.readAllLines(said);
        System.out.println(lines.getFirst() + "; tokens, with padding: " + lines.get(1));
        return new Measured("torch", Integer.parseInt(lines.get(1).split(" ")[0]),
                counted(lines.subList(2, lines.size()).stream().map(Double::valueOf).toList()), peak);
    }

    private static double[] counted(List<Double> times) {
        return times.subList(UNCOUNTED, times.size()).stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// Waits until a process ends.
    ///
    /// @return its largest resident memory in kB, as its system last told while it ran
    private static long peak(Process process, Path said) throws IOException, InterruptedException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        long peak = 0;
        while (!process.waitFor(200, TimeUnit.MILLISECONDS)) {
            try {
                for (String line : Files.readAllLines(status)) {
                    peak = line.startsWith("VmHWM:") ? Long.parseLong(line.replaceAll("\\D", "")) : peak;
                }
            } catch (IOException e) {
                // It has just ended.
                break;
            }
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException("ended with " + process.exitValue() + ": " + Files.readString(said));
        }
        return peak;
    }
}
