package lowland.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import lowland.checkpoint.JsonFile;
import lowland.metric.Metrics;

/// Scores of methods on tasks: the mean over the seeds with its standard error, and seed by seed against LoRA.
///
/// @param bare whether the bare model is among the scores, under [Cell#ZERO_SHOT], with one score a task
/// @param scores of a task and method, one a seed, under `TASK METHOD`
record ResultTable(List<PaperTable.Task> tasks, List<String> methods, List<Long> seeds, boolean bare, Map<String, double[]> scores) {
    /// The method that the others are compared with.
    static final String BASE = "lora";

    private double[] scores(PaperTable.Task task, String method) {
        return scores.get(task.name() + " " + method);
    }

    /// The mean over the tasks, of each seed.
    private double[] averages(String method) {
        double[] averages = new double[scores(tasks.getFirst(), method).length];
        for (PaperTable.Task task : tasks) {
            double[] of = scores(task, method);
            for (int seed = 0; seed < averages.length; seed++) {
                averages[seed] += of[seed] / tasks.size();
            }
        }
        return averages;
    }

    private List<String> rows() {
        List<String> rows = new ArrayList<>(bare ? List.of(Cell.ZERO_SHOT) : List.of());
        rows.addAll(methods);
        return rows;
    }

    /// Two blocks of aligned lines: the scores, and the differences to LoRA.
    String text() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(heading("score, %", PaperTable.Task::title, "average"));
        lines.add(heading("", PaperTable.Task::metric, ""));
        for (String method : rows()) {
            List<String> line = new ArrayList<>(List.of(method));
            tasks.forEach(task -> line.add(mean(scores(task, method))));
            line.add(mean(averages(method)));
            lines.add(line);
        }
        if (methods.size() > 1) {
            lines.add(List.of());
            lines.add(heading("difference to " + BASE, PaperTable.Task::title, "average"));
        }
        for (String method : methods) {
            if (!method.equals(BASE)) {
                List<String> line = new ArrayList<>(List.of(method));
                tasks.forEach(task -> line.add(difference(method, other -> scores(task, other))));
                line.add(difference(method, this::averages));
                lines.add(line);
            }
        }
        String spread = seeds.size() == 1 ? "One seed has no standard error." : "± is the standard error over the seeds.";
        String compared = seeds.size() == 1 || methods.size() == 1 ? "" : " Differences are paired by seed; p is that of Student's t, two-sided"
                + (methods.size() == 2 ? "." : ", after Holm for the " + (methods.size() - 1) + " comparisons of its column.");
        return aligned(lines) + "\n" + spread + compared + "\n";
    }

    private List<String> heading(String first, Function<PaperTable.Task, String> title, String last) {
        List<String> line = new ArrayList<>(List.of(first));
        tasks.forEach(task -> line.add(title.apply(task)));
        line.add(last);
        return line;
    }

    private static String mean(double[] scores) {
        return String.format(Locale.ROOT, "%.1f", 100 * Metrics.mean(scores)) + error(Metrics.standardError(scores));
    }

    /// @param scores of a method, one a seed
    private String difference(String method, Function<String, double[]> scores) {
        Metrics.Paired paired = Metrics.paired(scores.apply(method), scores.apply(BASE));
        double p = adjusted(method, scores);
        return String.format(Locale.ROOT, "%+.1f", 100 * paired.mean()) + error(paired.standardError())
                + (Double.isNaN(p) ? "" : String.format(Locale.ROOT, " p %.3f", p));
    }

    /// The p of a method against LoRA, after Holm for as many as are compared.
    private double adjusted(String method, Function<String, double[]> scores) {
        List<String> others = methods.stream().filter(other -> !other.equals(BASE)).toList();
        double[] p = others.stream().mapToDouble(other -> Metrics.paired(scores.apply(other), scores.apply(BASE)).p()).toArray();
        return Metrics.holm(p)[others.indexOf(method)];
    }

    private static String error(double standardError) {
        return Double.isNaN(standardError) ? "" : String.format(Locale.ROOT, " ± %.1f", 100 * standardError);
    }

    private static String aligned(List<List<String>> lines) {
        int[] widths = new int[lines.getFirst().size()];
        for (List<String> line : lines) {
            for (int column = 0; column < line.size(); column++) {
                widths[column] = Math.max(widths[column], line.get(column).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder padded = new StringBuilder();
            for (int column = 0; column < line.size(); column++) {
                String cell = line.get(column);
                padded.append(column == 0 ? "" : "  ").append(cell).append(" ".repeat(widths[column] - cell.length()));
            }
            text.append(padded.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /// The same for scripts: scores of every seed, and the comparisons.
    ObjectNode json() {
        ObjectNode json = JsonFile.object();
        seeds.forEach(json.putArray("seeds")::add);
        ArrayNode cells = json.putArray("cells");
        for (PaperTable.Task task : tasks) {
            for (String method : rows()) {
                put(cells.addObject().put("task", task.task()).put("metric", task.metric()), method, other -> scores(task, other));
            }
        }
        for (String method : rows()) {
            put(cells.addObject().put("task", "average"), method, this::averages);
        }
        return json;
    }

    private void put(ObjectNode cell, String method, Function<String, double[]> of) {
        double[] scores = of.apply(method);
        cell.put("method", method).put("mean", Metrics.mean(scores)).put("standardError", Metrics.standardError(scores));
        JsonLine.numbers(cell.putArray("scores"), scores);
        if (!method.equals(BASE) && !method.equals(Cell.ZERO_SHOT)) {
            Metrics.Paired paired = Metrics.paired(scores, of.apply(BASE));
            cell.put("difference", paired.mean()).put("differenceStandardError", paired.standardError()).put("p", paired.p())
                    .put("adjustedP", adjusted(method, of));
        }
    }
}
