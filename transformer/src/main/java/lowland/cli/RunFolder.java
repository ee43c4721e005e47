package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import lowland.Failure;
import lowland.checkpoint.BottleneckAdapter;
import lowland.checkpoint.JsonFile;
import lowland.checkpoint.PeftConfig;
import lowland.train.Training;

/// What a run leaves: `config.json`, `metrics.jsonl` (each line flushed), `adapter/`, and for Bi-LoRA `auxiliary/`; `model/` in their
/// place where every weight was trained.
final class RunFolder implements AutoCloseable {
    private final Path folder;
    private final Path metrics;
    private final BufferedWriter lines;

    private RunFolder(Path folder, BufferedWriter lines) {
        this.folder = folder;
        this.metrics = folder.resolve("metrics.jsonl");
        this.lines = lines;
    }

    /// Refuses a folder that could not be used, before anything else is done; makes nothing.
    ///
    /// @throws Failure if something is there already, or if nothing could be written there
    static void check(Path folder) {
        Path above = folder.toAbsolutePath();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        if (above == null || !Files.isDirectory(above)) {
            throw Failure.of("--out " + folder + ": " + above + " is not a folder; choose another");
        }
        if (!Files.isWritable(above)) {
            throw Failure.of("--out " + folder + ": " + above + " cannot be written to; choose another folder, or change its permissions");
        }
        if (Files.exists(folder)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                if (entries.iterator().hasNext()) {
                    throw Failure.of("--out " + folder + " is not empty; choose a new folder, or empty this one");
                }
            } catch (IOException e) {
                throw Failure.reading(folder, e);
            }
        }
    }

    /// Refuses what is no folder of an adapter; a whole run's is easily named in its place.
    ///
    /// @param part `adapter` or `auxiliary`
    /// @throws Failure naming the part of the run
    static void checkPart(String option, Path folder, String part) {
        if (!Files.isDirectory(folder)) {
            throw Failure.of(option + " " + folder + " is not a folder; name the folder " + part + " of a run");
        }
        if (!Files.exists(folder.resolve(PeftConfig.NAME)) && !BottleneckAdapter.isIn(folder) && Files.isDirectory(folder.resolve(part))) {
            throw Failure.of(option + " " + folder + " is the folder of a whole run; give " + option + " " + folder.resolve(part));
        }
    }

    /// Makes the folder, its configuration and its empty metrics.
    static RunFolder open(Path folder, ObjectNode config) {
        check(folder);
        try {
            Files.createDirectories(folder);
            JsonFile.write(folder.resolve("config.json"), config);
            return new RunFolder(folder, Files.newBufferedWriter(folder.resolve("metrics.jsonl"), StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    void line(ObjectNode object) {
        try {
            lines.write(JsonLine.text(object));
            lines.write('\n');
            lines.flush();
        } catch (IOException e) {
            throw unwritable(metrics, e);
        }
    }

    Path folder() {
        return folder;
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    /// The whole model, where no adapter was trained.
    Path model() {
        return folder.resolve("model");
    }

    /// What a training leaves.
    Path result(Training training) {
        return training.trainsEveryWeight() ? model() : adapter();
    }

    Path auxiliary() {
        return folder.resolve("auxiliary");
    }

    @Override
    public void close() {
        try {
            lines.close();
        } catch (IOException e) {
            throw unwritable(metrics, e);
        }
    }

    private static Failure unwritable(Path path, IOException e) {
        return Failure.of("cannot write " + path + ": " + Failure.reason(e) + "; free space or choose another folder", e);
    }
}
