package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// States stay on the device: they go there once, and a run brings nothing back but the outputs that it was asked for.
class TransferTest {
    private static final int ELEMENTS = 600 * 500;
    private static final String RUN = "a run";
    private static final String END = "its end";
    /// TornadoVM's own account of what it moves: of a copy that is made once it says too when it is there already.
    private static final Pattern TRANSFER = Pattern.compile("TRANSFER_(HOST_TO_DEVICE|DEVICE_TO_HOST).*, size=(\\d+),(?!.*Present)");

    @TempDir
    Path folder;

    @Test
    void aRunMovesItsInputsAndOutputsAlone() throws Exception {
        Tornado.device(false);
        Child child = Child.run(folder, Map.of(), List.of("-Dtornado.print.bytecodes=True"), Run.class);
        assertEquals(0, child.exit(), child.toString());
        boolean running = false;
        int runs = 0;
        int moved = 0;
        int whole = 0;
        for (String line : child.out().lines().toList()) {
            running = line.equals(RUN) || running && !line.equals(END);
            runs += line.equals(RUN) ? 1 : 0;
            Matcher transfer = TRANSFER.matcher(line);
            if (transfer.find()) {
                long bytes = Long.parseLong(transfer.group(2));
                moved += running ? 1 : 0;
                assertTrue(!running || bytes < 4096, line);
                if (bytes >= 4L * ELEMENTS) {
                    whole++;
                    assertEquals("HOST_TO_DEVICE", transfer.group(1), line);
                }
            }
        }
        assertEquals(2, runs);
        assertEquals(1, whole, "times that all states were moved");
        assertTrue(moved >= 2 * 3, "TornadoVM told of " + moved + " transfers, and each run takes its input, runs, and answers");
    }

    static final class Run {
        public static void main(String[] args) {
            State state = new State("state", ElementType.REAL, Shape.of(600, 500), 0);
            Recording p = new Recording("p");
            p.output("norm", p.squareRoot(p.squaredNorm(p.read(state))));
            p.update(state, p.scale(p.read(state), p.scalar("factor")));
            try (Session session = Tornado.provider().device(0, false).open(List.of(p.finish()), Map.of())) {
                session.write(state, 0, new float[ELEMENTS]);
                for (int run = 0; run < 2; run++) {
                    System.out.println(RUN);
                    session.run("p", new Inputs().scalar("factor", 2));
                    System.out.println(END);
                }
                session.read(state, 0);
            }
        }
    }
}
