package lowland.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lowland.Failure;

/// A Hugging Face folder of a BERT or RoBERTa encoder.
///
/// @param labels the classes that `config.json` names, in the order of the logits; empty where it names none
/// @param regression whether `config.json` says that its head answers with a number
public record Checkpoint(Path folder, BertConfig config, List<String> labels, boolean regression, MappedWeights weights)
        implements AutoCloseable {
    /// The configuration's name in a folder.
    public static final String CONFIG = "config.json";

    public Checkpoint {
        labels = List.copyOf(labels);
    }

    /// Reads the configuration, maps the weights, and checks that the one fits the other; no value is read yet.
    ///
    /// @throws Failure if a file is missing or damaged, or a tensor of the encoder is missing or of another shape
    public static Checkpoint open(Path folder) {
        Path file = folder.resolve(CONFIG);
        if (!Files.exists(file)) {
            throw Failure.of(folder + " has no " + CONFIG + "; name the folder of a Hugging Face checkpoint");
        }
        BertConfig config = BertConfig.read(file);
        ConfigLabels labels = ConfigLabels.read(file);
        MappedWeights weights = MappedWeights.open(folder, config.family() + ".");
        try {
            check(file, config, weights);
            return new Checkpoint(folder, config, labels.names(), labels.regression(), weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static void check(Path file, BertConfig config, MappedWeights weights) {
        Map<String, int[]> expected = config.tensorShapes();
        expected.forEach((name, shape) -> {
            int[] found = weights.shape(name);
            if (found == null) {
                throw Failure.of(weights.source(name) + " has no tensor " + name + " (nor " + config.family() + "." + name + "), which "
                        + file + " asks for; take a complete checkpoint of one " + config.family() + " model");
            }
            if (!Arrays.equals(found, shape)) {
                throw Failure.of(weights.source(name) + ": " + name + " has shape " + Arrays.toString(found) + ", " + file + " asks for "
                        + Arrays.toString(shape) + "; the two are of different models");
            }
        });
        for (String name : weights.names()) {
            boolean encoder = name.startsWith("encoder.") || name.startsWith("embeddings.") && weights.shape(name) != null;
            if (encoder && !expected.containsKey(name)) {
                throw Failure.of(weights.source(name) + " holds " + name + ", for which " + file + " (" + config.layers()
                        + " layers) has no place; the two are of different models");
            }
        }
    }

    /// The logits of the classifier in the file, 0 where there is none.
    ///
    /// @param dense whether a trained dense layer comes before its last, as RoBERTa's has
    public int outputs(boolean dense) {
        int[] shape = weights.shape(dense ? "classifier.out_proj.weight" : "classifier.weight");
        return shape == null || shape.length != 2 ? 0 : shape[0];
    }

    /// The names of a head's classes: the configuration's, else transformers' own, `LABEL_0`, `LABEL_1`, ….
    ///
    /// @param outputs the logits of the classifier in the file; 0 where there is none
    /// @throws Failure if the configuration names another number of classes
    public List<String> labels(int outputs) {
        if (outputs == 0 || labels.size() == outputs) {
            return labels;
        }
        if (!labels.isEmpty()) {
            throw Failure.of(folder.resolve(CONFIG) + " names " + labels.size() + " labels, the classifier has " + outputs
                    + " outputs; the two are of different models");
        }
        return unnamed(outputs);
    }

    /// The names that transformers gives to classes that nobody named.
    public static List<String> unnamed(int outputs) {
        List<String> names = new ArrayList<>();
        for (int k = 0; k < outputs; k++) {
            names.add("LABEL_" + k);
        }
        return names;
    }

    @Override
    public void close() {
        weights.close();
    }
}
