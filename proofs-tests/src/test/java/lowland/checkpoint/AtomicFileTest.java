package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void replacesTheOldContentAndLeavesNothingElse() throws IOException {
        Path file = folder.resolve("a.txt");
        AtomicFile.write(file, "old");
        AtomicFile.write(file, "new");
        assertEquals("new", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    @Test
    void aFullDiskLeavesTheOldContent() throws IOException {
        Path file = folder.resolve("a.txt");
        AtomicFile.write(file, "old");
        Failure failure = assertThrows(Failure.class, () -> AtomicFile.write(file, out -> {
            out.write(new byte[200_000]); // beyond any buffer: part of it is on the disk
            throw new IOException("No space left on device");
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), files());
        assertTrue(failure.getMessage().contains("a.txt") && failure.getMessage().contains("No space left"), failure.getMessage());
        assertEquals(1, failure.exitCode());
    }

    @Test
    void whatTheWriterThrowsLeavesNoTemporaryFile() throws IOException {
        Path file = folder.resolve("a.txt");
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, _ -> {
            throw new IllegalStateException();
        }));
        assertEquals(List.of(), files());
    }

    @Test
    void aMissingFolderAndAFolderInTheWayFail() throws IOException {
        Path taken = Files.createDirectory(folder.resolve("taken"));
        assertThrows(Failure.class, () -> AtomicFile.write(folder.resolve("missing/a.txt"), "x"));
        assertThrows(Failure.class, () -> AtomicFile.write(taken, "x"));
        assertThrows(Failure.class, () -> AtomicFile.write(Path.of("/proc/lowland.txt"), "x"));
        assertEquals(List.of(taken), files());
    }

    @Test
    void aLinkStaysALink() throws IOException {
        Path file = folder.resolve("a.txt");
        Path link = folder.resolve("link");
        AtomicFile.write(file, "old");
        Files.createSymbolicLink(link, file);
        AtomicFile.write(link, "new");
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(file));
    }

    private List<Path> files() throws IOException {
        try (var all = Files.list(folder)) {
            return all.toList();
        }
    }
}
