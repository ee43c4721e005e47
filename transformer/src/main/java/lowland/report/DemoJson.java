package lowland.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import lowland.checkpoint.JsonFile;
import lowland.metric.Metrics;
import lowland.train.DemoMethod;
import lowland.train.DemoPlan;
import lowland.train.DemoResult;
import lowland.train.Landscape;
import lowland.train.StepRecord;

/// `results.json`: every number that a demonstration measured, unrounded. What is not a number (a standard error of one seed) is null.
public final class DemoJson {
    private DemoJson() {}

    public static ObjectNode of(String model, List<DemoResult> results, Environment environment) {
        ObjectNode json = JsonFile.object();
        json.put("model", model);
        ObjectNode on = json.putObject("environment");
        on.put("processor", environment.processor());
        on.put("vectorBits", environment.vectorBits());
        on.put("threads", environment.threads());
        on.put("java", environment.java());
        on.put("system", environment.system());
        on.put("peakProcessBytes", environment.peakBytes());
        ArrayNode tasks = json.putArray("tasks");
        for (DemoResult result : results) {
            task(tasks.addObject(), result);
        }
        return json;
    }

    private static void task(ObjectNode json, DemoResult result) {
        json.put("task", result.task());
        json.put("trainRows", result.trainRows());
        json.put("devRows", result.devRows());
        json.put("testRows", result.testRows());
        number(json, "seconds", result.seconds());
        plan(json.putObject("plan"), result.plan());
        ArrayNode baselines = json.putArray("baselines");
        for (DemoResult.Baseline baseline : result.baselines()) {
            ObjectNode node = baselines.addObject();
            node.put("name", baseline.title());
            number(node, "testAccuracy", baseline.accuracy());
            number(node, "macroF1", baseline.macroF1());
            node.put("how", baseline.how());
        }
        json.put("flattest", result.flattest().map(method -> method.method().name()).orElse(null));
        ArrayNode methods = json.putArray("methods");
        List<DemoResult.Difference> differences = result.differences();
        for (int i = 0; i < differences.size(); i++) {
            method(methods.addObject(), result, result.methods().get(i), differences.get(i));
        }
    }

    private static void plan(ObjectNode json, DemoPlan plan) {
        plan.seeds().forEach(json.putArray("seeds")::add);
        json.put("steps", plan.steps());
        json.put("batchSize", plan.batchSize());
        json.put("learningRate", plan.learningRate());
        json.put("headLearningRate", plan.headLearningRate());
        json.put("warmUpSteps", plan.warmUp());
        json.put("devCurveRows", plan.devRows());
        json.put("devEvery", plan.devEvery());
        json.put("sharpnessRows", plan.sharpnessRows());
        json.put("sharpnessDirections", plan.directions());
        json.put("directionShare", plan.share());
        json.put("landscapeRows", plan.landscapeRows());
        json.put("landscapeSide", plan.side());
        json.put("landscapeReach", plan.reach());
    }

    private static void method(ObjectNode json, DemoResult result, DemoResult.Method method, DemoResult.Difference difference) {
        DemoMethod of = method.method();
        Metrics.Paired aboveFrozen = result.toFrozen(method);
        json.put("name", of.name());
        json.put("title", of.title());
        json.put("rule", of.rule().toString());
        json.put("rho", of.rho());
        number(json, "gradientsPerStep", method.gradientsPerStep());
        json.put("skippedSteps", method.skipped());
        json.put("steps", result.plan().steps() * of.steps());
        number(json, "testAccuracy", method.accuracy());
        number(json, "testAccuracyStandardError", method.accuracyError());
        number(json, "aboveFrozen", aboveFrozen.mean());
        number(json, "aboveFrozenStandardError", aboveFrozen.standardError());
        number(json, "differenceToLora", difference.mean());
        number(json, "differenceStandardError", difference.seeds().standardError());
        number(json, "differenceP", difference.seeds().p());
        number(json, "differenceRowsStandardError", difference.rows().standardError());
        number(json, "differenceRowsP", difference.rows().p());
        number(json, "differenceAdjustedP", difference.p());
        json.put("withinNoise", difference.withinNoise());
        number(json, "macroF1", method.macroF1());
        number(json, "sharpness", method.sharpness());
        number(json, "sharpnessStandardError", method.sharpnessError());
        number(json, "perturbationNorm", method.perturbation());
        number(json, "millisecondsPerStep", 1e3 * method.stepSeconds());
        number(json, "lowerQuartileMilliseconds", 1e3 * method.quantile(0.25));
        number(json, "upperQuartileMilliseconds", 1e3 * method.quantile(0.75));
        number(json, "timeOverLora", result.ratio(method));
        ObjectNode planned = json.putObject("plannedBytes");
        planned.put("states", method.planned().states());
        planned.put("arena", method.planned().arena());
        planned.put("packed", method.planned().packed());
        planned.put("total", method.planned().total());
        landscape(json.putObject("landscape"), method.landscape());
        ArrayNode runs = json.putArray("runs");
        for (DemoResult.Run run : method.runs()) {
            run(runs.addObject(), run);
        }
    }

    private static void landscape(ObjectNode json, Landscape landscape) {
        json.put("reach", landscape.reach());
        ArrayNode rows = json.putArray("loss");
        for (double[] row : landscape.loss()) {
            ArrayNode values = rows.addArray();
            for (double value : row) {
                add(values, value);
            }
        }
    }

    private static void run(ObjectNode json, DemoResult.Run run) {
        json.put("seed", run.seed());
        number(json, "testAccuracy", run.accuracy());
        number(json, "macroF1", run.macroF1());
        number(json, "testLoss", run.testLoss());
        number(json, "sharpness", run.sharpness());
        number(json, "perturbationNorm", run.perturbation());
        ArrayNode dev = json.putArray("dev");
        for (DemoResult.Point point : run.dev()) {
            ObjectNode node = dev.addObject();
            node.put("step", point.step());
            number(node, "loss", point.loss());
            number(node, "accuracy", point.accuracy());
        }
        ArrayNode loss = json.putArray("loss");
        ArrayNode norm = json.putArray("perturbationNorms");
        ArrayNode seconds = json.putArray("seconds");
        ArrayNode tokens = json.putArray("tokens");
        for (StepRecord step : run.steps()) {
            add(loss, step.loss());
            add(norm, step.perturbationNorm());
            add(seconds, step.seconds());
            tokens.add(step.tokens());
        }
    }

    private static void number(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        } else {
            json.putNull(name);
        }
    }

    private static void add(ArrayNode json, double value) {
        if (Double.isFinite(value)) {
            json.add(value);
        } else {
            json.addNull();
        }
    }
}
