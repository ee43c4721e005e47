package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.data.FewShot;
import lowland.program.Device;
import lowland.train.Evaluation;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `evaluate`: metrics of an adapter on labelled rows.
@Command(name = "evaluate", sortOptions = false,
    customSynopsis = "lowland evaluate --model M --adapter DIR --task T [OPTIONS]", description = {
    "Measures an adapter on labelled rows: loss and metrics in one line.", ""}, footer = {"", "Example:",
    "  lowland evaluate --model minilm --adapter runs/reviews/adapter --task more-reviews.tsv"})
final class EvaluateCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "The model that the adapter was trained on: minilm, or a Hugging Face folder.", "No default."})
    private String model;

    @Option(names = "--init", paramLabel = "roberta-base|roberta-large", description = {ModelOptions.INIT, "Default: not used."})
    private String init;

    @Option(names = "--adapter", paramLabel = "DIR", description = {
        "The folder adapter of a run: PEFT's two files and task.json.",
        "Default: none; the checkpoint with its own head, or a few-shot task asked of the bare model (zero-shot)."})
    private Path adapter;

    @Option(names = "--task", required = true, paramLabel = "T", description = {Tables.TASK, "No default."})
    private String task;

    @ArgGroup(validate = false, heading = "%nTables (columns are the adapter's unless named here):%n")
    private MeasuredOptions tables = new MeasuredOptions();

    @Option(names = "--split", paramLabel = "dev|test", description = {
        "Of a built-in task, which of its splits. Of a file: dev measures what --dev names, test what --test names; where these name"
            + " nothing, all rows of --task.",
        "Default: test for WordNet's and few-shot tasks, dev for GLUE's, the file itself for files (our choice: what was named)."})
    private String split;

    @Option(names = "--rows", paramLabel = "N", description = {
        "At most so many rows, chosen by a hash of their texts, as by train.", "Default: all."})
    private Integer most;

    @Option(names = "--json", description = {"One JSON object in place of text: split, rows, loss, metrics.", "Default: off."})
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
        if (most != null) {
            Require.wholeFrom(1, "--rows", most);
        }
        Tables named = tables.tables();
        named.check(task, split);
        FewShot prompted = Tables.fewShot(task);
        Device executor = device.device();
        try (AdaptedModel adapted = adapter == null && prompted != null ? AdaptedModel.zeroShot(model, init, prompted)
                : AdaptedModel.open(model, init, adapter)) {
            Tables.Split all = named.split(task, split, adapted.task(), streams.err()::println);
            Tables.Split rows = most == null ? all : all.atMost(most);
            Evaluation evaluation = adapted.answer(rows.source(), rows.rows(), executor);
            if (json) {
                ObjectNode line = JsonLine.object().put("split", rows.name()).put("rows", rows.rows().size());
                if (init != null) {
                    line.put("init", init);
                }
                streams.out().println(JsonLine.text(JsonLine.measured(line, evaluation)));
            } else {
                streams.out().println((init == null ? "" : init + " with random weights, ") + rows.source() + ", " + rows.name() + ", "
                        + rows.rows().size() + " rows  " + Run.measures(evaluation));
            }
            return 0;
        }
    }
}
