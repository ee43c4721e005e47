package lowland.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import lowland.metric.Metrics;
import lowland.train.DemoMethod;
import lowland.train.DemoResult;
import org.junit.jupiter.api.Test;

class DemoTableTest {
    private static final Environment MACHINE = new Environment("a processor", 256, 2, "a vendor 25", "a system", 900_000_000);

    @Test
    void everyNumberIsThatOfTheResultsFile() {
        DemoResult result = MadeUp.result(List.of(0L, 1L, 2L));
        DemoTable table = DemoTable.of(result);
        JsonNode task = DemoJson.of("a model", List.of(result), MACHINE).path("tasks").get(0);
        int row = 0;
        for (JsonNode baseline : task.path("baselines")) {
            List<String> cells = table.rows().get(row++);
            assertEquals(baseline.path("name").asText(), cells.get(0));
            assertEquals(percent(baseline, "testAccuracy"), cells.get(1));
            assertEquals(percent(baseline, "macroF1"), cells.get(4));
        }
        for (JsonNode method : task.path("methods")) {
            List<String> cells = table.rows().get(row++);
            assertEquals(method.path("title").asText(), cells.get(0));
            assertEquals(percent(method, "testAccuracy") + " ± " + percent(method, "testAccuracyStandardError"), cells.get(1));
            assertEquals(String.format(Locale.ROOT, "%+.1f ± %s", 100 * method.path("aboveFrozen").asDouble(),
                    percent(method, "aboveFrozenStandardError")), cells.get(2));
            if (!method.path("name").asText().equals("lora")) {
                boolean rows = method.path("differenceRowsStandardError").asDouble() > method.path("differenceStandardError").asDouble();
                assertEquals(String.format(Locale.ROOT, "%+.1f ± %s%s", 100 * method.path("differenceToLora").asDouble(),
                        percent(method, rows ? "differenceRowsStandardError" : "differenceStandardError"),
                        method.path("withinNoise").asBoolean() ? " (within noise)" : ""), cells.get(3));
            }
            assertEquals(percent(method, "macroF1"), cells.get(4));
            assertEquals(String.format(Locale.ROOT, "%.2f ± %.2f", 1e4 * method.path("sharpness").asDouble(),
                    1e4 * method.path("sharpnessStandardError").asDouble()), cells.get(5));
            double norm = method.path("perturbationNorm").asDouble();
            assertEquals(norm, Double.parseDouble(cells.get(6)), 0.005 * norm);
            assertEquals(String.format(Locale.ROOT, "%.1f", method.path("millisecondsPerStep").asDouble()), cells.get(7));
            assertEquals(String.format(Locale.ROOT, "%.2f", method.path("timeOverLora").asDouble()), cells.get(8));
            assertEquals(String.format(Locale.ROOT, "%.1f MB", method.path("plannedBytes").path("total").asLong() * 1e-6), cells.get(9));
            assertEquals(method.path("gradientsPerStep").asDouble(), Double.parseDouble(cells.get(10)));
        }
        assertEquals(row, table.rows().size());
        assertEquals("sharpness, 1e-4", table.headings().get(5));
    }

    private static String percent(JsonNode node, String field) {
        assertTrue(node.path(field).isNumber(), () -> field + " of " + node.path("name"));
        return String.format(Locale.ROOT, "%.1f", 100 * node.path(field).asDouble());
    }

    @Test
    void noiseIsSaidWhereItHidesADifferenceAndOnlyThere() {
        DemoTable table = DemoTable.of(MadeUp.result(List.of(0L, 1L, 2L, 3L, 4L)));
        String last = table.rows().getLast().get(3);
        assertFalse(last.contains("noise"), last);
        long hidden = table.rows().stream().filter(row -> row.get(3).contains("within noise")).count();
        assertTrue(hidden > 0 && hidden < table.rows().size(), "hidden: " + hidden);
        assertTrue(DemoTable.of(MadeUp.result(List.of(0L, 1L))).notes().stream()
                .anyMatch(note -> note.startsWith("With 2 seeds and 5 comparisons a difference has to be 64 times its standard error")));
        assertTrue(DemoReport.html("m", List.of(MadeUp.result(List.of(0L, 1L))), MACHINE, 1)
                .contains("the noise of 2 seeds and of 6,330 test rows (after Holm for 5 comparisons)"));
    }

    /// Of 2,054 rows LoRA-SAM gains 60 and loses 52 with one seed, and one more or none more with the other: the seeds agree, the rows do not.
    @Test
    void seedsThatAgreeToARowAreNoDifference() {
        DemoResult near = MadeUp.pair(2054, new int[] {60, 61}, new int[] {52, 52});
        Metrics.Paired seeds = near.differences().getLast().seeds();
        // Student's t of one degree of freedom is Cauchy's distribution: mean 8.5 rows, standard error 0.5.
        assertEquals(1 - 2 / Math.PI * Math.atan(17), seeds.p(), 1e-9);
        assertEquals(8.5 / 2054, seeds.mean(), 1e-12);
        withinNoise(true, near);
        withinNoise(true, MadeUp.pair(2054, new int[] {60, 60}, new int[] {52, 52}));
    }

