package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import lowland.cli.Main;
import lowland.program.DeviceFailure;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a device that is absent, too small, broken or wrongly asked says: one line and an exit code; nothing runs elsewhere instead.
class FailureTest {
    @TempDir
    Path folder;

    private static Program program(int channels) {
        Recording p = new Recording("p");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(channels)));
        p.output("sum", p.sum(p.tanh(x)));
        return p.finish();
    }

    /// One step of training in a virtual machine of its own.
    private Child train(String device, Map<String, String> environment, String... options) throws Exception {
        Tornado.device(false);
        return Child.run(folder, environment, List.of(options), Main.class, "train", "--device", device, "--model", "minilm", "--task",
                "verb-supersense", "--method", "lora", "--steps", "1", "--out", folder.resolve("run").toString());
    }

    private void refused(int exit, Child child, String... parts) {
        assertEquals(exit, child.exit(), child.toString());
        assertEquals(1, child.errors().size(), child.toString());
        assertFalse(child.err().contains("\tat "), child.err());
        for (String part : parts) {
            assertTrue(child.errors().getFirst().contains(part), "no \"" + part + "\" in " + child.err());
        }
        assertFalse(Files.exists(folder.resolve("run/adapter")), "an adapter was made");
    }

    @Test
    void anAbsentDeviceIsNamed() {
        Tornado.device(false);
        DeviceFailure failure = assertThrows(DeviceFailure.class, () -> Tornado.provider().device(99, false));
        assertTrue(failure.absent());
        assertTrue(failure.getMessage().contains("tornado:99"), failure.getMessage());
    }

    @Test
    void noPlatform() throws Exception {
        Path none = Files.createDirectory(folder.resolve("none"));
        refused(2, train("tornado", Map.of("OCL_ICD_VENDORS", none.toString())), "--device tornado is absent", "no OpenCL platform", "install");
    }

    @Test
    void anAbsentDeviceIsWrongFromTheCommandLine() throws Exception {
        refused(2, train("tornado:99", Map.of()), "tornado:99", "lowland devices");
    }

    /// Before anything is allocated.
    @Test
    void aDeviceTooSmallSaysWhatIsNeeded() throws Exception {
        refused(1, train("tornado", Map.of(), "-Dtornado.device.memory=64MB"), "tornado:0 has 67 MB and ", " MB are needed; lower --batch-size");
    }

    /// When arrays are allocated: what is counted before leaves out tables of integers and what TornadoVM puts before each array.
    @Test
    void memoryThatEndsAtRunTimeSaysWhatIsNeededAndWhatThereIs() throws Exception {
        Tornado.device(false);
        Child child = Child.run(folder, Map.of(), List.of("-Dtornado.device.memory=8MB"), JustTooLarge.class);
        assertEquals(0, child.exit(), child.toString());
        String said = child.out().lines().toList().getLast();
        assertTrue(said.matches("the device has no memory left: 9 MB are needed and it has 8 MB.*; lower --batch-size or --max-tokens.*"),
                child.toString());
    }

    /// A program whose plan takes the whole of 8 MB, but for less than 64 bytes.
    static final class JustTooLarge {
        public static void main(String[] args) {
            int plain;
            try (Session session = open(16)) {
                plain = Math.toIntExact(session.planned().total());
            }
            int elements = 16 + ((8 << 20) - plain) / 64 * 16;
            try (Session session = open(elements)) {
                session.write(state(elements), 0, new float[elements]);
                session.run("p", new Inputs());
                session.read(state(elements), 0);
                System.out.println("there was memory: " + session.planned());
            } catch (DeviceFailure e) {
                System.out.println(e.getMessage());
            }
        }

        private static State state(int elements) {
            return new State("state", ElementType.REAL, Shape.of(elements), 0);
        }

        private static Session open(int elements) {
            Recording p = new Recording("p");
            p.output("norm", p.squaredNorm(p.read(state(elements))));
            return Tornado.provider().device(0, false).open(List.of(p.finish()), Map.of());
        }
    }

    /// OpenCL's compiler refuses every kernel.
    @Test
    void aKernelThatDoesNotCompile() throws Exception {
        refused(1, train("tornado", Map.of(), "-Dtornado.opencl.compiler.flags=-no-such-flag"), "could not compile a kernel",
                "Error during code compilation with the OpenCL driver");
    }

    /// As if OpenCL had refused to start one, of which TornadoVM says nothing: the run or the read that was given it ends.
    @Test
    void aKernelThatDidNotRun() throws Exception {
        State state = new State("state", ElementType.REAL, Shape.of(3), 0);
        Recording p = new Recording("p");
        Value x = p.input("x", ElementType.REAL, Shape.of(3));
        p.output("sum", p.sum(p.tanh(x)));
        p.update(state, p.add(p.read(state), x));
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            Inputs inputs = new Inputs().reals("x", 1, 2, 3);
            assertTrue(session.run("p", inputs));
            assertArrayEquals(new float[] {1, 2, 3}, session.read(state, 0));
            Object graphs = Tornado.hidden(session, "graphs");
            Field launched = graphs.getClass().getDeclaredField("launched");
            launched.setAccessible(true);
            launched.setInt(graphs, launched.getInt(graphs) + 1);
            notRun(assertThrows(DeviceFailure.class, () -> session.read(state, 0)));
            notRun(assertThrows(DeviceFailure.class, () -> session.run("p", inputs)));
        }
    }

    private static void notRun(DeviceFailure failure) {
        assertTrue(failure.getMessage().matches("the device did not run every kernel, but \\d+ of \\d+: .*"), failure.getMessage());
        assertTrue(failure.getMessage().matches(".* \\d+ MB are needed and it has \\d+ MB.*; lower --batch-size or --max-tokens.*"),
                failure.getMessage());
    }

    @Test
    void badInputsAreRefusedAndNaNGoesThrough() {
        try (Session session = Tornado.device(false).open(List.of(program(3)), Map.of("tokens", 4))) {
            Inputs inputs = new Inputs().extent("tokens", 2).reals("x", 1, 2, 3);
            assertThrows(IllegalArgumentException.class, () -> session.run("p", inputs));
            assertThrows(IllegalArgumentException.class, () -> session.run("q", inputs));
            assertThrows(IllegalArgumentException.class, () -> session.run("p", new Inputs().extent("tokens", 5).reals("x",
                    new float[15])));
            inputs.reals("x", 1, 2, 3, 4, 5, Float.NaN);
            assertTrue(session.run("p", inputs));
            assertTrue(Double.isNaN(session.scalar("p", "sum")));
            inputs.reals("x", 0, 0, 0, 0, 0, 0);
            assertTrue(session.run("p", inputs));
            assertEquals(0, session.scalar("p", "sum"));
            assertThrows(IllegalStateException.class, () -> session.run("p", inputs, new Observer() {
                @Override
                public void before(lowland.program.operation.Operation operation, lowland.program.Memory memory) {}

                @Override
                public void after(lowland.program.operation.Operation operation, lowland.program.Memory memory) {}
            }));
        }
    }
}
