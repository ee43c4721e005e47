package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lowland.data.DataSet;
import lowland.data.Example;
import lowland.train.DemoMethod;
import lowland.train.DemoPlan;
import lowland.train.DemoTask;
import lowland.train.Pretrained;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The demonstration from its arguments to its files, with a model of two narrow layers on a task of a few rows.
class DemoCommandTest {
    private static final List<String> LABELS = List.of("bad", "good");

    @TempDir
    Path folder;

    private static String model() {
        try {
            return Path.of(DemoCommandTest.class.getResource("/golden/roberta").toURI()).toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Shell run(DemoCommand.Course course, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
        Streams streams = new Streams(InputStream.nullInputStream(), new PrintStream(out, true, StandardCharsets.UTF_8), errors, false);
        CommandLine line = new CommandLine(new DemoCommand(streams, model(), course));
        line.setExecutionExceptionHandler((e, _, _) -> {
            errors.println(e.getMessage());
            return 1;
        });
        int exit = line.execute(args);
        return new Shell(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static List<Example> examples(int from, int to) {
        List<Example> examples = new ArrayList<>();
        for (String[] row : Films.rows(from, to)) {
            examples.add(new Example(examples.size() + 1, row[0], null, LABELS.indexOf(row[1]), Double.NaN));
        }
        return examples;
    }

    private static DemoCommand.Part part(Pretrained pretrained, List<DemoMethod> methods, List<Long> seeds, String name, List<Example> train) {
        DataSet data = new DataSet(name, LABELS, train, examples(12, 14), examples(20, 27), false);
        return new DemoCommand.Part(DemoTask.of(data, pretrained),
                new DemoPlan(name, methods, seeds, 2, 4, 3e-3, 1e-3, 8, 1, 2, 2, 2, 1, 0.01, 2, 3, 10));
    }

    @Test
    void leavesTableReportResultsAndAdaptersThatEvaluate() throws IOException {
        Path out = folder.resolve("demo");
        Shell demo = run((pretrained, methods, seeds, _) -> List.of(part(pretrained, methods, seeds, "films", examples(0, 10))),
                "--methods", "lora,bi-lora", "--seeds", "2", "--out", out.toString());
        assertEquals(0, demo.exit(), demo.err());
        JsonNode task = new ObjectMapper().readTree(out.resolve("results.json").toFile()).at("/tasks/0");
        assertEquals(8, task.get("trainRows").asInt());
        assertTrue(demo.out().contains("films: 2 steps of 4 rows, 2 seeds, 7 test rows"), demo.out());
        String report = Files.readString(out.resolve("report.html"));
        for (JsonNode method : task.get("methods")) {
            String row = demo.out().lines().filter(line -> line.startsWith(method.get("title").asText() + " ")).findFirst().orElseThrow();
            assertTrue(row.matches(String.format(Locale.ROOT, "\\S+ +%.1f ± %.1f .*", 100 * method.get("testAccuracy").asDouble(),
                    100 * method.get("testAccuracyStandardError").asDouble())), row);
            assertTrue(report.contains(">" + method.get("title").asText() + "<"));
        }
        assertTrue(demo.out().stripTrailing().endsWith("s. Report: " + out.resolve("report.html")), demo.out());

        Path test = Films.tsv(folder.resolve("test.tsv"), Films.rows(20, 27));
        Shell evaluated = Shell.run("evaluate", "--model", model(), "--adapter", out.resolve("films/bi-lora/adapter").toString(), "--task",
                test.toString(), "--json");
        assertEquals(0, evaluated.exit(), evaluated.err());
        JsonNode again = new ObjectMapper().readTree(evaluated.out());
        JsonNode first = task.at("/methods/1/runs/0");
        assertEquals("bi-lora", task.at("/methods/1/name").asText());
        assertEquals(first.get("testLoss"), again.get("loss"));
        assertEquals(first.get("testAccuracy"), again.at("/metrics/accuracy"));
        assertTrue(Files.exists(out.resolve("films/lora/adapter/adapter_model.safetensors")));
    }

    /// What is finished is shown and on disk before the next task begins; a training row of the second has no class.
    @Test
    void aTaskThatFailsTakesNoFinishedOneWithIt() throws IOException {
        Path out = folder.resolve("demo");
        Shell demo = run((pretrained, methods, seeds, _) -> List.of(part(pretrained, methods, seeds, "films", examples(0, 10)),
                part(pretrained, methods, seeds, "broken", List.of(new Example(1, "a film", null, 2, Double.NaN)))),
                "--methods", "lora", "--seeds", "1", "--out", out.toString());
        assertEquals(1, demo.exit(), demo.err());
        assertTrue(demo.out().contains("films: 2 steps of 4 rows") && demo.out().lines().anyMatch(line -> line.startsWith("LoRA ")), demo.out());
        assertFalse(demo.out().contains("Report:"), demo.out());
        JsonNode tasks = new ObjectMapper().readTree(out.resolve("results.json").toFile()).get("tasks");
        assertEquals(1, tasks.size());
        assertEquals("films", tasks.at("/0/task").asText());
        assertTrue(Files.readString(out.resolve("report.html")).contains("Results: films"));
    }

    /// A file is where the adapters' folder should be.
    @Test
    void adaptersThatCannotBeSavedTakeNeitherTableNorReportWithThem() throws IOException {
        Path out = Files.createDirectories(folder.resolve("demo"));
        Shell demo = run((pretrained, methods, seeds, _) -> {
            try {
                Files.createFile(out.resolve("films"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return List.of(part(pretrained, methods, seeds, "films", examples(0, 10)));
        }, "--methods", "lora,bi-lora", "--seeds", "2", "--out", out.toString());
        assertEquals(1, demo.exit());
        for (String title : List.of("LoRA", "Bi-LoRA")) {
            assertEquals(1, demo.err().lines().filter(line -> line.startsWith("note: " + title + " is compared, but not saved: ")
                    && line.contains(out.resolve("films").toString())).count(), demo.err());
            assertTrue(demo.out().lines().anyMatch(line -> line.startsWith(title + " ")), demo.out());
        }
        assertEquals(2, new ObjectMapper().readTree(out.resolve("results.json").toFile()).at("/tasks/0/methods").size());
        assertTrue(demo.out().contains("Report:"), demo.out());
        assertTrue(Files.readString(out.resolve("report.html")).contains("Results: films"));
    }

    @Test
    void theTableIsShownEvenWhereNoFileCanBeWritten() {
        Path out = folder.resolve("demo");
        Shell demo = run((pretrained, methods, seeds, _) -> {
            try {
                Files.createDirectory(out.resolve("results.json")); // in the way
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return List.of(part(pretrained, methods, seeds, "films", examples(0, 10)));
        }, "--methods", "lora", "--seeds", "1", "--out", out.toString());
        assertEquals(1, demo.exit());
        assertTrue(demo.err().contains("cannot write " + out.resolve("results.json")), demo.err());
        assertTrue(demo.out().lines().anyMatch(line -> line.startsWith("LoRA ")), demo.out());
    }
}
