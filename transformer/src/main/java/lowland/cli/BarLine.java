package lowland.cli;

import java.util.Locale;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/// The line of a bar: the share that is done, the bar, and a message. What does not fit is cut on the right, so that a message begins with
/// what must be seen; the library's own line puts elapsed time and counts before it, which leave 30 columns of 80.
final class BarLine implements ProgressBarRenderer {
    private static final int SHORTEST = 5;
    private static final int LONGEST = 30;

    @Override
    public String render(ProgressState progress, int columns) {
        double share = progress.getNormalizedProgress();
        String before = String.format(Locale.ROOT, "%s %3d%% [", progress.getTaskName(), (int) (100 * share));
        String after = "] " + progress.getExtraMessage();
        int length = Math.clamp(columns - before.length() - after.length(), SHORTEST, LONGEST);
        int done = (int) (length * share);
        String line = before + "=".repeat(done) + (done == length ? "" : ">" + " ".repeat(length - done - 1)) + after;
        return line.length() > columns ? line.substring(0, columns) : line + " ".repeat(columns - line.length());
    }
}
