package lowland.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;

/// How far a demonstration is, on standard error: a bar with the time that is left on a terminal, else a line every half minute.
final class DemoBar implements AutoCloseable {
    private static final long BETWEEN = 30_000_000_000L;

    private final PrintStream err;
    private final long work;
    private final LongSupplier nanos;
    private final TimeLeft left;
    private final ProgressBar bar;
    private long latest;
    private long done;

    /// @param work of the whole, in any unit
    /// @param nanos the clock
    DemoBar(Streams streams, long work, LongSupplier nanos) {
        this.err = streams.err();
        this.work = work;
        this.nanos = nanos;
        left = new TimeLeft(work, nanos);
        bar = streams.terminal() ? Progress.bar(err, "demo", work) : null;
        latest = nanos.getAsLong();
    }

    void advance(long by, String what) {
        done += by;
        left.reached(done);
        long now = nanos.getAsLong();
        if (bar != null) {
            bar.stepTo(done);
            bar.setExtraMessage("  " + left + "  " + what);
        } else if (now - latest >= BETWEEN) {
            latest = now;
            err.println(String.format(Locale.ROOT, "%3d %%  %s  %s", 100 * done / work, left, what));
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
