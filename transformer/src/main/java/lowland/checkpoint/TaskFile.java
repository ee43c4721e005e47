package lowland.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import lowland.Failure;

/// `task.json` beside an adapter: what its head means and how its texts were prepared. Bi-LoRA's second pair has one too, for the fingerprint.
///
/// | component | meaning |
/// |---|---|
/// | `labels` | names of the classes in the order of the logits; empty for regression |
/// | `textColumns` | one or two columns that hold the text |
/// | `labelColumn` | the column that holds the label |
/// | `pooling` | what the head sees: `mean` of all token states, `pooler` for BERT's pooler on the first, `first` for the first as it is |
/// | `maxLength` | tokens a text is cut to; 0 where nothing is cut |
/// | `regression` | whether the one output is a number |
/// | `prompt` | the few-shot task in whose prompt the texts stand, whose gap the head reads (`mask`); null without one |
/// | `fingerprint` | of the model on which the adapter was trained, see [Fingerprint]; null where nothing says |
public record TaskFile(List<String> labels, List<String> textColumns, String labelColumn, String pooling, int maxLength,
        boolean regression, String prompt, String fingerprint) {
    /// The file's name in an adapter's folder.
    public static final String NAME = "task.json";

    private static final List<String> POOLINGS = List.of("mean", "pooler", "first", "mask");

    /// Of no model in particular.
    public TaskFile(List<String> labels, List<String> textColumns, String labelColumn, String pooling, int maxLength,
            boolean regression, String prompt) {
        this(labels, textColumns, labelColumn, pooling, maxLength, regression, prompt, null);
    }

    /// Without a prompt.
    public TaskFile(List<String> labels, List<String> textColumns, String labelColumn, String pooling, int maxLength,
            boolean regression) {
        this(labels, textColumns, labelColumn, pooling, maxLength, regression, null);
    }

    public TaskFile {
        labels = List.copyOf(labels);
        textColumns = List.copyOf(textColumns);
    }

    /// The same of an adapter on a model.
    ///
    /// @param model null for none in particular
    public TaskFile on(Fingerprint model) {
        return new TaskFile(labels, textColumns, labelColumn, pooling, maxLength, regression, prompt, model == null ? null : model.text());
    }

    /// The number of logits.
    public int outputs() {
        return regression ? 1 : labels.size();
    }

    /// Reads the file in an adapter's folder.
    ///
    /// @throws Failure if it is missing, incomplete or contradicts itself
    public static TaskFile read(Path folder) {
        Path file = folder.resolve(NAME);
        JsonFile json = JsonFile.read(file);
        for (String key : List.of("labels", "textColumns", "labelColumn", "pooling", "maxLength", "regression")) {
            if (!json.has(key)) {
                throw json.missing(key);
            }
        }
        TaskFile task = new TaskFile(
                json.texts("labels"),
                json.texts("textColumns"),
                json.text("labelColumn", ""),
                json.text("pooling", ""),
                json.whole("maxLength", 0, Integer.MAX_VALUE),
                json.truth("regression", false),
                json.text("prompt", null),
                json.text("fingerprint", null));
        String wrong = task.contradiction();
        if (wrong != null) {
            throw Failure.of(file + ": " + wrong + "; write the adapter again");
        }
        return task;
    }

    /// Writes the file into an adapter's folder.
    ///
    /// @throws Failure if it cannot be written; an old file stays as it was
    /// @throws IllegalArgumentException if the task contradicts itself
    public void write(Path folder) {
        String wrong = contradiction();
        if (wrong != null) {
            throw new IllegalArgumentException(wrong);
        }
        ObjectNode json = JsonFile.object();
        labels.forEach(json.putArray("labels")::add);
        textColumns.forEach(json.putArray("textColumns")::add);
        json.put("labelColumn", labelColumn);
        json.put("pooling", pooling);
        json.put("maxLength", maxLength);
        json.put("regression", regression);
        if (prompt != null) {
            json.put("prompt", prompt);
        }
        if (fingerprint != null) {
            json.put("fingerprint", fingerprint);
        }
        JsonFile.write(folder.resolve(NAME), json);
    }

    private String contradiction() {
        if (regression != labels.isEmpty()) {
            return "regression is " + regression + " with " + labels.size() + " labels";
        }
        if (labels.size() == 1 || new HashSet<>(labels).size() != labels.size()) {
            return "labels " + labels + " are not two or more different names";
        }
        if (textColumns.isEmpty() || textColumns.size() > 2) {
            return "textColumns " + textColumns + " are not one or two";
        }
        if (pooling.equals("mask") != (prompt != null)) {
            return "pooling \"" + pooling + "\" " + (prompt == null ? "without a prompt" : "under the prompt " + prompt);
        }
        return POOLINGS.contains(pooling) ? null : "pooling \"" + pooling + "\" is none of " + String.join(", ", POOLINGS);
    }
}
