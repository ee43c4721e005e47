package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.program.Device;
import lowland.train.Evaluation;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `evaluate`: metrics of an adapter on labelled rows.
@Command(name = "evaluate", sortOptions = false,
    customSynopsis = "lowland evaluate --model M --adapter DIR --task T [OPTIONS]", description = {"Measures an adapter on labelled rows.", ""}, footer = {"", "Example:",
    "  lowland evaluate --model minilm --adapter runs/reviews/adapter --task more-reviews.tsv"})
final class EvaluateCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "The model that the adapter was trained on: minilm, or a Hugging Face folder.", "No default."})
    private String model;

    @Option(names = "--init", paramLabel = "roberta-base|roberta-large", description = {ModelOptions.INIT, "Default: not used."})
    private String init;

    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = {
        "The folder with PEFT's two files and task.json.", "No default."})
    private Path adapter;

    @Option(names = "--task", required = true, paramLabel = "T", description = {TaskOptions.TASK, "No default."})
    private String task;

    @ArgGroup(validate = false, heading = "%nTables (columns are the adapter's unless named here):%n")
    private TaskOptions tables = new TaskOptions();

    @Option(names = "--split", paramLabel = "dev|test", description = {
        "The split of a built-in task; of a file, the rows of --dev or --test where given, else the file's own.",
        "Default: test for built-in tasks, the file itself for files (our choice: what was named)."})
    private String split;

    @Option(names = "--json", description = {"One JSON object in place of text.", "Default: off."})
    private boolean json;

    @ArgGroup(validate = false, heading = "%nRun:%n")
    private DeviceOptions device = new DeviceOptions();

    @Mixin
    private Common common;

    EvaluateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (split != null && !split.equals("dev") && !split.equals("test")) {
            throw Failure.usage("--split " + split + " is neither dev nor test");
        }
        tables.check(task, split);
        Device executor = device.device();
        try (AdaptedModel adapted = AdaptedModel.open(model, init, adapter)) {
            TaskOptions.Split rows = tables.split(task, split, adapted.task());
            Evaluation evaluation = adapted.answer(rows.source(), rows.rows(), executor);
            if (json) {
                ObjectNode line = JsonLine.object().put("split", rows.name()).put("rows", rows.rows().size());
                if (init != null) {
                    line.put("init", init);
                }
                streams.out().println(JsonLine.text(JsonLine.measured(line, evaluation)));
            } else {
                streams.out().println((init == null ? "" : init + " with random weights, ") + rows.source() + ", " + rows.name() + ", " + rows.rows().size() + " rows  " + Run.measures(evaluation));
            }
            return 0;
        }
    }
}
