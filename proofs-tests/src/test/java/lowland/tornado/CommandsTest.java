package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lowland.cli.Main;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that take a device end well on this one, and answer as on the CPU. They run in this virtual machine, which was started as the
/// launcher starts one: the other tests pay for TornadoVM's first seconds.
class CommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static Path checkpoint() throws Exception {
        return Path.of(CommandsTest.class.getResource("/golden/bert").toURI());
    }

    /// What a command that succeeds writes.
    private static String run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = Main.run(args, new ByteArrayInputStream(new byte[0]), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), false);
        assertEquals(0, exit, err.toString(StandardCharsets.UTF_8) + out.toString(StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    private static List<JsonNode> lines(String out) throws Exception {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : out.lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    /// Numbers are as near as the same model's are on the CPU to those of PyTorch; classes are the same.
    private static void assertAlike(JsonNode expected, JsonNode actual, String what) {
        if (expected.isNumber()) {
            assertEquals(expected.asDouble(), actual.asDouble(), 1e-5, what);
        } else {
            assertEquals(expected.asText(), actual.asText(), what);
        }
        assertEquals(expected.size(), actual.size(), what);
        expected.properties().forEach(field -> assertAlike(field.getValue(), actual.get(field.getKey()), what + "/" + field.getKey()));
        for (int i = 0; i < expected.size() && expected.isArray(); i++) {
            assertAlike(expected.get(i), actual.get(i), what + "/" + i);
        }
    }

    @Test
    void whatIsTrainedOnTheDeviceAnswersThereAsOnTheCpu() throws Exception {
        Tornado.device(false);
        String model = checkpoint().toString();
        String rows = checkpoint().resolve("rows.jsonl").toString();
        String run = folder.resolve("run").toString();
        run("train", "--device", "tornado", "--model", model, "--pooling", "mean", "--task", rows, "--method", "lora", "--out", run, "--steps", "2",
                "--batch-size", "4", "--rank", "2", "--test", rows);
        for (String[] command : List.of(new String[] {"predict", "--input"}, new String[] {"evaluate", "--task"})) {
            List<List<JsonNode>> answers = new ArrayList<>();
            for (String device : List.of("cpu", "tornado:0")) {
                answers.add(lines(run(command[0], "--device", device, "--model", model, "--adapter", run + "/adapter", command[1], rows, "--json")));
            }
            assertTrue(!answers.getFirst().isEmpty(), command[0]);
            assertEquals(answers.getFirst().size(), answers.getLast().size(), command[0]);
            for (int row = 0; row < answers.getFirst().size(); row++) {
                assertAlike(answers.getFirst().get(row), answers.getLast().get(row), command[0] + " " + row);
            }
        }
    }

    @Test
    void itIsListedAndPassesItsSelfTest() throws Exception {
        Tornado.device(false);
        JsonNode line = lines(run("devices", "--json")).stream().filter(device -> device.get("device").asText().equals("tornado:0")).findFirst()
                .orElseThrow();
        assertTrue(line.get("passed").asBoolean(), line.toString());
        assertTrue(line.get("memory").asLong() > 0, line.toString());
    }

    @Test
    void itsClaimIsAudited() {
        Tornado.device(false);
        String out = run("audit", "--device", "tornado", "--claims", "device-lora");
        assertTrue(out.contains("device-lora") && out.contains("1 claims: 1 hold, ") && out.contains("; 0 deviate."), out);
    }
}
