package lowland.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import lowland.train.DemoResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class DemoReportTest {
    private static final Environment MACHINE = new Environment("a <processor>", 256, 2, "a vendor 25", "a system", 900_000_000);

    static void standsAlone(String html) throws IOException, ParserConfigurationException, SAXException {
        assertFalse(Pattern.compile("https?:|//[a-z]|src=|href=|@import|url\\(|<script", Pattern.CASE_INSENSITIVE).matcher(html).find());
        assertFalse(html.contains("NaN") || html.contains("Infinity"));
        // Every drawing is well-formed.
        Matcher drawings = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(html);
        while (drawings.find()) {
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(drawings.group())));
        }
    }

    @Test
    void holdsEverySectionAndNothingFromOutside() throws Exception {
        var result = MadeUp.result(List.of(0L, 1L));
        String html = DemoReport.html("a model", List.of(result), MACHINE, 290);
        for (String part : List.of("How to read this", "Training loss", "Dev loss", "The land around each model", "Cut along the first direction",
                "The perturbation over time", "Time of a step", "Planned memory", "Settings and machine", "256 bits", "a &lt;processor&gt;",
                "process memory", "900.0 MB", "rank 8, alpha 16.0 on all-linear; AdamW, learning rate 0.002", "prefers-color-scheme: dark", "packed weights", "arena")) {
            assertTrue(html.contains(part), part);
        }
        standsAlone(html);
        for (List<String> row : DemoTable.of(result).rows()) {
            for (String cell : row) {
                assertTrue(html.contains(Page.escape(cell).replace("(within noise)", "<span class=\"noise\">(within noise)</span>")), cell);
            }
        }
        assertEquals(result.methods().size(), html.split("aria-label=\"landscape of ", -1).length - 1);
    }

    @Test
    void aGainOverTheFrozenFeaturesIsSaidOnlyBeyondTheNoise() {
        DemoResult far = MadeUp.result(List.of(0L));
        assertTrue(DemoReport.html("m", List.of(far), MACHINE, 290)
                .contains("Every method's accuracy is above that of the head on frozen features beyond the noise"));
        // One row less right than LoRA is below it, and within the noise.
        double[] hits = far.base().runs().getFirst().hits().clone();
        for (int row = 0; row < hits.length; row++) {
            if (hits[row] == 1) {
                hits[row] = 0;
                break;
            }
        }
        DemoResult near = new DemoResult(far.plan(), far.task(), far.trainRows(), far.devRows(), far.testRows(),
                List.of(new DemoResult.Baseline("frozen features", hits, 0.5, "a head")), List.of(far.base()), 1);
        assertTrue(near.toFrozen(near.base()).mean() > 0);
        assertTrue(DemoReport.html("m", List.of(near), MACHINE, 290)
                .contains("Not every method's accuracy is above that of the head on frozen features"));
    }

    @Test
    void aRunsReportIsMadeOfItsFiles(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("config.json"), "{\"method\": \"lora\", \"descent\": {\"beta1\": 0.9}, \"note\": \"<b>\"}");
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= 60; step++) {
            lines.append("{\"step\":").append(step).append(",\"epoch\":0.1,\"loss\":").append(step == 7 ? "\"NaN\"" : Double.toString(2.0 / step))
                    .append(",\"learningRate\":0.001,\"rho\":0.05,\"gradientNorm\":").append(step == 7 ? "\"NaN\"" : "1.5")
                    .append(",\"perturbationNorm\":0.05,\"clipped\":true,\"skipped\":").append(step == 7)
                    .append(",\"tokens\":100,\"seconds\":0.1,\"drift\":2.5}\n");
            if (step % 20 == 0) {
                lines.append("{\"step\":").append(step).append(",\"split\":\"dev\",\"loss\":1.5,\"metrics\":{\"accuracy\":0.").append(step).append(",\"f1\":0.7").append(60 - step).append("}}\n");
            }
        }
        lines.append("{\"step\":60,\"split\":\"test\",\"loss\":1.6,\"metrics\":{\"accuracy\":0.5432}}\n");
        Files.writeString(folder.resolve("metrics.jsonl"), lines);
        RunReport.write(folder);
        String html = Files.readString(folder.resolve("report.html"));
        for (String part : List.of("60 steps in 6.0 s", "1,000 tokens a second", "clipped in 60 steps, 1 were skipped", "0.5432", "0.6000",
                "Norm of the perturbation", "Drift of the factors", "descent.beta1", "&lt;b&gt;", "Dev accuracy", "<td>dev, best</td><td>60</td>")) {
            assertTrue(html.contains(part), part);
        }
        standsAlone(html);
        // The best is the best of the metric that the run chose by.
        Files.writeString(folder.resolve("config.json"), "{\"method\": \"lora\", \"metric\": \"f1\"}");
        RunReport.write(folder);
        String byF1 = Files.readString(folder.resolve("report.html"));
        assertTrue(byF1.contains("Dev f1") && byF1.contains("<td>dev, best</td><td>20</td>"));
    }
}
