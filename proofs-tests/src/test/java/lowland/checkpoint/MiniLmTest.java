package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import lowland.Failure;
import org.junit.jupiter.api.Test;

class MiniLmTest {
    private static final byte[] FILE = file();

    @Test
    void everyTensorOfTheEncoderIsThereInItsShape() {
        Tensors tensors = MiniLm.tensors();
        Map<String, int[]> shapes = MiniLm.CONFIG.tensorShapes();
        assertEquals(5 + 6 * 16, shapes.size());
        assertEquals(36, MiniLm.CONFIG.linearShapes().size());
        assertEquals(shapes.keySet(), tensors.names());
        long parameters = 0;
        for (Map.Entry<String, int[]> shape : shapes.entrySet()) {
            assertArrayEquals(shape.getValue(), tensors.byName().get(shape.getKey()).shape(), shape.getKey());
            parameters += tensors.get(shape.getKey(), shape.getValue()).data().length;
        }
        assertEquals(22_565_376, parameters, "22.7 million with the pooler's 147,840");
    }

    /// Values as the Python package onnx reads them, linear weights after transposing.
    @Test
    void someValuesAreTheOnesThatAnotherReaderFinds() {
        Tensors tensors = MiniLm.tensors();
        assertEquals(0.07590459f, tensors.get("encoder.layer.0.attention.self.query.weight", 384, 384).data()[1 * 384 + 2]);
        assertEquals(0.0012321293f, tensors.get("encoder.layer.5.output.dense.weight", 384, 1536).data()[383 * 1536 + 1535]);
        assertEquals(-0.010672833f, tensors.get("encoder.layer.2.intermediate.dense.weight", 1536, 384).data()[1535 * 384]);
        assertEquals(0.105159156f, tensors.get("embeddings.word_embeddings.weight", 30522, 384).data()[7592 * 384 + 5]);
        assertEquals(-0.104363464f, tensors.get("embeddings.LayerNorm.bias", 384).data()[383]);
        assertEquals(0.64597034f, tensors.get("encoder.layer.5.output.LayerNorm.weight", 384).data()[0]);
        double sum = 0;
        for (float value : tensors.get("encoder.layer.2.intermediate.dense.weight", 1536, 384).data()) {
            sum += value;
        }
        assertEquals(434.5336079511901, sum, 1e-9);
    }

    @Test
    void aRenamedProductOrTensorIsNamedInTheFailure() {
        assertMissing("/encoder/layer.3/attention/self/key/MatMul", "encoder.layer.3.attention.self.key.weight");
        assertMissing("encoder.layer.4.output.LayerNorm.bias", "encoder.layer.4.output.LayerNorm.bias");
    }

    @Test
    void aTruncatedFileIsRefused() {
        for (int length : new int[] {0, 1, 100, FILE.length / 2, FILE.length - 20}) {
            byte[] cut = Arrays.copyOf(FILE, length);
            Failure failure = assertThrows(Failure.class, () -> MiniLm.tensors(OnnxFile.parse("cut.onnx", cut)), "cut to " + length);
            assertTrue(failure.getMessage().contains("cut.onnx"), failure.getMessage());
        }
    }

    /// Renames every occurrence of `name` in a copy of the file.
    private static void assertMissing(String name, String weight) {
        byte[] copy = FILE.clone();
        byte[] wanted = name.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i + wanted.length <= copy.length; i++) {
            if (copy[i] == wanted[0] && Arrays.equals(copy, i, i + wanted.length, wanted, 0, wanted.length)) {
                copy[i + 1] = 'X';
            }
        }
        Failure failure = assertThrows(Failure.class, () -> MiniLm.tensors(OnnxFile.parse("model.onnx", copy)));
        assertTrue(failure.getMessage().contains(weight) && failure.getMessage().contains("model.onnx"), failure.getMessage());
    }

    private static byte[] file() {
        try (InputStream in = MiniLm.class.getClassLoader().getResourceAsStream(MiniLm.MODEL)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
