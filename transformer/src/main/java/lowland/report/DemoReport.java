package lowland.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lowland.train.DemoMethod;
import lowland.train.DemoPlan;
import lowland.train.DemoResult;
import lowland.train.Landscape;
import lowland.train.Settings;
import lowland.train.StepRecord;

/// `report.html` of a demonstration: one file, no network, no script.
public final class DemoReport {
    private static final int SMOOTH = 10;

    private DemoReport() {}

    /// @param model what was fine-tuned
    /// @param seconds of the whole demonstration
    public static String html(String model, List<DemoResult> results, Environment environment, double seconds) {
        Page page = new Page("Flat minima on a small budget: " + (results.size() == 1 ? results.getFirst().plan().title() : "two tasks"));
        page.paragraph("lead", String.format(Locale.ROOT,
                "%s, fine-tuned by low-rank adapters with and without sharpness-aware rules, in %d min %02d s on %s of %s.", model,
                (int) seconds / 60, (int) seconds % 60, count(environment.threads(), "thread"), environment.processor()));
        page.heading("How to read this");
        page.paragraph("", "LoRA learns two thin matrices A and B beside each adapted weight W, so that W + s·B·A fits the task. A "
                + "sharpness-aware rule takes its gradient not at the weights but at weights that are perturbed by ΔW towards a higher loss. "
                + "The hope is that what is learned lies in a flat place, where the loss hardly rises nearby, and that flat places "
                + "generalise better.");
        page.paragraph("", "So look first at the table: is a method's accuracy different from LoRA's by more than the noise of the seeds and of the "
                + "test rows? Then at its price, time and memory. Sharpness and the landscapes tell whether the place is flatter indeed. The "
                + "numbers are what was measured, whichever method wins. A smaller sharpness is flatter, and need not be better.");
        for (DemoResult result : results) {
            task(page, result);
        }
        page.heading("Settings and machine");
        page.facts(facts(results, environment));
        return page.text();
    }

    private static String count(int number, String of) {
        return number + " " + of + (number == 1 ? "" : "s");
    }

    private static void task(Page page, DemoResult result) {
        DemoTable table = DemoTable.of(result);
        page.heading("Results: " + table.title());
        page.paragraph("", verdict(result));
        page.html(table(result, table));
        StringBuilder notes = new StringBuilder("<ul class=\"notes\">\n");
        table.notes().forEach(note -> notes.append("<li>").append(Page.escape(note)).append("</li>\n"));
        for (DemoResult.Baseline baseline : result.baselines()) {
            notes.append("<li>").append(Page.escape(baseline.title() + ": " + baseline.how() + ".")).append("</li>\n");
        }
        page.html(notes.append("</ul>\n").toString());
        losses(page, result);
        landscapes(page, result);
        perturbations(page, result);
        costs(page, result);
    }

    /// What the table says in a sentence or two.
    private static String verdict(DemoResult result) {
        List<String> apart = new ArrayList<>();
        List<DemoResult.Difference> differences = result.differences();
        for (int i = 0; i < differences.size(); i++) {
            if (!differences.get(i).withinNoise()) {
                apart.add(String.format(Locale.ROOT, "%s (%+.1f points)", result.methods().get(i).method().title(), 100 * differences.get(i).mean()));
            }
        }
        int compared = result.comparisons();
        boolean all = result.methods().stream().map(result::toFrozen).allMatch(above -> above.mean() > 0 && !DemoResult.withinNoise(above));
        String noise = String.format(Locale.ROOT, "the noise of %s and of %,d test rows", count(result.plan().seeds().size(), "seed"), result.testRows())
                + (compared > 1 ? " (after Holm for " + compared + " comparisons)" : "");
        String difference = compared == 0 ? "" : apart.isEmpty()
                ? "No method's accuracy differs from LoRA's beyond " + noise + ". "
                : "Beyond " + noise + ", these differ from LoRA: " + String.join(", ", apart) + ". ";
        return difference + (all ? "Every" : "Not every")
                + " method's accuracy is above that of the head on frozen features beyond the noise of the test rows."
                + (compared == 0 ? "" : " " + flattest(result));
    }

