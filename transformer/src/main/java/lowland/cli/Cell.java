package lowland.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import lowland.Failure;
import lowland.checkpoint.JsonFile;

/// One training of a table: `TASK/METHOD/seed-N` is its run folder, and `TASK/METHOD/seed-N.json`, written when it is done, what came
/// out. A cell whose file is there is never trained again. The bare model's cell, [#ZERO_SHOT], is an evaluation alone.
///
/// @param rate the learning rate where the table compares some, then part of its name; else null
/// @param rho the radius, likewise
/// @param arguments of `train` or `evaluate`, all that the result depends on
record Cell(PaperTable.Task task, String method, long seed, String rate, String rho, List<String> arguments) {
    /// What stands in a method's place for the model as it is.
    static final String ZERO_SHOT = "zero-shot";

    private static final ObjectMapper JSON = new ObjectMapper();

    /// What came out.
    ///
    /// @param dev the task's metric on dev, the best of all evaluations
    /// @param test the same on test, of the adapter that was best on dev; NaN without test rows
    /// @param step after which it was measured; 0 without training
    /// @param seconds of all steps
    record Result(double dev, double test, int step, int steps, double seconds) {}

    Path folder(Path out) {
        return out.resolve(task.name()).resolve(method).resolve(name());
    }

    Path file(Path out) {
        return out.resolve(task.name()).resolve(method).resolve(name() + ".json");
    }

    private String name() {
        return "seed-" + seed + (rate == null ? "" : "-rate-" + rate) + (rho == null ? "" : "-rho-" + rho);
    }

    boolean zeroShot() {
        return method.equals(ZERO_SHOT);
    }

    String title() {
        return task.title() + ", " + method + ", seed " + seed + (rate == null ? "" : ", learning rate " + rate)
                + (rho == null ? "" : ", rho " + rho);
    }

    /// What came out earlier; null where it is not done.
    ///
    /// @throws Failure if the file is of a training with other arguments
    Result read(Path out) {
        Path file = file(out);
        if (!Files.exists(file)) {
            return null;
        }
        JsonFile json = JsonFile.read(file);
        List<String> found = json.texts("train");
        if (!found.equals(arguments)) {
            throw Failure.of(file + " was made with other options: " + difference(found)
                    + "; give the same, or another folder with --out");
        }
        for (String key : List.of(zeroShot() ? "test" : "dev", "step", "steps", "seconds")) {
            if (!json.has(key)) {
                throw json.missing(key);
            }
        }
        return new Result(json.number("dev", Double.NaN), json.number("test", Double.NaN), json.whole("step", 0, Integer.MAX_VALUE),
                json.whole("steps", 0, Integer.MAX_VALUE), json.number("seconds", 0));
    }

    private String difference(List<String> found) {
        List<String> there = new ArrayList<>(found);
        List<String> here = new ArrayList<>(arguments);
        arguments.forEach(there::remove);
        found.forEach(here::remove);
        if (there.isEmpty() && here.isEmpty()) {
            return "the same words in another order, \"" + String.join(" ", found) + "\"";
        }
        return "it has \"" + String.join(" ", there) + "\", now it would have \"" + String.join(" ", here) + "\"";
    }

    /// Takes a run's result out of its metrics, and writes it down.
    Result finish(Path out) {
        return finish(out, measured(folder(out).resolve("metrics.jsonl")));
    }

    /// Writes down what came out of an evaluation.
    ///
    /// @param line of `evaluate --json`
    Result finish(Path out, String line) {
        Path folder = file(out).getParent();
        try {
            Files.createDirectories(folder);
            return finish(out, new Result(Double.NaN, JSON.readTree(line).get("metrics").get(task.metric()).asDouble(), 0, 0, 0));
        } catch (JacksonException e) {
            throw new IllegalStateException(line, e);
        } catch (IOException e) {
            throw Failure.of("cannot make the folder " + folder + ": " + Failure.reason(e) + "; choose another with --out", e);
        }
    }

    private Result finish(Path out, Result result) {
        ObjectNode json = JsonFile.object().put("task", task.task()).put("method", method).put("seed", seed).put("metric", task.metric())
                .put("dev", Double.isNaN(result.dev) ? null : result.dev).put("test", Double.isNaN(result.test) ? null : result.test)
                .put("step", result.step).put("steps", result.steps).put("seconds", result.seconds)
                .put("lowland", Versions.lowland());
        arguments.forEach(json.putArray("train")::add);
        JsonFile.write(file(out), json);
        return result;
    }

    private Result measured(Path metrics) {
        double test = Double.NaN;
        double best = Double.NaN;
        int at = 0;
        int steps = 0;
        double seconds = 0;
        try {
            for (String line : Files.readAllLines(metrics)) {
                JsonNode record = JSON.readTree(line);
                if (!record.has("split")) {
                    steps = record.get("step").asInt();
                    seconds += record.get("seconds").asDouble();
                    continue;
                }
                double score = record.get("metrics").get(task.metric()).asDouble();
                if (record.get("split").asText().equals("test")) {
                    test = score;
                } else if (score > best || Double.isNaN(best) && !Double.isNaN(score)) {
                    // As the run itself keeps its adapter: ties to the earlier, and no NaN in the place of a number.
                    best = score;
                    at = record.get("step").asInt();
                }
            }
        } catch (JacksonException e) {
            throw Failure.of(metrics + " is damaged: " + e.getOriginalMessage() + "; run it again", e);
        } catch (IOException e) {
            throw Failure.reading(metrics, e);
        }
        if (!Double.isFinite(best)) {
            throw Failure.of(title() + " ends with the " + task.metric() + " " + best + " on dev; lower the learning rate");
        }
        return new Result(best, test, at, steps, seconds);
    }

    /// Removes what a training left that did not come to its end.
    void clear(Path out) {
        Path folder = folder(out);
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> left = Files.walk(folder)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw Failure.of("cannot remove " + folder + ", a training that did not come to its end: " + Failure.reason(e)
                    + "; remove it by hand", e);
        }
    }
}
