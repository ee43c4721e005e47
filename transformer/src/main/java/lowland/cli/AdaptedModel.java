package lowland.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
import lowland.checkpoint.BottleneckAdapter;
import lowland.checkpoint.Checkpoint;
import lowland.checkpoint.MergedAdapters;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.SavedAdapter;
import lowland.checkpoint.TaskFile;
import lowland.data.Columns;
import lowland.data.Example;
import lowland.data.FewShot;
import lowland.program.Device;
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
record AdaptedModel(Pretrained pretrained, SavedAdapter adapter, Path folder, TaskFile task) implements AutoCloseable {
    /// Rows that are answered at a time; the answers do not depend on it.
    private static final int BATCH = 32;

    /// @param init the size of random weights; null for the model's own
    /// @param folder null for a checkpoint alone
    /// @throws Failure if model or adapter cannot be read, or do not fit
    static AdaptedModel open(String model, String init, Path folder) {
        if (folder == null) {
            return bare(model, init);
        }
        RunFolder.checkPart("--adapter", folder, "adapter");
        MergedAdapters.of(Path.of(model)).requireNew(Path.of(model), folder);
        if (!Files.exists(folder.resolve(TaskFile.NAME))) {
            return foreign(model, init, folder);
        }
        TaskFile task = TaskFile.read(folder);
        if (task.prompt() != null) {
            return prompted(model, init, folder, task);
        }
        if (init == null && !Pretrained.poolings(model).contains(task.pooling())) {
            throw Failure.of(folder.resolve(TaskFile.NAME) + ": the pooling " + task.pooling() + " is not that of " + model + ", "
                    + String.join(" or ", Pretrained.poolings(model)) + "; take an adapter of this model");
        }
        Pretrained pretrained = Pretrained.open(model, init, task.pooling());
        try {
            return adapted(pretrained, folder, task);
        } catch (RuntimeException e) {
            pretrained.close();
            throw e;
        }
    }

    /// The bare model under a task's prompt: its own masked-language head answers.
    static AdaptedModel zeroShot(String model, String init, FewShot task) {
        Pretrained opened = Pretrained.open(model, init, "mean");
        try {
            Pretrained pretrained = opened.prompted(task.prompt());
            int length = Math.min(task.columns().size() == 2 ? 256 : 128, pretrained.config().longest());
            return new AdaptedModel(pretrained, null, Path.of(model), new TaskFile(task.labels(), task.columns(), Columns.LABEL, "mask",
                    length, false, FewShot.PREFIX + task.name()));
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static AdaptedModel prompted(String model, String init, Path folder, TaskFile task) {
        Pretrained opened = Pretrained.open(model, init, "mean");
        try {
            return adapted(opened.prompted(FewShot.of(task.prompt()).prompt()), folder, task);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static AdaptedModel adapted(Pretrained pretrained, Path folder, TaskFile task) {
        if (!BottleneckAdapter.isIn(folder)) {
            PeftAdapter pairs = Adapters.read(folder, pretrained, task.outputs());
            pretrained.fingerprint().require(task, folder, pretrained.name());
            return new AdaptedModel(pretrained, pairs, folder, task);
        }
        BottleneckAdapter layers = Adapters.readLayers(folder, pretrained, task.outputs());
        pretrained.fingerprint().require(task, folder, pretrained.name());
        return new AdaptedModel(pretrained.with(Adapters.bottleneck(layers, folder)), layers, folder, task);
    }

    /// An adapter that was not written here: its head is that of transformers' classifier, its labels are the checkpoint's.
    private static AdaptedModel foreign(String model, String init, Path folder) {
        if (BottleneckAdapter.isIn(folder)) {
            throw Failure.of(folder + " has no " + TaskFile.NAME + ", which says what the answers mean; take the whole folder adapter of a run");
        }
        Pretrained pretrained = Pretrained.open(model, init, null);
        try {
            int outputs = Adapters.outputs(folder, pretrained);
            return new AdaptedModel(pretrained, Adapters.read(folder, pretrained, outputs), folder, task(pretrained, outputs));
        } catch (RuntimeException e) {
            pretrained.close();
            throw e;
        }
    }

    private static AdaptedModel bare(String model, String init) {
        if (model.equals(Pretrained.MINILM) || init != null) {
            throw Failure.usage("--adapter is missing: " + (init == null ? model : init + " with random weights")
                    + " has no classifier of its own, name the folder adapter of a run");
        }
        Pretrained pretrained = Pretrained.open(model);
        Path folder = Path.of(model);
        if (pretrained.outputs() == 0) {
            pretrained.close();
            throw Failure.of(model + " has no classifier of its own; name the folder adapter of a run with --adapter");
        }
        TaskFile task = Files.exists(folder.resolve(TaskFile.NAME)) ? TaskFile.read(folder) : task(pretrained, pretrained.outputs());
        return new AdaptedModel(pretrained, null, folder, task);
    }

    /// What a head of so many outputs means where nobody wrote it down: the checkpoint's labels, else transformers' own names.
    private static TaskFile task(Pretrained pretrained, int outputs) {
        boolean regression = outputs == 1;
        List<String> labels = pretrained.labels().size() == outputs ? pretrained.labels() : Checkpoint.unnamed(outputs);
        return new TaskFile(regression ? List.of() : labels, List.of(), Columns.LABEL, ModelOptions.pooling(pretrained), 0, regression);
    }

    /// The columns that hold the text, with a comma between; null where nothing says.
    String textColumns() {
        return task.textColumns().isEmpty() ? null : String.join(",", task.textColumns());
    }

    /// Answers on rows.
    ///
    /// @param source what the rows are called in messages
    Evaluation answer(String source, List<Example> examples, Device device) {
        int batch = Math.min(BATCH, examples.size());
        Settings settings = Settings.answering(pairs(), batch);
        Rows rows = task.prompt() == null ? Rows.of(source, examples, pretrained.tokenizer(), task.maxLength())
                : Rows.of(source, examples, FewShot.of(task.prompt()).prompt(), pretrained.tokenizer(), task.maxLength());
        Rows none = new Rows(List.of(), List.of(), 0);
        int tokens = rows.mostTokens(batch);
        try (Training model = new Training(pretrained, settings, none, task.outputs(), task.regression(), tokens, device)) {
            switch (adapter) {
                case null -> Adapters.loadHead(model, pretrained);
                case PeftAdapter pairs -> Adapters.load(model, pairs, folder);
                case BottleneckAdapter layers -> Adapters.load(model, layers);
            }
            return model.evaluate(rows);
        }
    }

    private Settings.Pairs pairs() {
        if (!(adapter instanceof PeftAdapter peft)) {
            return Settings.Pairs.NONE;
        }
        Settings.Size size = new Settings.Size(peft.config().rank(), peft.config().alpha());
        return new Settings.Pairs(Adapters.targets(peft), Adapters.scaling(peft), size, size, Adapters.form(peft));
    }

    @Override
    public void close() {
        pretrained.close();
    }
}
