package lowland.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;

/// Seconds from the start of the virtual machine to the end of the first step of `train` with MiniLM, 32 short rows: what a user waits
/// for whatever the machine learns afterwards. Each run is a process of its own; the first warms the files' cache and is not counted.
///
///     FirstStep [runs]
public final class FirstStep {
    private FirstStep() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
        Path folder = Files.createTempDirectory("first-step");
        try {
            Path table = folder.resolve("rows.tsv");
            StringBuilder rows = new StringBuilder("sentence\tlabel\n");
            for (int row = 0; row < 32; row++) {
                rows.append("row number ").append(row).append(" of a table that is soon read\t").append(row % 2).append('\n');
            }
            Files.writeString(table, rows);
            double[] seconds = new double[runs];
            for (int run = -1; run < runs; run++) {
                double taken = seconds(table, folder.resolve("run" + run));
                if (run >= 0) {
                    seconds[run] = taken;
                }
            }
            Arrays.sort(seconds);
            System.out.printf("start to the end of the first step: median %.2f s, from %.2f to %.2f in %d runs%n", seconds[runs / 2],
                    seconds[0], seconds[runs - 1], runs);
        } finally {
            delete(folder);
        }
    }

    private static double seconds(Path table, Path out) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                "lowland.cli.Main", "train", "--model", "minilm", "--task", table.toString(), "--method", "lora", "--steps", "1", "--warmup", "0",
                "--log", "jsonl", "--out", out.toString()).redirectErrorStream(true);
        long began = System.nanoTime();
        Process process = builder.start();
        double taken = Double.NaN;
        StringBuilder said = new StringBuilder();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("{\"step\":1,") && Double.isNaN(taken)) {
                    taken = (System.nanoTime() - began) * 1e-9;
                }
                said.append(line).append('\n');
            }
        }
        if (process.waitFor() != 0 || Double.isNaN(taken)) {
            throw new IllegalStateException("train took no step:\n" + said);
        }
        return taken;
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
