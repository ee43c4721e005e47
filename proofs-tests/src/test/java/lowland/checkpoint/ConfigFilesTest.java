package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `config.json` of an encoder and `task.json` of an adapter.
class ConfigFilesTest {
    private static final String BERT = """
            "model_type":"bert","num_hidden_layers":6,"hidden_size":384,"num_attention_heads":12,"intermediate_size":1536,
            "vocab_size":30522,"max_position_embeddings":512,"type_vocab_size":2,"hidden_act":"gelu","layer_norm_eps":1e-12,
            "hidden_dropout_prob":0.1,"attention_probs_dropout_prob":0.1,"pad_token_id":0,"position_embedding_type":"absolute",
            "gradient_checkpointing":false,"unknown_key":{}""";

    @TempDir
    Path folder;

    @Test
    void theEmbeddedModelsSizesAreThoseOfItsPublishedConfiguration() throws IOException {
        assertEquals(MiniLm.CONFIG, bert("{" + BERT + "}"));
        assertEquals(32, MiniLm.CONFIG.headWidth());
        assertEquals(512, MiniLm.CONFIG.longest());
        assertArrayEquals(new int[] {1536, 384}, MiniLm.CONFIG.linearShapes().get("encoder.layer.5.intermediate.dense"));
    }

    @Test
    void robertasPositionsStartAfterThePadding() throws IOException {
        BertConfig config = bert("""
                {"model_type":"roberta","num_hidden_layers":12,"hidden_size":768,"num_attention_heads":12,"intermediate_size":3072,
                "vocab_size":50265,"max_position_embeddings":514,"type_vocab_size":1,"layer_norm_eps":1e-05,"pad_token_id":1}""");
        assertEquals(512, config.longest());
        assertEquals(2, config.firstPosition());
        assertEquals(1e-5, config.layerNormEpsilon());
    }

    @Test
    void aConfigurationThatWouldBeComputedWronglyIsRefused() {
        for (String[] change : new String[][] {
                {"\"bert\"", "\"gpt2\""}, {"\"gelu\"", "\"relu\""}, {"\"absolute\"", "\"relative_key\""}, {":384", ":385"},
                {":384", ":-384"}, {":384", ":384.5"}, {":384", ":99999999999"}, {"\"hidden_size\":384,", ""}, {"1e-12", "0"}, {"1e-12", "\"x\""},
                {"\"hidden_dropout_prob\":0.1", "\"hidden_dropout_prob\":1.5"}, {"\"model_type\":\"bert\",", ""},
                {"\"unknown_key\"", "\"is_decoder\":true,\"unknown_key\""}}) {
            assertTrue(BERT.contains(change[0]));
            Failure failure = assertThrows(Failure.class, () -> bert("{" + BERT.replace(change[0], change[1]) + "}"), change[1]);
            assertTrue(failure.getMessage().contains("config.json"), failure.getMessage());
        }
    }

    @Test
    void aTaskReadsBack() {
        for (TaskFile task : List.of(
                new TaskFile(List.of("no", "yes \"é\""), List.of("sentence1", "sentence2"), "label", "mean", 128, false),
                new TaskFile(List.of(), List.of("text"), "score", "first", 0, true))) {
            task.write(folder);
            assertEquals(task, TaskFile.read(folder));
        }
    }

    /// Cut anywhere before its last bracket, the file is named, in our words.
    @Test
    void aTaskThatIsCutIsRefusedInOneLine() throws IOException {
        new TaskFile(List.of("no", "yes"), List.of("sentence"), "label", "mean", 0, false).write(folder);
        Path file = folder.resolve(TaskFile.NAME);
        String whole = Files.readString(file).strip();
        for (int length = 0; length < whole.length(); length++) {
            Files.writeString(file, whole.substring(0, length));
            String message = assertThrows(Failure.class, () -> TaskFile.read(folder)).getMessage();
            assertTrue(message.startsWith(file + " ") && message.lines().count() == 1 && !message.contains("REDACTED"), message);
        }
    }

    @Test
    void aContradictoryTaskIsRefused() throws IOException {
        String good = """
                {"labels":["a","b"],"textColumns":["text"],"labelColumn":"label","pooling":"mean","maxLength":0,"regression":false}""";
        Path file = folder.resolve(TaskFile.NAME);
        Files.writeString(file, good);
        assertEquals(2, TaskFile.read(folder).outputs());
        for (String[] change : new String[][] {
                {"[\"a\",\"b\"]", "[\"a\"]"}, {"[\"a\",\"b\"]", "[\"a\",\"a\"]"}, {"[\"a\",\"b\"]", "[]"}, {"[\"a\",\"b\"]", "[1,2]"},
                {"[\"text\"]", "[]"}, {"[\"text\"]", "[\"a\",\"b\",\"c\"]"}, {"mean", "max"}, {":0", ":-1"}, {":false", ":true"},
                {"\"maxLength\":0,", ""}, {"}", ""}}) {
            assertTrue(good.contains(change[0]));
            Files.writeString(file, good.replace(change[0], change[1]));
            Failure failure = assertThrows(Failure.class, () -> TaskFile.read(folder), change[1]);
            assertTrue(failure.getMessage().contains("task.json"), failure.getMessage());
        }
        TaskFile empty = new TaskFile(List.of(), List.of("text"), "label", "mean", 0, false);
        assertThrows(IllegalArgumentException.class, () -> empty.write(folder));
    }

    private BertConfig bert(String json) throws IOException {
        return BertConfig.read(Files.writeString(folder.resolve("config.json"), json));
    }
}
