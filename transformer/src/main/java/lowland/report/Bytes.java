package lowland.report;

import java.util.Locale;

/// Sizes in words.
final class Bytes {
    private Bytes() {}

    static String text(long bytes) {
        return bytes < 0 ? "unknown" : String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6);
    }
}
