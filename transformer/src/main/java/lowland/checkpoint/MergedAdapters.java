package lowland.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import lowland.Failure;

/// `merged.json` in a folder that `merge` wrote: the adapters whose weights it holds, so that none is added twice.
///
/// @param hashes SHA-256 of each one's weights, in the order in which they were merged
public record MergedAdapters(List<String> hashes) {
    /// The file's name.
    public static final String NAME = "merged.json";

    private static final String KEY = "adapters";

    public MergedAdapters {
        hashes = List.copyOf(hashes);
    }

    /// Those of a checkpoint's folder; none where the file is not there.
    public static MergedAdapters of(Path checkpoint) {
        Path file = checkpoint.resolve(NAME);
        return new MergedAdapters(Files.exists(file) ? JsonFile.read(file).texts(KEY) : List.of());
    }

    /// The same and another one.
    ///
    /// @param adapter its folder
    /// @throws Failure if it is among them
    public MergedAdapters and(Path checkpoint, Path adapter) {
        String hash = hash(adapter.resolve(PeftAdapter.NAME));
        if (hashes.contains(hash)) {
            throw Failure.of(checkpoint + " holds the weights of " + adapter + " already (" + NAME + "): they would count twice; take the model"
                    + " that the adapter was trained on");
        }
        List<String> all = new ArrayList<>(hashes);
        all.add(hash);
        return new MergedAdapters(all);
    }

    /// @throws Failure if an adapter is among them
    public void requireNew(Path checkpoint, Path adapter) {
        if (!hashes.isEmpty()) {
            and(checkpoint, adapter);
        }
    }

    private static String hash(Path file) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw Failure.reading(file, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writes the file.
    public void write(Path checkpoint) {
        ObjectNode json = JsonFile.object();
        hashes.forEach(json.putArray(KEY)::add);
        JsonFile.write(checkpoint.resolve(NAME), json);
    }
}
