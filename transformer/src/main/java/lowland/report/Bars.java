package lowland.report;

import java.util.List;
import java.util.Locale;

/// Horizontal bars from zero as inline SVG, each with its value, and a line from its lower to its upper quartile.
record Bars(String title, String unit, List<Bar> bars) {
    private static final int WIDTH = 560;
    private static final int NAME = 160;
    private static final int VALUE = 130;
    private static final int ROW = 34;

    record Bar(String name, int color, double value, double lower, double upper, String text) {}

    String svg() {
        double most = 0;
        for (Bar bar : bars) {
            most = Math.max(most, Math.max(bar.value, bar.upper));
        }
        int height = ROW * bars.size() + 6;
        double scale = (WIDTH - NAME - VALUE) / Math.max(most, 1e-12);
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
                WIDTH, height,
                Page.escape(title)));
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double middle = ROW * i + ROW / 2.0;
            svg.append(String.format(Locale.ROOT, "<text x=\"0\" y=\"%.1f\">%s</text>", middle + 4, Page.escape(bar.name)));
            svg.append(String.format(Locale.ROOT,
                    "<rect class=\"bar\" style=\"fill:var(--s%d)\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"18\" rx=\"3\">"
                    + "<title>%s: %.2f %s, quartiles %.2f and %.2f</title></rect>", bar.color, NAME, middle - 9,
                    Math.max(1, bar.value * scale),
                    Page.escape(bar.name), bar.value, unit, bar.lower, bar.upper));
            svg.append(String.format(Locale.ROOT, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                    NAME + bar.lower * scale, NAME + bar.upper * scale, middle, middle));
            svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\">%s</text>%n",
                    NAME + Math.max(bar.value, bar.upper) * scale + 8, middle + 4, Page.escape(bar.text)));
        }
        return svg.append("</svg>\n").toString();
    }
}