    @Test
    void aLargeDifferenceThatTheSeedsShareStandsOut() {
        withinNoise(false, MadeUp.pair(2054, new int[] {160, 165}, new int[] {52, 53}));
        withinNoise(false, MadeUp.pair(2054, new int[] {52, 53}, new int[] {160, 165}));
    }

    /// 100 and 90 rows more with two seeds have p 0.034 of Student's t, which stands out where nothing else is compared. With a second method
    /// beside it the least of the two would have to be at most 0.025.
    @Test
    void oneOfSeveralComparisonsNeedsASmallerP() {
        DemoResult alone = MadeUp.pair(2054, new int[] {160, 150}, new int[] {60, 60});
        withinNoise(false, alone);
        DemoResult.Method sam = alone.methods().getLast();
        DemoResult.Method base = alone.methods().getFirst();
        DemoResult.Method same = new DemoResult.Method(DemoMethod.usual().get(2), base.runs(), base.planned(), base.landscape());
        DemoResult two = new DemoResult(alone.plan(), alone.task(), alone.trainRows(), alone.devRows(), alone.testRows(), alone.baselines(),
                List.of(base, same, sam), 1);
        DemoResult.Difference difference = two.differences().get(2);
        assertEquals(2 * alone.differences().getLast().p(), difference.p(), 1e-12);
        assertEquals(1, two.differences().get(1).p());
        assertTrue(difference.withinNoise());
        assertEquals(difference.p(), DemoJson.of("m", List.of(two), MACHINE).at("/tasks/0/methods/2/differenceAdjustedP").asDouble());
    }

    /// The rows alone would have it (160 more and 20 more), the seeds do not.
    @Test
    void aLargeDifferenceOfOneSeedIsNoDifference() {
        DemoResult result = MadeUp.pair(2054, new int[] {212, 72}, new int[] {52, 52});
        assertTrue(result.differences().getLast().rows().p() < 1e-3);
        withinNoise(true, result);
    }

    /// Three equal thirds of a row are no spread, whatever the rounding of their mean.
    @Test
    void equalDifferencesTellNoSpread() {
        DemoResult result = MadeUp.pair(2051, new int[] {170, 170, 170}, new int[] {53, 53, 53});
        assertTrue(Double.isNaN(result.differences().getLast().seeds().p()));
        withinNoise(true, result);
        assertTrue(Double.isNaN(Metrics.paired(new double[] {0.1, 0.1, 0.1}, new double[3]).p()));
    }

    /// Table, report and results file say so, all three.
    private static void withinNoise(boolean expected, DemoResult result) {
        assertEquals(expected, DemoTable.of(result).rows().getLast().get(DemoTable.DIFFERENCE).endsWith(" (within noise)"));
        String html = DemoReport.html("m", List.of(result), MACHINE, 1);
        String noise = "the noise of " + result.plan().seeds().size() + " seeds and of " + String.format(Locale.ROOT, "%,d", result.testRows()) + " test rows";
        assertEquals(expected, html.contains("No method's accuracy differs from LoRA's beyond " + noise), noise);
        assertEquals(!expected, html.contains("Beyond " + noise + ", these differ from LoRA: LoRA-SAM"), noise);
        assertEquals(expected, DemoJson.of("m", List.of(result), MACHINE).at("/tasks/0/methods/1/withinNoise").asBoolean());
    }

    /// LoRA-SAM's is lower by 1.1, 1 and 0.9, of which p is 0.003; by 2, 1 and 0, of which it is 0.23; and by 2 with one seed, which has none.
    @Test
    void theFlattestIsNamedOnlyBeyondTheNoise() {
        DemoResult far = MadeUp.sharpness(new double[] {3e-4, 4e-4, 5e-4}, new double[] {1.9e-4, 3e-4, 4.1e-4});
        DemoResult near = MadeUp.sharpness(new double[] {3e-4, 4e-4, 5e-4}, new double[] {1e-4, 3e-4, 5e-4});
        // 0.041, which is 0.081 where either of two could have been the lowest.
        DemoResult chosen = MadeUp.sharpness(new double[] {3e-4, 4e-4, 5e-4}, new double[] {2.36e-4, 3e-4, 3.64e-4});
        DemoResult one = MadeUp.sharpness(new double[] {3e-4}, new double[] {1e-4});
        assertEquals("lora-sam", DemoJson.of("m", List.of(far), MACHINE).at("/tasks/0/flattest").asText());
        String named = "The lowest sharpness is that of LoRA-SAM, below the next (LoRA) beyond the noise of the seeds.";
        String hidden = "Noise hides whose sharpness is the lowest: the mean of LoRA-SAM is, but the seeds do not tell it from the next (LoRA).";
        assertTrue(DemoReport.html("m", List.of(far), MACHINE, 1).contains(named));
        assertFalse(DemoReport.html("m", List.of(far), MACHINE, 1).contains("Noise hides"));
        for (DemoResult within : List.of(near, chosen, one)) {
            assertTrue(DemoJson.of("m", List.of(within), MACHINE).at("/tasks/0/flattest").isNull());
            assertTrue(DemoReport.html("m", List.of(within), MACHINE, 1).contains(hidden));
            assertFalse(DemoReport.html("m", List.of(within), MACHINE, 1).contains("The lowest sharpness"));
        }
        assertEquals("3.00 ± 1.15", DemoTable.of(near).rows().getLast().get(5));
        assertEquals("1.00", DemoTable.of(one).rows().getLast().get(5));
    }

