package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Comparison;
import lowland.program.ElementType;
import lowland.program.EveryOperation;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every operation on the executor, at awkward sizes, within its derived bound of the interpreter.
class CpuDeviceOperationsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 9, 13, 16, 17, 31, 33, 65})
    void everyOperationIsWithinItsBound(int channels) {
        EveryOperation every = new EveryOperation(channels, 0, 1, 5, 33, 80);
        Comparison comparison = new Comparison();
        try (Session session = new CpuDevice(2).open(List.of(every.program), EveryOperation.CAPACITY)) {
            every.initialise(session);
            for (int[][] lengths : EveryOperation.LENGTHS) {
                Inputs inputs = every.inputs(lengths[0], lengths[1]);
                float[] x = inputs.reals("x").clone();
                assertTrue(session.run("all", inputs, comparison), Arrays.deepToString(lengths));
                assertArrayEquals(x, inputs.reals("x"), "inputs are only read");
            }
            assertTrue(session.planned().packed() > 0, "the frozen weight is packed");
        }
        assertEquals(Set.of("guard"), EveryOperation.missing(comparison));
    }

    /// A whole training step holds its frozen weights packed; here one state is read in two ways, so it is not.
    @Test
    void aWeightThatIsReadOtherwiseStaysPlain() {
        Recording p = new Recording("all");
        State weight = new State("weight", ElementType.REAL, Shape.of(4, 4), 0);
        Value w = p.read(weight);
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(4)));
        p.output("y", p.product(x, false, w, true, null));
        p.output("norm", p.squaredNorm(w));
        try (Session session = new CpuDevice(1).open(List.of(p.finish()), Map.of("tokens", 2))) {
            assertEquals(0, session.planned().packed());
            assertEquals(64, session.planned().states());
        }
    }
}
