package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The bits of the kernels' results do not change when they are compiled; every width can be forced.
class KernelBitsTest {
    private static String child(int rounds, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--add-modules=jdk.incubator.vector", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(options));
        command.addAll(List.of(KernelBits.class.getName(), Integer.toString(rounds)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), text);
        String[] lines = text.strip().split("\n");
        return lines[lines.length - 1];
    }

    @Test
    void interpretedAndCompiledBitsAreTheSame() throws IOException, InterruptedException {
        String interpreted = child(1, "-Xint");
        assertFalse(interpreted.isBlank());
        assertEquals(interpreted, child(1500));
    }

    @ParameterizedTest
    @ValueSource(strings = {"128", "256", "512"})
    void everyWidthComputes(String bits) throws IOException, InterruptedException {
        assertNotEquals("", child(2, "-Dlowland.vector.bits=" + bits));
    }
}
