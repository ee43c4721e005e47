package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import lowland.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BottleneckAdapterTest {
    private static final Map<String, int[]> SHAPES = Map.of("output.adapter.down.weight", new int[] {2, 3}, "classifier.bias", new int[] {2});

    @TempDir
    Path folder;

    private static BottleneckAdapter adapter() {
        return new BottleneckAdapter("lin", 2, "tiny", new LinkedHashMap<>(Map.of(
                "output.adapter.down.weight", Tensor.matrix(2, 3, 1, 2, 3, 4, 5, 6), "classifier.bias", Tensor.vector(7, 8))));
    }

    private void refused(String reason, Map<String, int[]> shapes) {
        BottleneckAdapter read = BottleneckAdapter.read(folder);
        String message = assertThrows(Failure.class, () -> read.requireFit(folder, shapes)).getMessage();
        assertTrue(message.contains(reason) && message.contains(BottleneckAdapter.NAME), message);
    }

    @Test
    void isReadAsItWasWritten() {
        assertFalse(BottleneckAdapter.isIn(folder));
        adapter().write(folder);
        assertTrue(BottleneckAdapter.isIn(folder));
        BottleneckAdapter read = BottleneckAdapter.read(folder);
        assertEquals(adapter(), read);
        read.requireFit(folder, SHAPES);
    }

    @Test
    void anotherModelsIsRefused() {
        adapter().write(folder);
        Map<String, int[]> more = new LinkedHashMap<>(SHAPES);
        more.put("output.adapter.down.bias", new int[] {2});
        refused("has no output.adapter.down.bias", more);
        refused("holds 1 tensors that the model does not know, the first is output.adapter.down.weight",
                Map.of("classifier.bias", new int[] {2}));
        refused("classifier.bias has shape [2], expected [3]",
                Map.of("output.adapter.down.weight", new int[] {2, 3}, "classifier.bias", new int[] {3}));
    }

    @Test
    void aDamagedConfigurationIsRefused() throws Exception {
        adapter().write(folder);
        for (String text : new String[] {"{\"kind\": \"lin\"}", "{\"size\": 4}", "{\"kind\": \"lin\", \"size\": 0}", "{\"kind\": 3, \"size\": 4}",
            "{\"kind\": \"lin\", \"size\": 4"}) {
            Files.writeString(folder.resolve(BottleneckAdapter.CONFIG), text);
            String message = assertThrows(Failure.class, () -> BottleneckAdapter.read(folder)).getMessage();
            assertTrue(message.contains(BottleneckAdapter.CONFIG), message);
        }
    }

    @Test
    void whatIsNotFiniteIsNotWritten() {
        BottleneckAdapter diverged = new BottleneckAdapter("lin", 2, null, Map.of("x", Tensor.vector(1, Float.NaN)));
        assertThrows(Failure.class, () -> diverged.write(folder));
        assertFalse(Files.exists(folder.resolve(BottleneckAdapter.NAME)));
        assertFalse(BottleneckAdapter.isIn(folder));
    }
}