    @Test
    void whatIsAboveTheFrozenFeaturesIsPairedRowByRow() {
        DemoResult result = MadeUp.result(List.of(0L));
        double[] hits = result.base().runs().getFirst().hits();
        double[] frozen = result.frozen().hits();
        double gained = 0;
        double changed = 0;
        for (int row = 0; row < hits.length; row++) {
            gained += hits[row] - frozen[row];
            changed += Math.abs(hits[row] - frozen[row]);
        }
        int n = hits.length;
        Metrics.Paired above = result.toFrozen(result.base());
        assertEquals(gained / n, above.mean(), 1e-12);
        assertEquals(Math.sqrt((changed - gained * gained / n) / (n - 1) / n), above.standardError(), 1e-12);
        assertEquals(result.base().accuracy() - result.frozen().accuracy(), above.mean(), 1e-12);
    }

    @Test
    void aDifferenceStandsOutOnlyWithASmallPAndTwoStandardErrors() {
        assertFalse(DemoResult.withinNoise(new Metrics.Paired(5, 0.03, 0.01, 0.049)));
        assertFalse(DemoResult.withinNoise(new Metrics.Paired(5, -0.03, 0.01, 0.049)));
        assertTrue(DemoResult.withinNoise(new Metrics.Paired(5, 0.03, 0.01, 0.051)));
        assertTrue(DemoResult.withinNoise(new Metrics.Paired(500, 0.0199, 0.01, 0.046)));
        assertTrue(DemoResult.withinNoise(new Metrics.Paired(1, 0.03, Double.NaN, Double.NaN)));
        assertTrue(DemoResult.withinNoise(new Metrics.Paired(2, 0, 0, 1)));
        assertTrue(DemoResult.withinNoise(Metrics.paired(new double[] {0.51, 0.61}, new double[] {0.50, 0.60})));
    }

    @Test
    void oneSeedHasNoErrorAndNoSignificance() {
        DemoTable table = DemoTable.of(MadeUp.result(List.of(0L)));
        assertTrue(table.rows().stream().noneMatch(row -> row.get(1).contains("±") || row.get(3).contains("±")));
        assertTrue(table.rows().getLast().get(3).endsWith("(within noise)"));
        assertTrue(DemoJson.of("m", List.of(MadeUp.result(List.of(0L))), MACHINE).at("/tasks/0/methods/1/differenceP").isNull());
    }

    /// With LoRA alone there is no difference to explain.
    @Test
    void whatIsNotComparedIsNotExplained() {
        DemoResult pair = MadeUp.pair(2054, new int[] {160, 165}, new int[] {52, 53});
        DemoResult alone = new DemoResult(pair.plan(), pair.task(), pair.trainRows(), pair.devRows(), pair.testRows(), pair.baselines(),
                List.of(pair.base()), 1);
        assertEquals("± is the standard error over the seeds.", DemoTable.of(alone).notes().getFirst());
        assertTrue(DemoTable.of(alone).notes().stream().noneMatch(note -> note.contains("ifference")), () -> DemoTable.of(alone).notes().toString());
        assertTrue(DemoTable.of(pair).notes().get(1).startsWith("With 2 seeds and one comparison a difference has to be 13 times its standard error"),
                () -> DemoTable.of(pair).notes().toString());
    }

    @Test
    void columnsAlign() {
        String text = DemoTable.of(MadeUp.result(List.of(0L, 1L))).text(StandardCharsets.UTF_8);
        List<String> lines = text.lines().toList();
        int rule = lines.indexOf(lines.stream().filter(line -> line.startsWith("---")).findFirst().orElseThrow());
        int width = lines.get(rule).length();
        // All but the baselines fill their last column, which is right-aligned.
        for (int row = rule + 3; row < rule + 9; row++) {
            assertEquals(width, lines.get(row).length(), lines.get(row));
        }
        assertEquals(width, lines.get(rule - 1).length());
        assertTrue(StandardCharsets.US_ASCII.newEncoder().canEncode(DemoTable.of(MadeUp.result(List.of(0L, 1L))).text(StandardCharsets.US_ASCII)));
    }
}
