package lowland.cli;

import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// How far a demonstration is, on standard error: a bar with the time that is left on a terminal, else a line every fifteen seconds.
final class DemoBar implements AutoCloseable {
    private static final long BETWEEN = 15_000_000_000L;

    private final PrintStream err;
    private final long work;
    private final ProgressBar bar;
    private final long began = System.nanoTime();
    private long latest = began;
    private long done;

    /// @param work of the whole, in any unit
    DemoBar(Streams streams, long work) {
        this.err = streams.err();
        this.work = work;
        bar = streams.terminal() ? new ProgressBarBuilder().setTaskName("demo").setInitialMax(work).setUpdateIntervalMillis(200)
                .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(err, Terminal.columns() - 1)).hideEta().build() : null;
    }

    void advance(long by, String what) {
        done += by;
        long now = System.nanoTime();
        long left = Math.round((now - began) * 1e-9 / Math.max(1, done) * (work - done));
        String line = String.format(Locale.ROOT, "%d:%02d left  %s", left / 60, left % 60, what);
        if (bar != null) {
            bar.stepTo(done);
            bar.setExtraMessage("  " + line);
        } else if (now - latest >= BETWEEN) {
            latest = now;
            err.printf(Locale.ROOT, "%3d %%  %s%n", 100 * done / work, line);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
