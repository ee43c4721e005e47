package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lowland.train.StepRecord;
import org.junit.jupiter.api.Test;

/// What is seen of a run, on a clock of the test's own.
class ProgressTest {
    private static final Pattern LEFT = Pattern.compile("(\\d+):(\\d\\d):(\\d\\d) left");

    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(seen, true, StandardCharsets.UTF_8);
    private long nanos = 1_234_567_890_123L;

    private void pass(double seconds) {
        nanos += Math.round(seconds * 1e9);
    }

    private String text() {
        return seen.toString(StandardCharsets.UTF_8);
    }

    private static StepRecord record(int step, double seconds) {
        return new StepRecord(step, step / 10.0, 1.0 / step, 1e-3, 0.05, 1, 0, false, false, 640, seconds, Map.of());
    }

    /// Seconds that a line says are left, or NaN.
    private static double left(String line) {
        Matcher matcher = LEFT.matcher(line);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) * 3600 + Integer.parseInt(matcher.group(2)) * 60
                + Integer.parseInt(matcher.group(3)) : Double.NaN;
    }

    @Test
    void theFirstStepsAreForgotten() {
        TimeLeft left = new TimeLeft(1000, () -> nanos);
        assertEquals("", left.toString());
        double[] slow = {60, 20, 5, 3};
        for (int step = 1; step <= 200; step++) {
            pass(step <= slow.length ? slow[step - 1] : 1);
            left.reached(step);
            assertEquals(step < 3, Double.isNaN(left.seconds()), "step " + step);
            // The clock begins with the end of the first step: 28 slow seconds, forgotten when as many have passed again.
            if (step > 4 + 28 + 2) {
                assertEquals(1000 - step, left.seconds(), 1e-6, "step " + step);
            }
        }
        assertEquals("0:13:20 left", left.toString());
    }

    @Test
    void aSingleSlowStepMovesTheTimeLittle() {
        TimeLeft left = new TimeLeft(1000, () -> nanos);
        for (int step = 1; step <= 400; step++) {
            pass(1);
            left.reached(step);
        }
        pass(20);
        left.reached(401);
        // 19 seconds too many among at least half of 419, which were to be 190 and, as marks lie, 189 at least.
        assertEquals(599, left.seconds(), 19.0 / 189 * 599);
    }

    @Test
    void linesComeNowAndThenAndAtBothEnds() {
        try (Progress progress = Progress.of(err, false, false, 80, 100, () -> nanos)) {
            for (int step = 1; step <= 100; step++) {
                double seconds = step == 1 ? 60 : 1;
                pass(seconds);
                progress.step(record(step, seconds));
                if (step == 50) {
                    progress.say("something else");
                }
            }
        }
        List<String> lines = new ArrayList<>(text().lines().toList());
        assertTrue(lines.remove("something else"), text());
        assertEquals(11, lines.size(), text());
        assertTrue(lines.getFirst().startsWith("step 1/100  epoch 0.10  loss 1.0000  11 tokens/s"), text());
        assertTrue(Double.isNaN(left(lines.getFirst())), "one step, which compiled, tells no time: " + lines.getFirst());
        for (String line : lines.subList(1, lines.size())) {
            int step = Integer.parseInt(line.replaceAll("step (\\d+)/.*", "$1"));
            assertEquals(100 - step, left(line), line);
        }
        assertTrue(lines.getLast().startsWith("step 100/100"), text());
    }

    @Test
    void recordsAreJsonLines() {
        try (Progress progress = Progress.of(err, true, true, 80, 2, () -> nanos)) {
            progress.step(record(1, 1));
            progress.say("a \"word\"");
        }
        assertEquals(JsonLine.text(JsonLine.step(record(1, 1))) + System.lineSeparator() + "{\"message\":\"a \\\"word\\\"\"}"
                + System.lineSeparator(), text());
    }

    /// The bar is drawn over itself: what counts is its latest drawing, and that lines between are whole.
    @Test
    void theBarEndsOnTheLastStep() {
        try (Progress progress = Progress.of(err, false, true, 80, 8, () -> nanos)) {
            for (int step = 1; step <= 8; step++) {
                pass(1);
                progress.step(record(step, 1));
                if (step == 4) {
                    progress.say("dev at step 4");
                }
            }
        }
        assertTrue(text().contains("\rdev at step 4 "), text());
        String latest = text().strip().substring(text().strip().lastIndexOf('\r') + 1);
        assertTrue(latest.startsWith("train 100%") && latest.contains("step 8/8"), latest);
        assertTrue(latest.contains("loss 0.") && latest.contains("640 tokens/s") && latest.contains("0:00:00 left"), latest);
        for (String drawn : text().split("[\r\n]+")) {
            assertTrue(drawn.length() < 80, drawn);
        }
    }

    private Streams streams(boolean terminal) {
        return new Streams(InputStream.nullInputStream(), System.out, err, terminal);
    }

    @Test
    void aDemonstrationInAFileSaysALineNowAndThen() {
        try (DemoBar bar = new DemoBar(streams(false), 300, () -> nanos, 80)) {
            for (int done = 1; done <= 300; done++) {
                pass(done <= 10 ? 4 : 1);
                bar.advance(1, "this", "here");
            }
        }
        List<String> lines = text().lines().toList();
        assertEquals(10, lines.size(), text()); // 330 seconds, a line after 30 at least
        int latest = -1;
        double before = Double.POSITIVE_INFINITY;
        for (String line : lines) {
            assertTrue(line.matches(" {0,2}\\d+ %  this  \\d:\\d\\d:\\d\\d left  here"), line);
            int percent = Integer.parseInt(line.strip().replaceAll(" .*", ""));
            assertTrue(percent > latest, text());
            assertTrue(left(line) < before, text());
            latest = percent;
            before = left(line);
        }
        assertEquals(90, latest);
    }

    @Test
    void aDemonstrationOnATerminalHasABar() {
        try (DemoBar bar = new DemoBar(streams(true), 4, () -> nanos, 80)) {
            for (int done = 0; done < 4; done++) {
                pass(1);
                bar.advance(1, "this", "here");
            }
        }
        String latest = text().strip().substring(text().strip().lastIndexOf('\r') + 1);
        assertTrue(latest.startsWith("demo 100%") && latest.contains("] this  0:00:00 left  here"), latest);
        assertFalse(text().contains("NaN"), text());
    }

    /// Step, loss, tokens a second and the time that is left are seen whole at 80 columns, with numbers as long as those of long runs.
    @Test
    void nothingThatCountsIsCutAtEightyColumns() {
        String state = "step 112/150  loss 1.234  12,345 tokens/s";
        try (DemoBar bar = new DemoBar(streams(true), 400_000, () -> nanos, 80)) {
            for (int done = 0; done < 4; done++) {
                pass(10);
                bar.advance(50_000, state, "LoRA, twice the steps, seed 2/5, verb supersense");
            }
        }
        assertTrue(latest().matches("demo  50% \\[=+> +] step 112/150  loss 1\\.234  12,345 tokens/s  0:00:40 left  L.*"), latest());
        assertEquals(79, latest().length(), latest());
        seen.reset();
        try (Progress progress = Progress.of(err, false, true, 80, 99_999, () -> nanos)) {
            for (int step = 10_001; step <= 10_004; step++) {
                pass(0.01);
                progress.step(record(step, 0.02));
            }
        }
        assertTrue(latest().matches("train +10% \\[>? +] step 10004/99999  loss 0\\.0001  32,000 tokens/s  0:15:00 left *"), latest());
    }

    /// What is drawn last.
    private String latest() {
        return text().substring(text().stripTrailing().lastIndexOf('\r') + 1).replaceAll("[\r\n]", "");
    }

    /// A table finds an empty line, and the bar goes on below it.
    @Test
    void whatIsWrittenBesideABarHasALineOfItsOwn() {
        try (DemoBar bar = new DemoBar(streams(true), 4, () -> nanos, 80)) {
            bar.advance(2, "this", "here");
            bar.aside(() -> err.print("a table\n"));
            bar.advance(2, "that", "there");
        }
        assertTrue(text().contains("\r" + " ".repeat(79) + "\ra table\n"), text());
        assertTrue(latest().startsWith("demo 100%") && latest().contains("that"), text());
    }
}
