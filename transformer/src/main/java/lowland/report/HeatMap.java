package lowland.report;

import java.util.Locale;
import lowland.train.Landscape;

/// A landscape as inline SVG: the rise of the loss over the middle, drawn smoothly between the measured points (bilinear), with lines
/// of equal rise. Every map of a page has the same scale.
///
/// @param most the rise at the end of the scale
record HeatMap(String name, Landscape landscape, double most) {
    private static final int SIZE = 200;
    private static final int FINE = 64;
    /// Levels between two colours; also the lines of equal rise.
    static final int LEVELS = 10;

    String svg() {
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"landscape of %s\">%n", SIZE, SIZE,
                Page.escape(name)));
        double cell = (double) SIZE / FINE;
        for (int i = 0; i < FINE; i++) {
            int from = 0;
            for (int j = 1; j <= FINE; j++) {
                if (j == FINE || level(i, j) != level(i, from)) {
                    // Half a unit wider, so that no seam shows between neighbours.
                    svg.append(String.format(Locale.ROOT, "<rect class=\"h%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                            level(i, from), from * cell, i * cell, (j - from) * cell + 0.5, cell + 0.5));
                    from = j;
                }
            }
            svg.append('\n');
        }
        int side = landscape.side();
        for (int i = 0; i < side; i++) {
            for (int j = 0; j < side; j++) {
                double step = (double) SIZE / (side - 1);
                svg.append(String.format(Locale.ROOT,
                        "<rect class=\"hit\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s at (%.3g, %.3g): "
                        + "loss %.4f, rise %.4f</title></rect>%n", (j - 0.5) * step, (side - 1 - i - 0.5) * step, step, step,
                        Page.escape(name),
                        landscape.place(j), landscape.place(i), landscape.loss()[j][i], landscape.rise(j, i)));
            }
        }
        svg.append(String.format(Locale.ROOT, "<circle class=\"middle\" cx=\"%d\" cy=\"%d\" r=\"4\"/>%n", SIZE / 2, SIZE / 2));
        return svg.append("</svg>\n").toString();
    }

    /// The level of a fine cell; row 0 is at the top.
    private int level(int row, int column) {
        double y = (FINE - 0.5 - row) / FINE * (landscape.side() - 1);
        double x = (column + 0.5) / FINE * (landscape.side() - 1);
        int i = Math.min(landscape.side() - 2, (int) x);
        int j = Math.min(landscape.side() - 2, (int) y);
        double u = x - i;
        double v = y - j;
        double rise = (1 - u) * ((1 - v) * landscape.rise(i, j) + v * landscape.rise(i, j + 1))
                + u * ((1 - v) * landscape.rise(i + 1, j) + v * landscape.rise(i + 1, j + 1));
        return Math.clamp((int) (rise / most * LEVELS), 0, LEVELS - 1);
    }
}