    private static String flattest(DemoResult result) {
        List<DemoResult.Method> sorted = result.bySharpness();
        String lowest = sorted.get(0).method().title();
        String next = sorted.get(1).method().title();
        return result.flattest().isPresent()
                ? "The lowest sharpness is that of " + lowest + ", below the next (" + next + ") beyond the noise of the seeds."
                : "Noise hides whose sharpness is the lowest: the mean of " + lowest + " is, but the seeds do not tell it from the next (" + next + ").";
    }

    private static String table(DemoResult result, DemoTable table) {
        StringBuilder html = new StringBuilder("<div class=\"card scroll\"><table>\n<tr>");
        for (int column = 0; column < table.headings().size(); column++) {
            html.append(column == DemoTable.DIFFERENCE ? "<th class=\"left\">" : "<th>").append(Page.escape(table.headings().get(column))).append("</th>");
        }
        html.append("</tr>\n");
        int baselines = result.baselines().size();
        for (int row = 0; row < table.rows().size(); row++) {
            html.append("<tr>");
            for (int column = 0; column < table.headings().size(); column++) {
                String cell = Page.escape(table.rows().get(row).get(column)).replace("(within noise)", "<span class=\"noise\">(within noise)</span>");
                if (column == 0 && row >= baselines) {
                    html.append("<td>").append(swatch(result, row - baselines, cell)).append("</td>");
                } else {
                    html.append(column == DemoTable.DIFFERENCE ? "<td class=\"left\">" : "<td>").append(cell).append("</td>");
                }
            }
            html.append("</tr>\n");
        }
        return html.append("</table></div>\n").toString();
    }

    private static String swatch(DemoResult result, int method, String name) {
        DemoMethod of = result.methods().get(method).method();
        return "<span class=\"swatch" + (of.steps() > 1 ? " dashed" : "") + "\" style=\"--c:var(--s" + color(of) + ")\">" + name + "</span>";
    }

