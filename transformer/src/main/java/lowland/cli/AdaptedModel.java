package lowland.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.TaskFile;
import lowland.data.Columns;
import lowland.data.Example;
import lowland.program.Device;
import lowland.rule.Scaling;
import lowland.train.Adapters;
import lowland.train.Evaluation;
import lowland.train.Pretrained;
import lowland.train.Rows;
import lowland.train.Settings;
import lowland.train.Training;

/// A model with a trained adapter and its head, or a checkpoint with a head of its own: it answers on rows.
///
/// @param adapter null for a checkpoint alone
/// @param folder where adapter and `task.json` are; the checkpoint's without an adapter
/// @param task what the head means
record AdaptedModel(Pretrained pretrained, PeftAdapter adapter, Path folder, TaskFile task) implements AutoCloseable {
    /// Rows that are answered at a time; the answers do not depend on it.
    private static final int BATCH = 32;

    /// @param folder null for a checkpoint alone
    /// @throws Failure if model or adapter cannot be read, or do not fit
    static AdaptedModel open(String model, Path folder) {
        if (folder == null) {
            return bare(model);
        }
        if (!Files.isDirectory(folder)) {
            throw Failure.of("--adapter " + folder + " is not a folder; name the folder adapter of a run");
        }
        TaskFile task = TaskFile.read(folder);
        if (!Pretrained.poolings(model).contains(task.pooling())) {
            throw Failure.of(folder.resolve(TaskFile.NAME) + ": the pooling " + task.pooling() + " is not that of " + model + ", "
                    + String.join(" or ", Pretrained.poolings(model)) + "; take an adapter of this model");
        }
        Pretrained pretrained = Pretrained.open(model, task.pooling());
        try {
            return new AdaptedModel(pretrained, Adapters.read(folder, pretrained, task.outputs()), folder, task);
        } catch (RuntimeException e) {
            pretrained.close();
            throw e;
        }
    }

    private static AdaptedModel bare(String model) {
        if (model.equals(Pretrained.MINILM)) {
            throw Failure.usage("--adapter is missing: " + model + " has no classifier of its own, name the folder adapter of a run");
        }
        Pretrained pretrained = Pretrained.open(model);
        Path folder = Path.of(model);
        if (pretrained.outputs() == 0) {
            pretrained.close();
            throw Failure.of(model + " has no classifier of its own; name the folder adapter of a run with --adapter");
        }
        boolean regression = pretrained.outputs() == 1;
        TaskFile task = Files.exists(folder.resolve(TaskFile.NAME)) ? TaskFile.read(folder)
                : new TaskFile(regression ? List.of() : pretrained.labels(), List.of(), Columns.LABEL, ModelOptions.pooling(pretrained), 0,
                        regression);
        return new AdaptedModel(pretrained, null, folder, task);
    }

    /// The columns that hold the text, with a comma between; null where nothing says.
    String textColumns() {
        return task.textColumns().isEmpty() ? null : String.join(",", task.textColumns());
    }

    /// Answers on rows.
    ///
    /// @param source what the rows are called in messages
    Evaluation answer(String source, List<Example> examples, Device device) {
        Settings settings = settings(Math.min(BATCH, examples.size()));
        Rows rows = Rows.of(source, examples, pretrained.tokenizer(), task.maxLength());
        Rows none = new Rows(List.of(), List.of(), 0);
        int tokens = rows.mostTokens(settings.batchSize());
        try (Training model = new Training(pretrained, settings, none, task.outputs(), task.regression(), tokens, device)) {
            if (adapter == null) {
                Adapters.loadHead(model, pretrained);
            } else {
                Adapters.load(model, adapter, folder);
            }
            return model.evaluate(rows);
        }
    }

    private Settings settings(int batch) {
        return adapter == null ? Settings.answering(1, 1, Scaling.STANDARD, List.of(), batch, task.maxLength())
                : Settings.answering(adapter.config().rank(), adapter.config().alpha(), Adapters.scaling(adapter),
                        Adapters.targets(adapter), batch, task.maxLength());
    }

    @Override
    public void close() {
        pretrained.close();
    }
}
