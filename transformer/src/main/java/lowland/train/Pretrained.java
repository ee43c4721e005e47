package lowland.train;

import java.nio.file.Files;
import java.nio.file.Path;
import lowland.Failure;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.MiniLm;
import lowland.checkpoint.Tensors;
import lowland.model.Bert;
import lowland.text.Tokenizer;

/// A pretrained encoder: its sizes, its weights and its tokenizer.
///
/// @param name what the user calls it
/// @param pooling what a head on it sees
public record Pretrained(String name, BertConfig config, Bert.Pooling pooling, Tensors tensors, Tokenizer tokenizer) implements AutoCloseable {
    /// The embedded model's name.
    public static final String MINILM = "minilm";

    /// `minilm`; Hugging Face folders come with RoBERTa.
    ///
    /// @throws Failure if there is no such model
    public static Pretrained open(String model) {
        if (model.equals(MINILM)) {
            return new Pretrained(MINILM, MiniLm.CONFIG, Bert.Pooling.MEAN, MiniLm.tensors(), Tokenizer.miniLm());
        }
        if (Files.isDirectory(Path.of(model))) {
            throw Failure.usage("--model " + model + " is a folder, and reading checkpoints from folders is not there yet: use --model minilm");
        }
        throw Failure.usage("--model " + model + " is neither minilm nor a folder: use --model minilm");
    }

    /// The model's name where it is published, for whoever loads an adapter of it elsewhere.
    public String published() {
        return name.equals(MINILM) ? "sentence-transformers/all-MiniLM-L6-v2" : name;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
