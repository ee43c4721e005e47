package lowland.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;
import lowland.train.StepRecord;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/// What is seen of a run while it goes on, on standard error: a bar on a terminal, else a line now and then, or every record as JSON.
sealed interface Progress extends AutoCloseable {
    /// A step was taken.
    void step(StepRecord record);

    /// Something to be read between the steps.
    void say(String line);

    @Override
    void close();

    /// @param jsonl whether records are wanted as JSON
    /// @param nanos the clock
    /// @param columns of the terminal
    static Progress of(PrintStream err, boolean jsonl, boolean terminal, int columns, int steps, LongSupplier nanos) {
        return jsonl ? new Json(err) : terminal ? new Bar(err, columns, new TimeLeft(steps, nanos), steps) : new Lines(err, steps, nanos);
    }

    /// A bar of so much work, on all columns but the last. A thread of its own draws it, under the lock of `err`.
    static ProgressBar bar(PrintStream err, int columns, String name, long work) {
        return new ProgressBarBuilder().setTaskName(name).setInitialMax(work).setUpdateIntervalMillis(200)
                .setRenderer(new BarLine()).setConsumer(new ConsoleProgressBarConsumer(err, columns - 1) {
            @Override
            public void accept(String line) {
                synchronized (err) {
                    super.accept(line);
                }
            }
        }).build();
    }

    /// Empties the line that a bar is drawn on.
    static String emptied(int columns) {
        return "\r" + " ".repeat(columns - 1) + "\r";
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
        private final int columns;
        private final Recent recent = new Recent();
        private final TimeLeft left;
        private final int steps;
        private final ProgressBar bar;

        private Bar(PrintStream err, int columns, TimeLeft left, int steps) {
            this.err = err;
            this.columns = columns;
            this.left = left;
            this.steps = steps;
            bar = bar(err, columns, "train", steps);
        }

        @Override
        public void step(StepRecord record) {
            recent.add(record);
            left.reached(record.step());
            bar.setExtraMessage("step " + record.step() + "/" + steps + "  " + recent + "  " + left);
            bar.stepTo(record.step());
        }

        @Override
        public void say(String line) {
            // Over the bar, which is drawn again below.
            err.print("\r" + line + " ".repeat(Math.max(0, columns - 1 - line.length())) + "\n");
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
        private final LongSupplier nanos;
        private final TimeLeft left;
        private long latest;

        private Lines(PrintStream err, int steps, LongSupplier nanos) {
            this.err = err;
            this.steps = steps;
            this.nanos = nanos;
            left = new TimeLeft(steps, nanos);
            latest = nanos.getAsLong() - BETWEEN;
        }

        @Override
        public void step(StepRecord record) {
            recent.add(record);
            left.reached(record.step());
            long now = nanos.getAsLong();
            if (now - latest >= BETWEEN || record.step() == steps) {
                latest = now;
                err.println(String.format(Locale.ROOT, "step %d/%d  epoch %.2f  %s  %s", record.step(), steps, record.epoch(), recent, left)
                        .stripTrailing());
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
