package lowland.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A linear axis with round ticks.
///
/// @param from value at the start
/// @param to   value at the end, larger
record Axis(double from, double to, List<Double> ticks) {
    /// An axis that covers the values, widened to round numbers.
    static Axis over(double least, double most, int ticks) {
        double low = least;
        double high = most > least ? most : least + Math.max(1e-9, Math.abs(least) * 0.1);
        double step = round((high - low) / ticks);
        double from = step * Math.floor(low / step + 1e-9);
        double to = step * Math.ceil(high / step - 1e-9);
        return new Axis(from, to, ticks(from, to, step));
    }

    /// An axis that ends exactly where the values do.
    static Axis exactly(double from, double to, int ticks) {
        double step = round((to - from) / ticks);
        return new Axis(from, to, ticks(step * Math.ceil(from / step - 1e-9), to, step));
    }

    private static List<Double> ticks(double from, double to, double step) {
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; from + i * step <= to + step * 1e-6; i++) {
            ticks.add(from + i * step);
        }
        return ticks;
    }

    /// The smallest of 1, 2, 5 times a power of ten that is no smaller.
    private static double round(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        double lead = step / power;
        return power * (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10);
    }

    /// Where a value lies, 0 at the start and 1 at the end.
    double place(double value) {
        return (value - from) / (to - from);
    }

    /// A number as short as the ticks' distance allows.
    String label(double tick) {
        double step = ticks.size() < 2 ? to - from : ticks.get(1) - ticks.get(0);
        if (Math.abs(tick) < step * 1e-6) {
            return "0";
        }
        if (step < 1e-3 || step >= 1e5) {
            return String.format(Locale.ROOT, "%.1e", tick).replace("e-0", "e-").replace("e+0", "e");
        }
        int digits = Math.max(0, (int) Math.ceil(-Math.log10(step) - 1e-9));
        return String.format(Locale.ROOT, "%." + digits + "f", tick);
    }
}
