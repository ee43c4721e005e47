package lowland;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FailureTest {
    @Test
    void isOneLineWithoutTerminalControlsWhateverTheFileSays() {
        String message = Failure.of("a\nb\r\n\u001B[31mc\u2028d\u202Ee\0").getMessage();
        assertEquals("a b [31mc d e ", message);
        assertTrue(Failure.of("x".repeat(1_000_000)).getMessage().length() <= 1001);
    }

    @Test
    void saysWhichFileAndWhyAndLeavesWithItsCode() {
        Failure missing = Failure.reading(Path.of("model.json"), new NoSuchFileException("model.json"));
        assertEquals("cannot read model.json: no such file or folder; check the path and its permissions", missing.getMessage());
        assertEquals(1, missing.exitCode());
        assertEquals(1, Failure.of("x").exitCode());
        assertEquals(2, Failure.usage("x").exitCode());
        assertEquals("No space left on device", Failure.reason(new FileSystemException("f", null, "No space left on device")));
        assertEquals("IOException", Failure.reason(new IOException()));
    }
}
