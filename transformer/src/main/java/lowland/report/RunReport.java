package lowland.report;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.AtomicFile;
import lowland.checkpoint.JsonFile;

/// `report.html` of one run's folder, from its `config.json` and `metrics.jsonl`.
public final class RunReport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode config;
    private final List<JsonNode> steps = new ArrayList<>();
    private final List<JsonNode> evaluations = new ArrayList<>();

    private RunReport(Path folder) {
        config = JsonFile.read(folder.resolve("config.json")).root();
        Path file = folder.resolve("metrics.jsonl");
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                if (!line.isBlank()) {
                    JsonNode node = JSON.readTree(line);
                    (node.has("split") ? evaluations : steps).add(node);
                }
            }
        } catch (JacksonException e) {
            throw Failure.of(file + ", line " + number + ": no JSON object; the run was cut off or the file is damaged", e);
        } catch (IOException e) {
            throw Failure.reading(file, e);
        }
    }

    /// Writes the report into the run's folder.
    ///
    /// @throws Failure if the run's files are missing or damaged, or the report cannot be written
    public static void write(Path runFolder) {
        AtomicFile.write(runFolder.resolve("report.html"),
                new RunReport(runFolder).html(runFolder.toAbsolutePath().getFileName().toString()));
    }

    private String html(String name) {
        Page page = new Page("Run " + name);
        page.paragraph("lead", summary());
        page.heading("How to read this");
        page.paragraph("", "A good run's training loss falls and levels off; where the dev loss turns upwards while the training loss "
                + "still falls, the model begins to learn its rows by heart. The perturbation is what a sharpness-aware rule adds to the "
                + "weights before it "
                + "takes the gradient: too small, and the run is LoRA's; too large, and the loss stops falling. Drift, ‖BᵀB − AAᵀ‖, tells "
                + "how far the two factors have grown apart.");
        results(page);
        losses(page);
        page.heading("Inside the steps");
        page.charts(chart("Norm of the perturbation, ‖ΔW‖_F", "perturbationNorm", true),
                chart("Norm of the gradient, before clipping", "gradientNorm", true));
        page.html("<p></p>").charts(chart("Drift of the factors", "drift", false), chart("Learning rate", "learningRate", true));
        page.html("<p></p>").charts(chart("Seconds a step", "seconds", true), chart("Real tokens a step", "tokens", true));
        page.heading("Settings");
        List<List<String>> facts = new ArrayList<>();
        flatten("", config, facts);
        page.facts(facts);
        return page.text();
    }

    private String summary() {
        long tokens = 0;
        double seconds = 0;
        int skipped = 0;
        int clipped = 0;
        for (JsonNode step : steps) {
            tokens += step.path("tokens").asLong();
            seconds += number(step, "seconds");
            skipped += step.path("skipped").asBoolean() ? 1 : 0;
            clipped += step.path("clipped").asBoolean() ? 1 : 0;
        }
        return String.format(Locale.ROOT,
                "%d steps in %.1f s, %,.0f tokens a second; the gradient was clipped in %d steps, %d were skipped as not finite.",
                steps.size(), seconds, seconds == 0 ? 0 : tokens / seconds, clipped, skipped);
    }

    /// The last evaluation of each split, and the best of dev.
    private void results(Page page) {
        page.heading("Results");
        if (evaluations.isEmpty()) {
            page.paragraph("none", "This run evaluated nothing: it had neither dev nor test rows, or ended before.");
            return;
        }
        Map<String, JsonNode> last = new LinkedHashMap<>();
        evaluations.forEach(evaluation -> last.put(evaluation.path("split").asText(), evaluation));
        JsonNode best = null;
        for (JsonNode evaluation : evaluations) {
            boolean better = best == null || score(evaluation) > score(best)
                    || Double.isNaN(score(best)) && !Double.isNaN(score(evaluation));
            if (evaluation.path("split").asText().equals("dev") && better) {
                best = evaluation;
            }
        }
        Map<String, JsonNode> shown = new LinkedHashMap<>();
        if (best != null) {
            shown.put("dev, best", best);
        }
        last.forEach((split, evaluation) -> shown.put(split.equals("dev") ? "dev, last" : split, evaluation));
        StringBuilder table = new StringBuilder("<div class=\"card scroll\"><table>\n<tr><th></th><th>step</th><th>loss</th>");
        List<String> names = new ArrayList<>();
        evaluations.getFirst().path("metrics").fieldNames().forEachRemaining(names::add);
        names.forEach(metric -> table.append("<th>").append(Page.escape(metric)).append("</th>"));
        table.append("</tr>\n");
        shown.forEach((title, evaluation) -> {
            table.append("<tr><td>").append(Page.escape(title)).append("</td><td>").append(evaluation.path("step").asInt()).append("</td>")
                    .append(cell(number(evaluation, "loss")));
            names.forEach(metric -> table.append(cell(number(evaluation.path("metrics"), metric))));
            table.append("</tr>\n");
        });
        page.html(table.append("</table></div>\n").toString());
    }

    private static String cell(double value) {
        return "<td>" + (Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value)) + "</td>";
    }

    private double score(JsonNode evaluation) {
        return number(evaluation.path("metrics"), metric(evaluation));
    }

    /// The metric that the run chose by: the one that its configuration names, else the first.
    private String metric(JsonNode evaluation) {
        JsonNode metrics = evaluation.path("metrics");
        String chosen = config.path("metric").asText("");
        return metrics.has(chosen) ? chosen : metrics.isEmpty() ? "metric" : metrics.fieldNames().next();
    }

    private void losses(Page page) {
        page.heading("Loss");
        int smooth = Math.max(1, steps.size() / 50);
        page.paragraph("caption", smooth == 1 ? "Training: of each step's rows. Dev: of all dev rows."
                : "Training: of each step's rows, as a moving mean of " + smooth + " steps. Dev: of all dev rows.");
        double[] x = values(steps, "step");
        List<LineChart.Line> lines = new ArrayList<>();
        List<LineChart.Line> scores = new ArrayList<>();
        lines.add(new LineChart.Line("training", 0, false, false, x, LineChart.smoothed(values(steps, "loss"), smooth)));
        List<JsonNode> dev = evaluations.stream().filter(evaluation -> evaluation.path("split").asText().equals("dev")).toList();
        page.key(dev.isEmpty() ? List.of("training") : List.of("training", "dev"), List.of());
        if (dev.isEmpty()) {
            page.charts(new LineChart("Loss", "step", false, lines));
            return;
        }
        lines.add(new LineChart.Line("dev", 1, false, true, values(dev, "step"), values(dev, "loss")));
        double[] score = new double[dev.size()];
        for (int i = 0; i < score.length; i++) {
            score[i] = score(dev.get(i));
        }
        scores.add(new LineChart.Line("dev", 1, false, true, values(dev, "step"), score));
        page.charts(new LineChart("Loss", "step", false, lines), new LineChart("Dev " + metric(dev.getFirst()), "step", false, scores));
    }

    private LineChart chart(String title, String field, boolean zero) {
        return new LineChart(title, "step", zero,
                List.of(new LineChart.Line(title, 0, false, false, values(steps, "step"), values(steps, field))));
    }

    private static double[] values(List<JsonNode> nodes, String field) {
        double[] values = new double[nodes.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = number(nodes.get(i), field);
        }
        return values;
    }

    /// A number that is missing or not finite (a quoted name) is NaN.
    private static double number(JsonNode node, String field) {
        return node.path(field).isNumber() ? node.path(field).asDouble() : Double.NaN;
    }

    private static void flatten(String prefix, JsonNode node, List<List<String>> facts) {
        node.properties().forEach(field -> {
            String name = prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey();
            if (field.getValue().isObject()) {
                flatten(name, field.getValue(), facts);
            } else {
                facts.add(List.of(name, field.getValue().isTextual() ? field.getValue().asText() : field.getValue().toString()));
            }
        });
    }
}
