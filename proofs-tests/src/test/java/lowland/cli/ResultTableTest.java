package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import lowland.metric.Metrics;
import org.junit.jupiter.api.Test;

class ResultTableTest {
    private static final double[] LORA = {0.70, 0.71, 0.72, 0.70, 0.71};
    private static final double[] BETTER = {0.74, 0.76, 0.75, 0.73, 0.77};
    private static final double[] NEAR = {0.70, 0.73, 0.72, 0.71, 0.73};

    /// BETTER has the least p of two, which counts twice; NEAR's counts once.
    @Test
    void probabilitiesAreThoseOfAllComparisonsOfAColumn() {
        PaperTable.Task task = new PaperTable.Task("CoLA", "glue/cola", "matthews", false);
        ResultTable table = new ResultTable(List.of(task), List.of("lora", "efmlora", "fmlora"), List.of(0L, 1L, 2L, 3L, 4L), false,
                Map.of("cola lora", LORA, "cola efmlora", BETTER, "cola fmlora", NEAR));
        double better = Metrics.paired(BETTER, LORA).p();
        double near = Metrics.paired(NEAR, LORA).p();
        assertTrue(better < near && near < 0.5, better + ", " + near);
        for (JsonNode cell : table.json().path("cells")) {
            String method = cell.path("method").asText();
            if (!method.equals("lora")) {
                double p = method.equals("efmlora") ? better : near;
                double adjusted = method.equals("efmlora") ? 2 * better : near;
                assertEquals(p, cell.path("p").asDouble(), 1e-9, cell::toString);
                assertEquals(adjusted, cell.path("adjustedP").asDouble(), 1e-9, cell::toString);
                String line = table.text().lines().filter(each -> each.startsWith(method)).toList().getLast();
                assertTrue(line.endsWith(String.format(java.util.Locale.ROOT, "p %.3f", adjusted)), line);
            }
        }
    }
}
