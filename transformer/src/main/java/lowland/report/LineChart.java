package lowland.report;

import java.util.List;
import java.util.Locale;

/// Lines over a common axis as inline SVG. Its colours are the page's, so it follows light and dark.
///
/// @param title what is drawn
/// @param x     name of the horizontal axis
/// @param zero  whether the vertical axis starts at 0
record LineChart(String title, String x, boolean zero, List<Line> lines) {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 300;
    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 42;

    /// One line.
    ///
    /// @param color number of the colour on the page
    /// @param dots  whether its points are marked
    record Line(String name, int color, boolean dashed, boolean dots, double[] x, double[] y) {}

    String svg() {
        double leastX = Double.POSITIVE_INFINITY;
        double mostX = Double.NEGATIVE_INFINITY;
        double leastY = zero ? 0 : Double.POSITIVE_INFINITY;
        double mostY = Double.NEGATIVE_INFINITY;
        for (Line line : lines) {
            for (int i = 0; i < line.x.length; i++) {
                leastX = Math.min(leastX, line.x[i]);
                mostX = Math.max(mostX, line.x[i]);
                if (Double.isFinite(line.y[i])) {
                    leastY = Math.min(leastY, line.y[i]);
                    mostY = Math.max(mostY, line.y[i]);
                }
            }
        }
        if (mostX < leastX || mostY < leastY) {
            return "<p class=\"none\">Nothing to draw: " + Page.escape(title) + ".</p>";
        }
        Axis across = Axis.exactly(leastX, mostX > leastX ? mostX : leastX + 1, 6);
        Axis up = Axis.over(leastY, mostY, 5);
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n", WIDTH, HEIGHT,
                Page.escape(title)));
        for (double tick : up.ticks()) {
            double y = y(up, tick);
            svg.append(String.format(Locale.ROOT, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
                    WIDTH - RIGHT, y, y));
            svg.append(String.format(Locale.ROOT, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT - 8, y + 4,
                    up.label(tick)));
        }
        for (double tick : across.ticks()) {
            svg.append(String.format(Locale.ROOT, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                    x(across, tick), HEIGHT - BOTTOM + 18, across.label(tick)));
        }
        svg.append(String.format(Locale.ROOT, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, Page.escape(x)));
        for (Line line : lines) {
            draw(svg, line, across, up);
        }
        return svg.append("</svg>\n").toString();
    }

    private static double x(Axis across, double value) {
        return LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(Axis up, double value) {
        return HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static void draw(StringBuilder svg, Line line, Axis across, Axis up) {
        svg.append(String.format(Locale.ROOT, "<path class=\"line\" style=\"stroke:var(--s%d)\"%s d=\"", line.color,
                line.dashed ? " stroke-dasharray=\"6 4\"" : ""));
        boolean begun = false;
        for (int i = 0; i < line.x.length; i++) {
            if (Double.isFinite(line.y[i])) {
                svg.append(String.format(Locale.ROOT, "%s%.1f %.1f", begun ? "L" : "M", x(across, line.x[i]), y(up, line.y[i])));
                begun = true;
            }
        }
        svg.append("\"><title>").append(Page.escape(line.name)).append("</title></path>\n");
        for (int i = 0; i < line.x.length && line.dots; i++) {
            if (Double.isFinite(line.y[i])) {
                svg.append(String.format(Locale.ROOT,
                        "<circle class=\"dot\" style=\"fill:var(--s%d)\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\">"
                                + "<title>%s: %.4g at %.4g</title></circle>%n",
                        line.color, x(across, line.x[i]), y(up, line.y[i]), Page.escape(line.name), line.y[i], line.x[i]));
            }
        }
    }

    /// The mean of each value and up to `width` − 1 before it.
    static double[] smoothed(double[] values, int width) {
        double[] smoothed = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int from = Math.max(0, i - width + 1);
            double sum = 0;
            for (int j = from; j <= i; j++) {
                sum += values[j];
            }
            smoothed[i] = sum / (i - from + 1);
        }
        return smoothed;
    }
}
