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
/// the other. Each step takes the table's next rows, and its first ones again behind the last; the first two steps are not counted. All
/// methods take the same rows, so a step is compared with the same step of another method.
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
        List<String> batches = List.of(arguments).subList(1, 6);
        Measured first = null;
        for (String method : arguments[6].split(",")) {
            Measured measured = method.equals("torch") ? torch(arguments[7], batches) : lowland(arguments[0], method, batches);
            first = first == null ? measured : first;
            System.out.printf("%-10s %d to %d tokens: %.0f ms a step (median), least %.0f, %.1f tokens/s, peak %.2f GB; of the first: time"
                    + " %.3f, memory %.3f%n", method, Arrays.stream(measured.tokens).min().orElseThrow(),
                    Arrays.stream(measured.tokens).max().orElseThrow(), median(measured.milliseconds),
                    Arrays.stream(measured.milliseconds).min().orElseThrow(), measured.tokensPerSecond(), measured.peak * 1024e-9,
                    measured.over(first), (double) measured.peak / first.peak);
        }
    }

    /// @param batches tokenizer, table, length, batch size, steps
    private static Measured lowland(String launcher, String method, List<String> batches) throws IOException, InterruptedException {
        Path out = Files.createTempDirectory("lowland-full-size");
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        List<String> command = List.of(launcher, "train", "--model", batches.get(0), "--init", "roberta-large", "--task", batches.get(1),
                "--method", method, "--max-length", batches.get(2), "--batch-size", batches.get(3), "--steps", batches.get(4),
                "--order", "file", "--learning-rate", "1e-5", "--threads", Integer.toString(THREADS), "--out", out.toString());
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

    private static Measured torch(String python, List<String> batches) throws IOException, InterruptedException {
        Path said = Files.createTempFile("lowland-full-size", ".txt");
        Process process;
        try (InputStream script = FullSize.class.getResourceAsStream("torch_large.py")) {
            List<String> command = new ArrayList<>(
                    List.of(python, "-c", new String(script.readAllBytes(), StandardCharsets.UTF_8), Integer.toString(THREADS)));
            command.addAll(batches);
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(said.toFile()).start();
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
