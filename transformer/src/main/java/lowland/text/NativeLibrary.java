package lowland.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import lowland.Failure;

/// Where the tokenizer's native library is unpacked: `$LOWLAND_CACHE`, else `$XDG_CACHE_HOME/lowland`, else
/// `~/.cache/lowland`. The library that brings it would take a folder of its own in the home folder and call its authors'
/// servers; both are switched off before it is first used. Nothing is fetched: the native code lies in its artifact.
final class NativeLibrary {
    private NativeLibrary() {}

    /// Makes the folder, points the library at it and returns it.
    ///
    /// @throws Failure if the folder cannot be made or written to
    static Path prepare() {
        Path folder = folder(System.getenv(), System.getProperty("user.home"));
        try {
            Files.createDirectories(folder);
            if (!Files.isWritable(folder)) {
                throw new IOException("it is not writable");
            }
        } catch (IOException e) {
            throw Failure.of("cannot unpack the tokenizer's native library to " + folder + ": " + Failure.reason(e)
                    + "; set LOWLAND_CACHE to a folder that can be written to", e);
        }
        System.setProperty("DJL_CACHE_DIR", folder.toString());
        System.setProperty("ENGINE_CACHE_DIR", folder.toString());
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        return folder;
    }

    /// The megabytes that can still be written there, or -1 where nobody knows.
    static long free(Path folder) {
        try {
            return Files.getFileStore(folder).getUsableSpace() >> 20;
        } catch (IOException e) {
            return -1;
        }
    }

    static Path folder(Map<String, String> environment, String home) {
        String own = environment.getOrDefault("LOWLAND_CACHE", "");
        if (!own.isEmpty()) {
            return Path.of(own).toAbsolutePath();
        }
        // The XDG specification asks to ignore a relative path.
        String shared = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = !shared.isEmpty() && Path.of(shared).isAbsolute() ? Path.of(shared) : Path.of(home, ".cache");
        return base.resolve("lowland").toAbsolutePath();
    }
}
