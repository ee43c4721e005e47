package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is told to end, by Ctrl-C or by `kill`, finishes its step and saves.
class InterruptionTest {
    @TempDir
    Path folder;

    /// This test's own process may have been started with Ctrl-C ignored, which its children inherit unless coreutils' `env` resets it.
    @Test
    void whatWasTrainedIsSavedAtControlC() throws Exception {
        List<String> heeding = List.of("env", "--default-signal=INT");
        assumeTrue(works(heeding), "needs GNU coreutils 8.31 or newer");
        whatWasTrainedIsSaved(heeding, "INT", 130);
    }

    @Test
    void whatWasTrainedIsSavedAtKill() throws Exception {
        whatWasTrainedIsSaved(List.of(), "TERM", 143);
    }

    private static boolean works(List<String> prefix) throws InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.add("true");
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException _) {
            return false;
        }
    }

    private void whatWasTrainedIsSaved(List<String> prefix, String signal, int exit) throws Exception {
        Path table = Films.tsv(folder.resolve("train.tsv"), Films.rows(0, 8));
        Path out = folder.resolve("run");
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                "lowland.cli.Main", "train", "--model", "minilm", "--method", "bi-lora", "--task", table.toString(), "--out", out.toString(),
                "--batch-size", "2", "--dropout", "0", "--steps", "100000", "--evaluate-every", "100000"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("output.txt").toFile())
                .start();
        try {
            Path metrics = out.resolve("metrics.jsonl");
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
            while (process.isAlive() && System.nanoTime() < end && !(Files.exists(metrics) && Files.size(metrics) > 0)) {
                Thread.sleep(50);
            }
            assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor());
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it did not end");
            String output = Files.readString(folder.resolve("output.txt"));
            assertEquals(exit, process.exitValue(), output);
            List<String> lines = Files.readAllLines(metrics);
            assertTrue(output.contains("adapter " + out.resolve("adapter") + " (step " + lines.size() + ", interrupted)"), output);
            assertTrue(lines.getLast().startsWith("{") && lines.getLast().endsWith("}"), lines.getLast());
        } finally {
            process.destroyForcibly();
        }
        for (String part : List.of("adapter", "auxiliary")) {
            assertTrue(Files.size(out.resolve(part).resolve("adapter_model.safetensors")) > 0, part);
        }
        Shell evaluated = Shell.run("evaluate", "--model", "minilm", "--adapter", out.resolve("adapter").toString(), "--task",
                table.toString());
        assertEquals(0, evaluated.exit(), evaluated.err());
    }
}
