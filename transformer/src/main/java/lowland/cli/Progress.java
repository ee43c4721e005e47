package lowland.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import lowland.train.StepRecord;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// What is seen of a run while it goes on, on standard error: a bar on a terminal, else a line now and then, or every record as JSON.
sealed interface Progress extends AutoCloseable {
    /// A step was taken.
    void step(StepRecord record);

    /// Something to be read between the steps.
    void say(String line);

    @Override
    void close();

    /// @param jsonl whether records are wanted as JSON
    static Progress of(PrintStream err, boolean jsonl, boolean terminal, int steps) {
        return jsonl ? new Json(err) : terminal ? new Bar(err, steps) : new Lines(err, steps);
    }

    /// Tokens per second and loss over the latest steps: single steps jump about.
    final class Recent {
        private double loss = Double.NaN;
        private double tokens;
        private double seconds;

        void add(StepRecord record) {
            double keep = 0.9;
            loss = Double.isNaN(loss) || Double.isNaN(record.loss()) ? record.loss() : keep * loss + (1 - keep) * record.loss();
            tokens = keep * tokens + record.tokens();
            seconds = keep * seconds + record.seconds();
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "loss %.4f  %,.0f tokens/s", loss, tokens / seconds);
        }
    }

    /// A line with bar, step, loss, tokens per second and the time that is left.
    final class Bar implements Progress {
        private final PrintStream err;
        private final Recent recent = new Recent();
        private final ProgressBar bar;

        private Bar(PrintStream err, int steps) {
            this.err = err;
            bar = new ProgressBarBuilder().setTaskName("train").setInitialMax(steps).setUpdateIntervalMillis(200)
                    .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(err, Terminal.columns() - 1)).build();
        }

        @Override
        public void step(StepRecord record) {
            recent.add(record);
            bar.setExtraMessage("  " + recent);
            bar.stepTo(record.step());
        }

        @Override
        public void say(String line) {
            // Over the bar, which is drawn again below.
            err.print("\r" + line + " ".repeat(Math.max(0, Terminal.columns() - 1 - line.length())) + "\n");
            bar.refresh();
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /// A plain line every ten seconds, and the first and last steps.
    final class Lines implements Progress {
        private static final long BETWEEN = 10_000_000_000L;

        private final PrintStream err;
        private final int steps;
        private final Recent recent = new Recent();
        private final long began = System.nanoTime();
        private long latest = began - BETWEEN;

        private Lines(PrintStream err, int steps) {
            this.err = err;
            this.steps = steps;
        }

        @Override
        public void step(StepRecord record) {
            recent.add(record);
            long now = System.nanoTime();
            if (now - latest >= BETWEEN || record.step() == steps) {
                latest = now;
                Duration left = Duration.ofSeconds(Math.round((now - began) * 1e-9 / record.step() * (steps - record.step())));
                err.printf(Locale.ROOT, "step %d/%d  epoch %.2f  %s  %d:%02d:%02d left%n", record.step(), steps, record.epoch(), recent,
                        left.toHours(), left.toMinutesPart(), left.toSecondsPart());
            }
        }

        @Override
        public void say(String line) {
            err.println(line);
        }

        @Override
        public void close() {}
    }

    /// The lines of `metrics.jsonl` as they are made.
    final class Json implements Progress {
        private final PrintStream err;

        private Json(PrintStream err) {
            this.err = err;
        }

        @Override
        public void step(StepRecord record) {
            err.println(JsonLine.text(JsonLine.step(record)));
        }

        @Override
        public void say(String line) {
            err.println(JsonLine.text(JsonLine.object().put("message", line)));
        }

        @Override
        public void close() {}
    }
}
