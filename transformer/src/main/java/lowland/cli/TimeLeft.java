package lowland.cli;

import java.util.ArrayDeque;
import java.util.Locale;
import java.util.function.LongSupplier;

/// The time that is left, at the pace of the latest half of the time: the first steps, which wait for the compiler, count ever less, and
/// the very first not at all. Over half of the time single steps do not make it jump.
final class TimeLeft {
    private record Mark(long nanos, long done) {}

    private final long all;
    private final LongSupplier nanos;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private Mark first;

    /// @param all  the whole work, in any unit
    /// @param nanos the clock
    TimeLeft(long all, LongSupplier nanos) {
        this.all = all;
        this.nanos = nanos;
    }

    /// So much of the work is done now.
    void reached(long done) {
        Mark now = new Mark(nanos.getAsLong(), done);
        first = first == null ? now : first;
        marks.addLast(now);
        // Three marks stay: the pace of one step alone tells little.
        while (marks.size() > 3 && marks.peekFirst().nanos - first.nanos < (now.nanos - first.nanos) / 2) {
            marks.removeFirst();
        }
    }

    /// NaN before there is a pace.
    double seconds() {
        if (marks.size() < 3 || marks.getLast().done == marks.getFirst().done) {
            return Double.NaN;
        }
        double pace = (marks.getLast().nanos - marks.getFirst().nanos) * 1e-9 / (marks.getLast().done - marks.getFirst().done);
        return pace * (all - marks.getLast().done);
    }

    /// `0:01:23 left`, or nothing before there is a pace.
    @Override
    public String toString() {
        double seconds = seconds();
        if (Double.isNaN(seconds)) {
            return "";
        }
        long whole = Math.round(seconds);
        return String.format(Locale.ROOT, "%d:%02d:%02d left", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
