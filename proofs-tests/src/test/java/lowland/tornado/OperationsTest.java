package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import lowland.program.Comparison;
import lowland.program.EveryOperation;
import lowland.program.Session;
import org.junit.jupiter.api.Test;

/// Every operation as task graphs, at ragged sizes, within its derived bound of the interpreter.
class OperationsTest {
    @Test
    void everyOperationIsWithinItsBound() {
        int channels = 33;
        EveryOperation every = new EveryOperation(channels, 33);
        Comparison comparison = new Comparison();
        try (Session session = Tornado.device(true).open(List.of(every.program), EveryOperation.CAPACITY)) {
            every.initialise(session);
            for (int[][] lengths : EveryOperation.LENGTHS) {
                assertTrue(session.run("all", every.inputs(lengths[0], lengths[1]), comparison), Arrays.deepToString(lengths));
            }
        }
        // The host writes constants, and asks guards.
        assertEquals(Set.of("constant", "guard"), EveryOperation.missing(comparison));
        TreeMap<String, String> ratios = new TreeMap<>();
        comparison.worst().forEach((name, element) -> ratios.put(name, "%.2f".formatted(element.ratio())));
        System.out.println(channels + " channels: error/bound " + ratios);
    }
}
