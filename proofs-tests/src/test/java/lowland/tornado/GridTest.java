package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
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
import org.junit.jupiter.api.io.TempDir;

/// Every task has a grid: without one TornadoVM runs a single work-item, and says nothing.
class GridTest {
    @TempDir
    Path folder;

    /// TornadoVM's own account of the tasks that it started: of one without a grid it says that it has no dimensions.
    @Test
    void everyTaskHasAGrid() throws Exception {
        Tornado.device(false);
        Child child = Child.run(folder, Map.of(), List.of("-Dtornado.threadInfo=True"), Run.class);
        assertEquals(0, child.exit(), child.toString());
        List<String> without = new ArrayList<>();
        String task = null;
        int tasks = 0;
        for (String line : child.out().lines().map(String::strip).toList()) {
            task = line.startsWith("Task info: ") ? line : task;
            if (line.startsWith("Dims ")) {
                tasks++;
                if (line.endsWith(" 0")) {
                    without.add(task);
                }
            }
        }
        assertEquals(List.of(), without);
        assertTrue(tasks > 10, "TornadoVM told of " + tasks + " tasks");
    }

    /// A graph of several tasks, in one dimension and in two, and all that moves data.
    static final class Run {
        public static void main(String[] args) {
            State state = new State("state", ElementType.REAL, Shape.of(8, 8), 0);
            Recording p = new Recording("p");
            Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(8)));
            Value y = p.product(p.tanh(x), false, p.read(state), true, null);
            p.output("norm", p.squareRoot(p.squaredNorm(y)));
            p.output("y", y);
            p.update(state, p.product(y, true, x, false, null));
            try (Session session = Tornado.provider().device(0, false).open(List.of(p.finish()), Map.of("tokens", 4))) {
                session.write(state, 0, new float[64]);
                session.run("p", new Inputs().extent("tokens", 4).reals("x", new float[32]));
                session.read(state, 0);
            }
        }
    }
}
