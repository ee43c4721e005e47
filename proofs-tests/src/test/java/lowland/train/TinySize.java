package lowland.train;

import java.nio.file.Path;
import lowland.checkpoint.BertConfig;

/// A size for `--init` that a test can afford, known while it is open.
public final class TinySize implements AutoCloseable {
    public static final String NAME = "tiny";

    /// @param model a folder of this size, whose tokenizer is taken
    public TinySize(Path model) {
        Pretrained.SIZES.put(NAME, BertConfig.read(model.resolve("config.json")));
    }

    @Override
    public void close() {
        Pretrained.SIZES.remove(NAME);
    }
}
