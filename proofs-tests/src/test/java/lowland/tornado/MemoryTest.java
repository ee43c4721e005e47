package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import org.junit.jupiter.api.Test;

/// Graphs that are executed again and again take no more memory.
class MemoryTest {
    private static final int RUNS = 2_000;

    @Test
    void residentMemoryIsFlatOverTwoThousandRuns() {
        assumeTrue(ResidentMemory.known(), "only Linux says what a process holds");
        State state = new State("state", ElementType.REAL, Shape.of(64), 0);
        Recording p = new Recording("p");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(64)));
        Value sum = p.columnSum(p.tanh(x), p.read(state));
        p.output("norm", p.squareRoot(p.squaredNorm(sum)));
        p.update(state, sum);
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of("tokens", 8))) {
            run(session);
            List<Long> grown = new ArrayList<>();
            for (int round = 0; round < 5; round++) {
                long before = ResidentMemory.now();
                run(session);
                grown.add(ResidentMemory.now() - before);
            }
            System.out.println("resident memory grew over each " + RUNS + " runs by so many bytes: " + grown);
            Collections.sort(grown);
            assertTrue(grown.get(2) < LEAST_LEAK * RUNS, grown.toString());
        }
    }

    /// What a run cannot leak unseen, in bytes. The virtual machine takes and gives back now and then, hence the median; a leak takes in
    /// every round.
    private static final long LEAST_LEAK = 2_000;

    private static void run(Session session) {
        Inputs inputs = new Inputs().extent("tokens", 8).reals("x", new float[8 * 64]);
        for (int i = 0; i < RUNS; i++) {
            assertTrue(session.run("p", inputs));
            session.scalar("p", "norm");
        }
    }
}
