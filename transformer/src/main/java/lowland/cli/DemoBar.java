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
    private final int columns;
    private final ProgressBar bar;
    private long latest;
    private long done;

    /// @param work of the whole, in any unit
    /// @param nanos the clock
    /// @param columns of the terminal
    DemoBar(Streams streams, long work, LongSupplier nanos, int columns) {
        this.err = streams.err();
        this.work = work;
        this.nanos = nanos;
        left = new TimeLeft(work, nanos);
        this.columns = columns;
        bar = streams.terminal() ? Progress.bar(err, columns, "demo", work) : null;
        latest = nanos.getAsLong();
    }

    /// @param what  is being done
    /// @param where it is, which a narrow terminal does not show
    void advance(long by, String what, String where) {
        done += by;
        left.reached(done);
        long now = nanos.getAsLong();
        if (bar != null) {
            bar.setExtraMessage(text(what, where));
            bar.stepTo(done);
        } else if (now - latest >= BETWEEN) {
            latest = now;
            err.println(String.format(Locale.ROOT, "%3d %%  %s", 100 * done / work, text(what, where)));
        }
    }

    private String text(String what, String where) {
        String time = left.toString();
        return what + "  " + (time.isEmpty() ? "" : time + "  ") + where;
    }

    /// Writes something between, on a line that is empty.
    void aside(Runnable output) {
        if (bar == null) {
            output.run();
            return;
        }
        // What is just being drawn when the bar is told to pause waits for the lock, or is emptied.
        synchronized (err) {
            bar.pause();
            err.print(Progress.emptied(columns));
            err.flush();
            output.run();
        }
        bar.resume();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
