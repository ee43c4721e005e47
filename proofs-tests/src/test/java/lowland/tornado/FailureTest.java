package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Map;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.Value;
import org.junit.jupiter.api.Test;

/// What a device that is absent, too small or wrongly asked says; nothing runs elsewhere instead.
class FailureTest {
    private static Program program(int channels) {
        Recording p = new Recording("p");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(channels)));
        p.output("sum", p.sum(p.tanh(x)));
        return p.finish();
    }

    @Test
    void anAbsentDeviceIsNamed() {
        Tornado.device(false);
        DeviceFailure failure = assertThrows(DeviceFailure.class, () -> Tornado.provider().device(99, false));
        assertTrue(failure.absent());
        assertTrue(failure.getMessage().contains("tornado:99"), failure.getMessage());
    }

    @Test
    void aDeviceTooSmallSaysWhatIsNeeded() {
        Device device = Tornado.device(false);
        int tokens = 15_000_000;
        assumeTrue(Tornado.provider().devices().getFirst().largestBuffer() < 8L * 64 * tokens, "this device is large enough");
        DeviceFailure failure = assertThrows(DeviceFailure.class,
                () -> device.open(List.of(program(64)), Map.of("tokens", tokens)).close());
        assertTrue(failure.getMessage().matches(".*7680 MB.* needed; lower .*"), failure.getMessage());
    }

    @Test
    void aKernelThatFailsIsNotRunAsJava() {
        Tornado.device(false);
        assertEquals("False", System.getProperty("tornado.recover.bailout"));
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
