package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import lowland.checkpoint.TaskFile;
import lowland.data.Columns;
import lowland.data.TableFile;
import lowland.program.Device;
import lowland.train.Evaluation;
import picocli.CommandLine.Command;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `predict`: an adapter's answers on rows without labels.
@Command(name = "predict", sortOptions = false,
    customSynopsis = "lowland predict --model M --adapter DIR --input FILE [OPTIONS]", description = {
    "Answers on the rows of a file: a line a row, the label, or the number of a regression.", ""}, footer = {"", "Example:",
    "  lowland predict --model minilm --adapter runs/reviews/adapter --input new.tsv --json"})
final class PredictCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(names = "--model", required = true, paramLabel = "M", description = {
        "The model that the adapter was trained on: minilm, or a Hugging Face folder.", "No default."})
    private String model;

    @Option(names = "--init", paramLabel = "roberta-base|roberta-large", description = {ModelOptions.INIT, "Default: not used."})
    private String init;

    @Option(names = "--adapter", paramLabel = "DIR", description = {
        "The folder adapter of a run: PEFT's two files and task.json.",
        "Default: none, the checkpoint answers with its own classifier; minilm has none."})
    private Path adapter;

    @Option(names = "--input", required = true, paramLabel = "FILE|-", description = {
        "TSV, CSV, JSONL or Parquet with a header and the adapter's text columns; - is standard input.", "No default."})
    private String input;

    @Option(names = "--text", paramLabel = "COLUMN[,COLUMN]", description = {
        "The columns of the text.",
        "Default: those that the adapter was trained with; without one sentence, or sentence1,sentence2, or text, whichever is there."})
    private String text;

    @Option(names = "--json", description = {
        "A JSON object a row: row (from 0), label, logits, probabilities; of a regression row, value, logits; with --init its size.",
        "Default: off."})
    private boolean json;

    @ArgGroup(validate = false, heading = "%nRun:%n")
    private DeviceOptions device = new DeviceOptions();

    @Mixin
    private Common common;

    PredictCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Device executor = device.device();
        try (AdaptedModel adapted = AdaptedModel.open(model, init, adapter)) {
            TableFile table = input.equals("-") ? TableFile.read("standard input", streams.in()) : TableFile.read(Path.of(input));
            TaskFile task = adapted.task();
            Columns columns = Columns.of(table, text == null ? adapted.textColumns() : text, task.labelColumn());
            Evaluation evaluation = adapted.answer(table.name(), table.examples(columns), executor);
            if (init != null) {
                streams.err().println("note: the weights are random, of the size of " + init + "; the answers mean nothing");
            }
            int[] predicted = evaluation.predicted();
            for (int row = 0; row < predicted.length; row++) {
                streams.out().println(json ? JsonLine.text(answer(task, init, row, predicted[row], evaluation.logits()[row]))
                        : task.regression() ? Float.toString(evaluation.logits()[row][0])
                        : task.labels().get(predicted[row]).replaceAll("\\p{Cntrl}", " "));
            }
            return 0;
        }
    }

    private static ObjectNode answer(TaskFile task, String init, int row, int predicted, float[] logits) {
        ObjectNode line = JsonLine.object().put("row", row);
        if (init != null) {
            line.put("init", init);
        }
        if (task.regression()) {
            line.put("value", logits[0]);
        } else {
            line.put("label", task.labels().get(predicted));
        }
        for (float logit : logits) {
            line.withArray("/logits").add(logit);
        }
        if (!task.regression()) {
            JsonLine.numbers(line.putArray("probabilities"), Evaluation.probabilities(logits));
        }
        return line;
    }
}
