package lowland.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/// The peer of [StepTimes]: PyTorch and PEFT in a Python process of their own, which takes a step when it is told to and waits
/// otherwise. The script is the resource `torch_step.py`.
final class TorchStep implements AutoCloseable {
    private final Process process;
    private final Writer told;
    private final BufferedReader said;
    private final String versions;

    /// @param python an interpreter that has torch, transformers and peft
    TorchStep(String python, int threads, int sequences, int length) {
        try (InputStream script = TorchStep.class.getResourceAsStream("torch_step.py")) {
            process = new ProcessBuilder(python, "-c", new String(script.readAllBytes(), StandardCharsets.UTF_8), Integer.toString(threads),
                    Integer.toString(sequences), Integer.toString(length)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        told = process.outputWriter();
        said = process.inputReader();
        versions = line();
    }

    String versions() {
        return versions;
    }

    /// Takes one step.
    ///
    /// @return its milliseconds, by the peer's own clock
    double step() {
        try {
            told.write("\n");
            told.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Double.parseDouble(line());
    }

    private String line() {
        try {
            String line = said.readLine();
            if (line == null) {
                throw new IllegalStateException("the Python process ended; it needs torch, transformers and peft (see its message above)");
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