    /// The same method has the same colour, whichever others are there; beyond six the colours repeat.
    private static int color(DemoMethod method) {
        List<DemoMethod> all = DemoMethod.all();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).name().equals(method.name())) {
                return i % 6;
            }
        }
        throw new IllegalArgumentException(method.name());
    }

    private static void key(Page page, List<DemoResult.Method> methods) {
        page.html("<div class=\"key\">");
        for (DemoResult.Method method : methods) {
            page.html("<span class=\"swatch" + (method.method().steps() > 1 ? " dashed" : "") + "\" style=\"--c:var(--s" + color(method.method())
                    + ")\">" + Page.escape(method.method().title()) + "</span>");
        }
        page.html("</div>\n");
    }

    private static void losses(Page page, DemoResult result) {
        page.heading("Loss while training");
        page.paragraph("caption", "Mean over the seeds. Training: of each step's rows, at the point of the gradient (perturbed, for the "
                + "sharpness-aware rules), as a moving mean of " + SMOOTH + " steps. Dev: " + Math.min(result.plan().devRows(), result.devRows())
                + " rows that are not trained on, without perturbation. A method that takes two steps at a time is drawn over its rounds.");
        key(page, result.methods());
        List<LineChart.Line> train = new ArrayList<>();
        List<LineChart.Line> dev = new ArrayList<>();
        for (DemoResult.Method method : result.methods()) {
            DemoMethod of = method.method();
            int steps = method.runs().getFirst().steps().size();
            double[] x = new double[steps];
            double[] y = new double[steps];
            for (int i = 0; i < steps; i++) {
                x[i] = (i + 1.0) / of.steps();
                for (DemoResult.Run run : method.runs()) {
                    y[i] += run.steps().get(i).loss() / method.runs().size();
                }
            }
            train.add(new LineChart.Line(of.title(), color(of), of.steps() > 1, false, x, LineChart.smoothed(y, SMOOTH * of.steps())));
            int points = method.runs().getFirst().dev().size();
            double[] devX = new double[points];
            double[] devY = new double[points];
            for (int i = 0; i < points; i++) {
                devX[i] = (double) method.runs().getFirst().dev().get(i).step() / of.steps();
                for (DemoResult.Run run : method.runs()) {
                    devY[i] += run.dev().get(i).loss() / method.runs().size();
                }
            }
            dev.add(new LineChart.Line(of.title(), color(of), of.steps() > 1, true, devX, devY));
        }
        page.charts(new LineChart("Training loss", "step", false, train), new LineChart("Dev loss", "step", false, dev));
    }

    private static void landscapes(Page page, DemoResult result) {
        double most = 0;
        for (DemoResult.Method method : result.methods()) {
            Landscape landscape = method.landscape();
            for (int i = 0; i < landscape.side(); i++) {
                for (int j = 0; j < landscape.side(); j++) {
                    most = Math.max(most, Double.isFinite(landscape.rise(i, j)) ? landscape.rise(i, j) : 0);
                }
            }
        }
        most = Math.max(most, 1e-12);
        DemoPlan plan = result.plan();
        page.heading("The land around each model");
        page.paragraph("caption", String.format(Locale.ROOT, "How far the training loss rises above the model's own (the ring in the middle) when all encoder "
                + "matrices move along two random directions, the same two for every method: up to %.0f %% of each matrix' norm along each. "
                + "First seed, %d rows, %d×%d points; bilinear between them. Pale is low; wide pale land is flat. Point at a map for the numbers.",
                100 * plan.reach() * plan.share(), plan.landscapeRows(), plan.side(), plan.side()));
        StringBuilder scale = new StringBuilder("<div class=\"scale\"><span>0</span><svg viewBox=\"0 0 260 14\" role=\"img\" aria-label=\"scale\">");
        for (int level = 0; level < HeatMap.LEVELS; level++) {
            scale.append(String.format(Locale.ROOT, "<rect class=\"h%d\" x=\"%d\" y=\"0\" width=\"26.5\" height=\"14\"/>", level, 26 * level));
        }
        page.html(scale.append(String.format(Locale.ROOT, "</svg><span>+%.3g rise of the loss, one scale for all</span></div>%n", most)).toString());
        page.html("<div class=\"maps\">\n");
        for (DemoResult.Method method : result.methods()) {
            page.html("<div><h3>" + Page.escape(method.method().title()) + "</h3>" + new HeatMap(method.method().title(), method.landscape(), most).svg()
                    + String.format(Locale.ROOT, "<p class=\"caption\">own loss %.3f</p></div>%n", method.landscape().center()));
        }
        page.html("</div>\n");
        key(page, result.methods());
        page.charts(cut(result, "Cut along the first direction", true), cut(result, "Cut along the second direction", false));
    }

    private static LineChart cut(DemoResult result, String title, boolean first) {
        List<LineChart.Line> lines = new ArrayList<>();
        for (DemoResult.Method method : result.methods()) {
            Landscape landscape = method.landscape();
            double[] x = new double[landscape.side()];
            double[] y = new double[landscape.side()];
            for (int i = 0; i < x.length; i++) {
                x[i] = 100 * result.plan().share() * landscape.place(i);
                y[i] = first ? landscape.rise(i, x.length / 2) : landscape.rise(x.length / 2, i);
            }
            lines.add(new LineChart.Line(method.method().title(), color(method.method()), method.method().steps() > 1, false, x, y));
        }
        return new LineChart(title + ": rise of the loss", "distance, % of each matrix' norm", true, lines);
    }

    private static void perturbations(Page page, DemoResult result) {
        List<DemoResult.Method> perturbing = result.methods().stream().filter(method -> method.perturbation() > 0).toList();
        page.heading("The perturbation over time");
        if (perturbing.isEmpty()) {
            page.paragraph("none", "No method here perturbs.");
            return;
        }
        page.paragraph("caption", "‖ΔW‖_F over all adapted matrices at which the gradient was taken, mean over the seeds. One radius ρ is not "
                + "one perturbation: in LoRA-SAM ρ bounds the step of the factors A and B, in FMLoRA and EFMLoRA ΔW of each matrix, in Bi-LoRA ΔW "
                + "of all matrices together. Compare methods by this figure, not by ρ.");
        key(page, perturbing);
        List<LineChart.Line> lines = new ArrayList<>();
        List<List<String>> radii = new ArrayList<>();
        for (DemoResult.Method method : perturbing) {
            double[] x = new double[result.plan().steps()];
            double[] y = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                x[i] = i + 1;
                for (DemoResult.Run run : method.runs()) {
                    y[i] += run.steps().get(i).perturbationNorm() / method.runs().size();
                }
            }
            lines.add(new LineChart.Line(method.method().title(), color(method.method()), false, false, x, y));
            radii.add(List.of(method.method().title(), String.format(Locale.ROOT, "ρ = %s gave ‖ΔW‖_F = %.3g on average", method.method().rho(),
                    method.perturbation())));
        }
        page.html("<div class=\"pair\">\n<div class=\"card\"><h3>‖ΔW‖_F at each step</h3>\n"
                + new LineChart("norm of the perturbation at each step", "step", true, lines).svg() + "</div>\n");
        page.facts(radii).html("</div>\n");
    }

    private static void costs(Page page, DemoResult result) {
        page.heading("Time and memory");
        page.paragraph("caption", "Time of a step: median, and a line from the lower to the upper quartile, over all steps of all seeds. The methods took "
                + "their steps in turns, after an untimed warm-up. Memory: bytes planned for one session; all share weights of the same size.");
        List<Bars.Bar> times = new ArrayList<>();
        StringBuilder memory = new StringBuilder("<table>\n<tr><th></th><th>states</th><th>packed weights</th><th>arena</th><th>total</th></tr>\n");
        for (DemoResult.Method method : result.methods()) {
            times.add(new Bars.Bar(method.method().title(), color(method.method()), 1e3 * method.stepSeconds(), 1e3 * method.quantile(0.25),
                    1e3 * method.quantile(0.75), String.format(Locale.ROOT, "%.1f ms, %.2f ×", 1e3 * method.stepSeconds(), result.ratio(method))));
            memory.append("<tr><td>").append(Page.escape(method.method().title())).append("</td>");
            for (long bytes : new long[] {method.planned().states(), method.planned().packed(), method.planned().arena(), method.planned().total()}) {
                memory.append("<td>").append(Bytes.text(bytes)).append("</td>");
            }
            memory.append("</tr>\n");
        }
        page.html("<div class=\"pair\">\n<div class=\"card\"><h3>Time of a step, and over LoRA's</h3>\n" + new Bars("time of a step", "ms", times).svg()
                + "</div>\n<div class=\"card scroll\"><h3>Planned memory</h3>\n" + memory + "</table></div>\n</div>\n");
    }

    private static List<List<String>> facts(List<DemoResult> results, Environment environment) {
        List<List<String>> facts = new ArrayList<>();
        for (DemoResult result : results) {
            DemoPlan plan = result.plan();
            facts.add(List.of(result.task(), String.format(Locale.ROOT, "%,d training, %,d dev, %,d test rows; %d steps of %d rows; seeds %s; "
                    + "%s; the last step's adapter is tested", result.trainRows(), result.devRows(), result.testRows(), plan.steps(),
                    plan.batchSize(), result.seeds(), settings(plan.settings(result.base().method(), plan.seeds().getFirst())))));
            facts.add(List.of("sharpness", String.format(Locale.ROOT, "%d training rows, %d directions both ways, norm %s of each matrix' own",
                    plan.sharpnessRows(), plan.directions(), plan.share())));
            for (DemoResult.Method method : result.methods()) {
                String rate = method.method().rate() == 1 ? "" : "learning rate " + method.method().rate() * plan.learningRate() + "; ";
                facts.add(List.of(method.method().title(), "ρ = " + method.method().rho() + "; " + rate + method.method().rule()));
            }
        }
        int tokens = 0;
        double seconds = 0;
        for (StepRecord step : results.getFirst().base().runs().getFirst().steps()) {
            tokens += step.tokens();
            seconds += step.seconds();
        }
        facts.add(List.of("LoRA's speed", String.format(Locale.ROOT, "%,.0f real tokens a second; nothing is computed on padding", tokens / seconds)));
        facts.add(List.of("processor", environment.processor() + ", " + count(environment.threads(), "thread") + ", vectors of " + environment.vectorBits() + " bits"));
        facts.add(List.of("Java", environment.java() + " on " + environment.system()));
        if (environment.peakBytes() >= 0) {
            facts.add(List.of("process memory", Bytes.text(environment.peakBytes()) + " resident at most, with all methods side by side"));
        }
        return facts;
    }

    private static String settings(Settings settings) {
        Settings.Optimisation optimisation = settings.optimisation();
        return String.format(Locale.ROOT, "rank %d, alpha %s on %s; AdamW, learning rate %s (head %s), linear after %d steps of warm-up, clip %s, "
                + "dropout %s", settings.pairs().primary().rank(), settings.pairs().primary().alpha(),
                String.join(", ", settings.pairs().targets()), optimisation.learningRate(), optimisation.headLearningRate(),
                optimisation.schedule().warmupSteps(), optimisation.clipNorm(), settings.regularisation().dropout());
    }
}
