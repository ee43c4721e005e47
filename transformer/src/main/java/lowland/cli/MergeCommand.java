package lowland.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.checkpoint.MergedAdapters;
import lowland.checkpoint.PeftAdapter;
import lowland.train.MergedCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `merge`: a checkpoint of its own out of a model and an adapter.
@Command(name = "merge", sortOptions = false,
    customSynopsis = "lowland merge --model M --adapter DIR --out DIR [OPTIONS]", description = {
    "Adds an adapter to its model's weights, W = W0 + s*B*A, and writes a Hugging Face folder in float32: config.json,"
        + " model.safetensors, the tokenizer's files, task.json and merged.json, by which the same adapter is not added twice. transformers"
        + " loads it; so does --model DIR here, with its head.", ""},
    footer = {"", "Example:", "  lowland merge --model roberta-base --adapter runs/reviews/adapter --out merged"})
final class MergeCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "The model that the adapter was trained on: minilm, or a Hugging Face folder.", "No default."})
    private String model;

    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = {
        "The folder with PEFT's two files, and task.json where it was trained here.", "No default."})
    private Path adapter;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = {
        "The folder to write; it must be new or empty.", "No default."})
    private Path out;

    @Mixin
    private Common common;

    MergeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        RunFolder.check(out);
        try (AdaptedModel adapted = AdaptedModel.open(model, null, adapter)) {
            if (!(adapted.adapter() instanceof PeftAdapter pairs)) {
                throw Failure.of("--adapter " + adapter + " holds layers between the model's own, which cannot be added to its weights; use"
                        + " evaluate and predict");
            }
            MergedAdapters merged = MergedAdapters.of(Path.of(model)).and(Path.of(model), adapter);
            MergedCheckpoint.write(out, adapted.pretrained(), pairs, adapted.task(), merged);
            streams.out().println(out);
            return 0;
        }
    }
}
