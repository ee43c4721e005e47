package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import lowland.metric.Metrics;
import org.junit.jupiter.api.Test;

class ResultTableTest {
    private static final double[] LORA = {0.70, 0.71, 0.72, 0.70, 0.71};
    private static final double[] BETTER = {0.74, 0.76, 0.75, 0.73, 0.77};
    private static final double[] NEAR = {0.70, 0.73, 0.72, 0.71, 0.73};
    private static final PaperTable.Task COLA = new PaperTable.Task("CoLA", "glue/cola", "matthews", false);
    private static final PaperTable.Task RTE = new PaperTable.Task("RTE", "glue/rte", "accuracy", false);

    /// On CoLA EFMLoRA has the least p of two, which counts twice, on RTE FMLoRA; the other's counts once.
    private static ResultTable table(List<String> methods, int seeds) {
        Map<String, double[]> scores = new HashMap<>();
        for (String method : List.of("lora", "efmlora", "fmlora")) {
            boolean efm = method.equals("efmlora");
            scores.put("cola " + method, Arrays.copyOf(method.equals("lora") ? LORA : efm ? BETTER : NEAR, seeds));
            scores.put("rte " + method, Arrays.copyOf(method.equals("lora") ? LORA : efm ? NEAR : BETTER, seeds));
        }
        return new ResultTable(List.of(COLA, RTE), methods, IntStream.range(0, seeds).mapToObj(Long::valueOf).toList(), false, scores);
    }

    @Test
    void probabilitiesAreThoseOfAllComparisonsOfAColumn() {
        ResultTable table = table(List.of("lora", "efmlora", "fmlora"), 5);
        double least = 2 * Metrics.paired(BETTER, LORA).p();
        double other = Metrics.paired(NEAR, LORA).p();
        assertTrue(least < other && other < 0.5, least + ", " + other);
        int compared = 0;
        for (JsonNode cell : table.json().path("cells")) {
            if (!cell.path("method").asText().equals("lora") && !cell.path("task").asText().equals("average")) {
                boolean first = cell.path("method").asText().equals("efmlora") == cell.path("task").asText().equals("glue/cola");
                assertEquals(first ? least / 2 : other, cell.path("p").asDouble(), 1e-12, cell::toString);
                assertEquals(first ? least : other, cell.path("adjustedP").asDouble(), 1e-12, cell::toString);
                compared++;
            }
        }
        assertEquals(4, compared);
        double[] averages = IntStream.range(0, 5).mapToDouble(seed -> (BETTER[seed] + NEAR[seed]) / 2).toArray();
        String average = String.format(Locale.ROOT, "%.3f", Math.min(1, 2 * Metrics.paired(averages, LORA).p()));
        String small = String.format(Locale.ROOT, "%.3f", least);
        String large = String.format(Locale.ROOT, "%.3f", other);
        assertEquals(List.of(small, large, average), probabilities(table, "efmlora"));
        assertEquals(List.of(large, small, average), probabilities(table, "fmlora"));
        assertTrue(table.text().endsWith("two-sided, after Holm for the 2 comparisons of its column.\n"), table.text());
    }

    /// Behind each "p" of a method's last line.
    private static List<String> probabilities(ResultTable table, String method) {
        String line = table.text().lines().filter(each -> each.startsWith(method)).toList().getLast();
        return Arrays.stream(line.split(" p ")).skip(1).map(part -> part.substring(0, 5)).toList();
    }

    @Test
    void theFootSaysNoMoreThanTheTableHas() {
        assertTrue(table(List.of("lora"), 5).text().endsWith("\n± is the standard error over the seeds.\n"));
        assertFalse(table(List.of("lora"), 5).text().contains("difference"));
        assertTrue(table(List.of("lora", "fmlora"), 5).text().endsWith("p is that of Student's t, two-sided.\n"));
        String one = table(List.of("lora", "fmlora", "efmlora"), 1).text();
        assertTrue(one.endsWith("\nOne seed has no standard error.\n") && !one.contains("±") && !one.contains(" p "), one);
    }
}
