package lowland.checkpoint;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import lowland.Failure;

/// The one way a file is written: to a temporary file in the same folder, flushed to the device, checked by reading it
/// back, then renamed over the old one. Whoever reads the target sees the old content or the new, never a part; when
/// anything fails the old content stays and the temporary file goes.
public final class AtomicFile {
    private AtomicFile() {}

    /// What writes a file's bytes.
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Writes `target`; its folder must exist.
    ///
    /// @throws Failure on a full disk, an unwritable folder or bytes that do not read back; the old file is untouched
    public static void write(Path target, Content content) {
        Path file = target.toAbsolutePath();
        Path temporary = null;
        try {
            if (Files.isSymbolicLink(file)) {
                file = file.toRealPath();
            }
            if (Files.isDirectory(file)) {
                throw new IOException("it is a folder");
            }
            temporary = unused(file);
            CRC32C written = new CRC32C();
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                OutputStream out = new CheckedOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16), written);
                content.writeTo(out);
                out.flush();
                channel.force(true);
            }
            if (written.getValue() != checksum(temporary)) {
                throw new IOException("what was written does not read back the same; the disk may be failing");
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            temporary = null;
            flushFolder(file.getParent());
        } catch (AtomicMoveNotSupportedException e) {
            throw failure(target, "its file system cannot replace a file in one step", e);
        } catch (IOException e) {
            throw failure(target, Failure.reason(e), e);
        } finally {
            delete(temporary);
        }
    }

    /// Writes `text` in UTF-8.
    public static void write(Path target, String text) {
        write(target, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static Failure failure(Path target, String reason, IOException cause) {
        return Failure.of("cannot write " + target + ": " + reason
                + "; what was there before is untouched: free space or choose another folder", cause);
    }

    /// Beside the target, so that the rename stays within one file system. Not `createTempFile`: it would make the
    /// result readable by its owner only.
    private static Path unused(Path file) throws IOException {
        for (int i = 0; i < 1000; i++) {
            Path candidate = file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid() + "-" + i + ".tmp");
            if (!Files.exists(candidate)) {
                return candidate;
            }
        }
        throw new FileAlreadyExistsException(file.toString(), null, "a thousand temporary files of it are in the way");
    }

    private static long checksum(Path file) throws IOException {
        CRC32C read = new CRC32C();
        byte[] block = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                read.update(block, 0, n);
            }
        }
        return read.getValue();
    }

    /// The rename itself is safe only once the folder is; not every system lets a folder be opened, and there the
    /// file's own flush has to do.
    private static void flushFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            return;
        }
    }

    private static void delete(Path temporary) {
        if (temporary != null) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException _) {
                return; // the failure that led here says more
            }
        }
    }
}
