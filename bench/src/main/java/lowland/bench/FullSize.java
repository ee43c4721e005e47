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
/// the other. Each step takes the table's next rows, and its first ones again where no whole batch is left; the first two steps are not
/// counted. All methods take the same rows, so a step is compared with the same step of another method.
///
///     FullSize LAUNCHER TOKENIZER TABLE MAX_LENGTH BATCH_SIZE STEPS METHOD,METHOD PYTHON
///
/// The tokenizer is a folder with `vocab.json` and `merges.txt`; the table has the columns sentence, or sentence1 and sentence2, and
/// label; of the methods `torch` is the peer.
public final class FullSize {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int UNCOUNTED = 2;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private FullSize() {}

    /// What both programs take.
    ///
    /// @param table of as many rows as are used, whole batches: what is planned for the longest of its rows, is for one of these
    private record Batches(String tokenizer, Path table, String length, int size, int steps) {
        static Batches of(String tokenizer, Path table, String length, int size, int steps) throws IOException {
            List<String> lines = Files.readAllLines(table);
            int whole = (lines.size() - 1) / size;
            if (whole == 0 || steps <= UNCOUNTED) {
                throw new IllegalArgumentException("give more than " + UNCOUNTED + " steps, and a table of at least " + size + " rows");
            }
            Path taken = Files.createTempFile("lowland-full-size", ".tsv");
            Files.write(taken, lines.subList(0, 1 + Math.min(whole, steps) * size));
            return new Batches(tokenizer, taken, length, size, steps);
        }
    }

    /// @param tokens       of each step, without padding
    /// @param milliseconds of each step
    /// @param peak         the process' largest resident memory, in kB
    private record Measured(int[] tokens, double[] milliseconds, long peak) {
        static Measured of(List<Integer> tokens, List<Double> milliseconds, long peak) {
            return new Measured(tokens.stream().skip(UNCOUNTED).mapToInt(Integer::intValue).toArray(),
                    milliseconds.stream().skip(UNCOUNTED).mapToDouble(Double::doubleValue).toArray(), peak);
        }

        double tokensPerSecond() {
            return 1e3 * Arrays.stream(tokens).sum() / Arrays.stream(milliseconds).sum();
        }

        /// The median of its steps' times over those of the same steps of another method.
        double over(Measured other) {
            if (!Arrays.equals(tokens, other.tokens)) {
                throw new IllegalStateException("steps of " + Arrays.toString(tokens) + " tokens, and of " + Arrays.toString(other.tokens));
            }
            double[] ratios = new double[milliseconds.length];
            Arrays.setAll(ratios, i -> milliseconds[i] / other.milliseconds[i]);
            return median(ratios);
        }
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 8) {
            throw new IllegalArgumentException("give LAUNCHER TOKENIZER TABLE MAX_LENGTH BATCH_SIZE STEPS METHOD,METHOD PYTHON");
        }
        Batches batches = Batches.of(arguments[1], Path.of(arguments[2]), arguments[3], Integer.parseInt(arguments[4]),
                Integer.parseInt(arguments[5]));
        Measured first = null;
        for (String method : arguments[6].split(",")) {
            Measured measured = method.equals("torch") ? torch(arguments[7], batches) : lowland(arguments[0], method, batches);
            first = first == null ? measured : first;
            System.out.printf("%-10s %d to %d tokens a step: median %.0f ms, in all %.1f tokens/s, peak %.2f GB; of the first: time"
                    + " (median of the steps) %.3f, tokens/s %.3f, memory %.3f%n", method, Arrays.stream(measured.tokens).min().orElseThrow(),
                    Arrays.stream(measured.tokens).max().orElseThrow(), median(measured.milliseconds),
                    measured.tokensPerSecond(), measured.peak * 1024e-9, measured.over(first),
                    measured.tokensPerSecond() / first.tokensPerSecond(), (double) measured.peak / first.peak);
        }
    }

    private static Measured lowland(String launcher, String method, Batches batches) throws IOException, InterruptedException {
        Path out = Files.createTempDirectory("lowland-full-size");
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        List<String> command = List.of(launcher, "train", "--model", batches.tokenizer, "--init", "roberta-large", "--task",
                batches.table.toString(), "--method", method, "--max-length", batches.length, "--batch-size", Integer.toString(batches.size),
                "--steps", Integer.toString(batches.steps), "--order", "file", "--learning-rate", "1e-5", "--threads",
                Integer.toString(THREADS), "--out", out.toString());
        long peak = peak(new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start(), said);
        List<Double> times = new ArrayList<>();
        List<Integer> tokens = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
            JsonNode record = JSON.readTree(line);
            if (record.has("seconds")) {
                times.add(1e3 * record.get("seconds").asDouble());
                tokens.add(record.get("tokens").asInt());
            }
        }
        return Measured.of(tokens, times, peak);
    }

    private static Measured torch(String python, Batches batches) throws IOException, InterruptedException {
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        Process process;
        try (InputStream script = FullSize.class.getResourceAsStream("torch_large.py")) {
            process = new ProcessBuilder(python, "-c", new String(script.readAllBytes(), StandardCharsets.UTF_8), Integer.toString(THREADS),
                    batches.tokenizer, batches.table.toString(), batches.length, Integer.toString(batches.size),
                    Integer.toString(batches.steps)).redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(said.toFile()).start();
        }
        long peak = peak(process, said);
        List<String> lines = Files.readAllLines(said);
        List<String[]> steps = lines.stream().skip(1).map(line -> line.split(" ")).toList();
        int[] padded = steps.stream().skip(UNCOUNTED).mapToInt(step -> Integer.parseInt(step[1])).toArray();
        System.out.println(lines.getFirst() + "; with padding " + Arrays.stream(padded).min().orElseThrow() + " to "
                + Arrays.stream(padded).max().orElseThrow() + " tokens, " + Arrays.stream(padded).sum() + " in all");
        return Measured.of(steps.stream().map(step -> Integer.valueOf(step[0])).toList(),
                steps.stream().map(step -> Double.valueOf(step[2])).toList(), peak);
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
