package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// `devices` with devices that are made up: the CPU by another name.
class DevicesCommandTest {
    private static final String NO_DOUBLES = "tornado:0 (a GPU) does not compute in double precision; choose another device";

    /// @param first what the first device does when it is asked for
    private static DeviceProvider two(Supplier<Device> first) {
        return new DeviceProvider() {
            @Override
            public String name() {
                return "tornado";
            }

            @Override
            public List<Description> devices() {
                return List.of(new Description(0, "a GPU", "a platform", "GPU", 8_000_000_000L, 2_000_000_000L),
                        new Description(1, "a small GPU", "a platform", "GPU", 1_000_000_000L, 250_000_000L));
            }

            @Override
            public Device device(int number, boolean watched) {
                return number == 0 ? first.get() : new CpuDevice(1);
            }
        };
    }

    private static Shell run(Supplier<DeviceProvider> others, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams = new Streams(InputStream.nullInputStream(), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), false);
        int exit = new CommandLine(new DevicesCommand(streams, others)).execute(args);
        return new Shell(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void everyDeviceIsListedAndTested() {
        Shell shell = run(() -> two(() -> new CpuDevice(2)));
        assertEquals(0, shell.exit(), shell.err());
        List<String> lines = shell.out().lines().toList();
        assertEquals(6, lines.size(), shell.out());
        assertTrue(lines.get(0).startsWith("cpu        Vector API, "), shell.out());
        assertEquals("tornado:0  a GPU (a platform), 8.0 GB", lines.get(2));
        assertEquals("tornado:1  a small GPU (a platform), 1.0 GB", lines.get(4));
        for (int line = 1; line < 6; line += 2) {
            assertTrue(lines.get(line).startsWith("           self-test passed"), lines.get(line));
        }
    }

    /// A device that cannot be used is listed all the same, says why, and does not hide the others.
    @Test
    void aDeviceThatCannotBeUsedSaysWhy() throws Exception {
        Shell shell = run(() -> two(() -> {
            throw DeviceFailure.failed(NO_DOUBLES, null);
        }), "--json");
        assertEquals(1, shell.exit());
        List<String> lines = shell.out().lines().toList();
        assertEquals(3, lines.size(), shell.out());
        JsonNode bad = new ObjectMapper().readTree(lines.get(1));
        JsonNode good = new ObjectMapper().readTree(lines.get(2));
        assertTrue(good.get("passed").asBoolean());
        assertEquals("tornado:0", bad.get("device").asText());
        assertEquals(8_000_000_000L, bad.get("memory").asLong());
        assertFalse(bad.get("passed").asBoolean());
        assertEquals("failed: " + NO_DOUBLES, bad.get("selfTest").asText());
    }

    @Test
    void whereThereIsNoneTheReasonStandsBesideTheCpu() {
        Shell shell = run(() -> {
            throw DeviceFailure.absent("its SDK is not there", null);
        });
        assertEquals(0, shell.exit());
        assertEquals(2, shell.out().lines().count(), shell.out());
        assertEquals("tornado: none: its SDK is not there", shell.err().strip());
    }
}
