package lowland.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import lowland.Failure;

/// What tells an encoder from another one of the same sizes: its family, and a hash over some of its weights.
///
/// The weights are the position table, the layer norm of the embeddings, and the last layer's output matrix: together small beside the
/// model, and trained with every encoder. They are hashed as they are read, so that the same model at another precision is another one.
///
/// @param text as `task.json` holds it: `roberta 0f…`, the first 32 digits of a SHA-256
public record Fingerprint(String text) {
    private static final int DIGITS = 32;

    /// @throws Failure if a weight is missing, has another shape, or holds a value that is not finite
    public static Fingerprint of(BertConfig config, Weights weights) {
        Map<String, int[]> shapes = config.tensorShapes();
        MessageDigest hash = sha256();
        hash.update(config.family().getBytes(StandardCharsets.US_ASCII));
        for (String name : List.of("embeddings.position_embeddings.weight", "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias",
                "encoder.layer." + (config.layers() - 1) + ".output.dense.weight")) {
            float[] values = weights.get(name, shapes.get(name)).data();
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            hash.update(bytes);
        }
        return new Fingerprint(config.family() + " " + HexFormat.of().formatHex(hash.digest()).substring(0, DIGITS));
    }

    /// Refuses an adapter that was trained on another model. One that says nothing of its model is let pass: PEFT writes none of this.
    ///
    /// @param adapter its folder
    /// @param model what the user calls the model of this fingerprint
    /// @throws Failure if `task` names another
    public void require(TaskFile task, Path adapter, String model) {
        if (task.fingerprint() != null && !task.fingerprint().equals(text)) {
            throw Failure.of(adapter + " was trained on another model than " + model + ": " + adapter.resolve(TaskFile.NAME)
                    + " has the fingerprint " + task.fingerprint() + ", the model has " + text + "; take its own model, or, if this is the same"
                    + " one at another precision, remove \"fingerprint\" there");
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
