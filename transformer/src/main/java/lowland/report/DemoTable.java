package lowland.report;

import java.nio.charset.Charset;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lowland.metric.Metrics;
import lowland.train.DemoResult;

/// The table at the end of a demonstration: the baselines, then a row a method. Accuracies and F1 are in percent.
///
/// @param title    what was measured on what
/// @param headings one a column
/// @param rows     as many cells each; empty where there is nothing to say
/// @param notes    sentences below
public record DemoTable(String title, List<String> headings, List<List<String>> rows, List<String> notes) {
    private static final List<String> HEADINGS = List.of("", "test accuracy, %", "above frozen", "difference to LoRA", "macro-F1, %", "sharpness", "‖ΔW‖_F",
            "ms a step", "over LoRA", "planned memory", "gradients a step");
    /// The column that is read from the left.
    static final int DIFFERENCE = 3;
    private static final int SHARPNESS = 5;

    public static DemoTable of(DemoResult result) {
        // The power of ten below LoRA's, which leaves a digit before the point: shorter cells than with an exponent in each.
        double lora = Math.abs(result.base().sharpness());
        int exponent = lora > 0 && Double.isFinite(lora) ? (int) Math.floor(Math.log10(lora)) : 0;
        double unit = Math.pow(10, exponent);
        List<String> headings = new ArrayList<>(HEADINGS);
        headings.set(SHARPNESS, "sharpness, 1e" + exponent);
        List<List<String>> rows = new ArrayList<>();
        for (DemoResult.Baseline baseline : result.baselines()) {
            rows.add(List.of(baseline.title(), percent(baseline.accuracy()), "", "", percent(baseline.macroF1()), "", "", "", "", "", ""));
        }
        List<DemoResult.Difference> differences = result.differences();
        for (int i = 0; i < differences.size(); i++) {
            DemoResult.Method method = result.methods().get(i);
            boolean base = method == result.base();
            rows.add(List.of(method.method().title(),
                    percent(method.accuracy()) + error(method.accuracyError()),
                    signed(result.toFrozen(method).mean(), result.toFrozen(method).standardError()),
                    base ? "" : difference(differences.get(i)),
                    percent(method.macroF1()),
                    String.format(Locale.ROOT, "%.2f", method.sharpness() / unit) + (Double.isNaN(method.sharpnessError()) ? ""
                            : String.format(Locale.ROOT, " ± %.2f", method.sharpnessError() / unit)),
                    method.perturbation() == 0 ? "0" : String.format(Locale.ROOT, "%.3g", method.perturbation()),
                    String.format(Locale.ROOT, "%.1f", 1e3 * method.stepSeconds()),
                    String.format(Locale.ROOT, "%.2f", result.ratio(method)),
                    Bytes.text(method.planned().total()),
                    new DecimalFormat("0.##", DecimalFormatSymbols.getInstance(Locale.ROOT)).format(method.gradientsPerStep())));
        }
        String title = String.format(Locale.ROOT, "%s: %d steps of %d rows, %s, %,d test rows", result.plan().title(), result.plan().steps(),
                result.plan().batchSize(), seeds(result), result.testRows());
        return new DemoTable(title, headings, rows, notes(result));
    }

    private static String seeds(DemoResult result) {
        int seeds = result.plan().seeds().size();
        return seeds == 1 ? "1 seed" : seeds + " seeds";
    }

    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f", 100 * share);
    }

    private static String error(double standardError) {
        return Double.isNaN(standardError) ? "" : " ± " + percent(standardError);
    }

    private static String difference(DemoResult.Difference difference) {
        return signed(difference.mean(), difference.standardError()) + (difference.withinNoise() ? " (within noise)" : "");
    }

    private static String signed(double mean, double standardError) {
        return String.format(Locale.ROOT, "%+.1f", 100 * mean) + error(standardError);
    }

    private static List<String> notes(DemoResult result) {
        List<String> notes = new ArrayList<>();
        int seeds = result.plan().seeds().size();
        notes.add("± is the standard error over the seeds." + (result.comparisons() == 0 ? "" : " A difference to LoRA is compared twice, paired by seed and"
                + " paired by test row (each the mean over the seeds), and its ± is the larger of both; \"within noise\": the larger p (Student's t)"
                + (result.comparisons() > 1 ? ", after Holm for " + result.comparisons() + " comparisons," : "") + " is above 0.05, or it is smaller"
                + " than two standard errors, or there is no spread to tell by."));
        if (seeds == 1) {
            notes.add("With one seed nothing tells a difference from noise.");
        } else if (seeds < 5 && result.comparisons() > 0) {
            notes.add(String.format(Locale.ROOT, "With %d seeds and %s a difference has to be %.0f times its standard error over the seeds to stand out"
                    + " first, and large over the test rows too; --full takes five seeds.", seeds, result.comparisons() == 1 ? "one comparison"
                    : result.comparisons() + " comparisons", Metrics.critical(seeds, 0.05 / result.comparisons())));
        }
        notes.add(String.format(Locale.ROOT, "Every method sees the same %,d training rows as the head on frozen features, and starts from that"
                + " head: what it has above it, it gained by changing the encoder. There ± is the standard error over the test rows, paired row by"
                + " row.", result.trainRows()));
        for (DemoResult.Method method : result.methods()) {
            if (method.skipped() > 0) {
                notes.add(method.method().title() + " skipped " + method.skipped() + " steps, in which something was not finite.");
            }
        }
        if (result.methods().stream().anyMatch(method -> method.method().steps() > 1)) {
            notes.add("\"LoRA, twice the steps\" has as many gradient evaluations as LoRA-SAM.");
        }
        notes.add("sharpness: mean rise of the training loss when every encoder matrix moves by " + result.plan().share()
                + " of its norm, at random. ‖ΔW‖_F: of the perturbation, mean over the steps.");
        notes.add("memory: planned bytes of weights, state, arena and packed weights of one session.");
        return notes;
    }

    /// The table as aligned lines, headings of several words in two. Signs that the charset lacks become plain ones.
    public String text(Charset charset) {
        int[] widths = new int[headings.size()];
        List<String> upper = new ArrayList<>();
        List<String> lower = new ArrayList<>();
        for (String heading : headings) {
            int space = heading.indexOf(' ');
            upper.add(space < 0 ? "" : heading.substring(0, space));
            lower.add(heading.substring(space + 1));
        }
        List<List<String>> all = new ArrayList<>(List.of(upper, lower));
        all.addAll(rows);
        for (List<String> row : all) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], length(row.get(column)));
            }
        }
        StringBuilder text = new StringBuilder(title).append("\n\n");
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String pad = " ".repeat(widths[column] - length(row.get(column)));
                boolean left = column == 0 || column == DIFFERENCE;
                line.append(column == 0 ? "" : "  ").append(left ? row.get(column) + pad : pad + row.get(column));
            }
            text.append(line.toString().stripTrailing()).append('\n');
            if (row == lower) {
                text.append("-".repeat(line.length())).append('\n');
            }
        }
        text.append('\n');
        for (String note : notes) {
            text.append(note).append('\n');
        }
        return charset.newEncoder().canEncode("±‖Δ") ? text.toString()
                : text.toString().replace("±", "+-").replace("‖ΔW‖", "|dW|");
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
