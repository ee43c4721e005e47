package lowland.cli;

import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.TaskFile;
import lowland.data.Example;
import lowland.program.Device;
import lowland.train.Adapters;
import lowland.train.Evaluation;
import lowland.train.Pretrained;
import lowland.train.Rows;
import lowland.train.Settings;
import lowland.train.Training;

/// A model with a trained adapter and its head: it answers on rows.
///
/// @param task what the head means
record AdaptedModel(Pretrained pretrained, PeftAdapter adapter, Path folder, TaskFile task) implements AutoCloseable {
    /// Rows that are answered at a time; the answers do not depend on it.
    private static final int BATCH = 32;

    /// @throws Failure if model or adapter cannot be read, or do not fit
    static AdaptedModel open(String model, Path folder) {
        RunFolder.checkPart("--adapter", folder, "adapter");
        TaskFile task = TaskFile.read(folder);
        Pretrained pretrained = Pretrained.open(model);
        try {
            if (!task.pooling().equals(ModelOptions.pooling(pretrained))) {
                throw Failure.of(folder.resolve(TaskFile.NAME) + ": the pooling " + task.pooling() + " is not that of " + model + ", "
                        + ModelOptions.pooling(pretrained) + "; take an adapter of this model");
            }
            return new AdaptedModel(pretrained, Adapters.read(folder, pretrained, task.outputs()), folder, task);
        } catch (RuntimeException e) {
            pretrained.close();
            throw e;
        }
    }

    /// Answers on rows.
    ///
    /// @param source what the rows are called in messages
    Evaluation answer(String source, List<Example> examples, Device device) {
        Settings.Size size = new Settings.Size(adapter.config().rank(), adapter.config().alpha());
        int batch = Math.min(BATCH, examples.size());
        Settings settings = Settings.answering(
                new Settings.Pairs(Adapters.targets(adapter), Adapters.scaling(adapter), size, size), batch);
        Rows rows = Rows.of(source, examples, pretrained.tokenizer(), task.maxLength());
        Rows none = new Rows(List.of(), List.of(), 0);
        int tokens = rows.mostTokens(batch);
        try (Training model = new Training(pretrained, settings, none, task.outputs(), task.regression(), tokens, device)) {
            Adapters.load(model, adapter, folder);
            return model.evaluate(rows);
        }
    }

    @Override
    public void close() {
        pretrained.close();
    }
}
