package lowland.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import lowland.train.Evaluation;
import lowland.train.StepRecord;

/// The lines of `metrics.jsonl` and of `--json`, an object each. A number that is not finite is its name in quotes: `"NaN"`.
final class JsonLine {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonLine() {}

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static String text(ObjectNode object) {
        try {
            return JSON.writeValueAsString(object);
        } catch (JacksonException e) {
            throw new IllegalStateException(e);
        }
    }

    static ObjectNode step(StepRecord record) {
        ObjectNode line = object();
        line.put("step", record.step());
        line.put("epoch", record.epoch());
        line.put("loss", record.loss());
        line.put("learningRate", record.learningRate());
        line.put("rho", record.rho());
        line.put("gradientNorm", record.gradientNorm());
        line.put("perturbationNorm", record.perturbationNorm());
        line.put("clipped", record.clipped());
        line.put("skipped", record.skipped());
        line.put("tokens", record.tokens());
        line.put("seconds", record.seconds());
        record.more().forEach((name, value) -> line.put(camelCase(name), value));
        return line;
    }

    /// Outputs of a program may be named in words: `auxiliary gradientNorm`.
    private static String camelCase(String words) {
        StringBuilder name = new StringBuilder();
        for (String word : words.split(" ")) {
            name.append(name.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return name.toString();
    }

    static ObjectNode evaluation(int step, String split, Evaluation evaluation) {
        ObjectNode line = object();
        line.put("step", step);
        line.put("split", split);
        return measured(line, evaluation);
    }

    static ObjectNode measured(ObjectNode line, Evaluation evaluation) {
        line.put("loss", evaluation.loss());
        ObjectNode metrics = line.putObject("metrics");
        evaluation.metrics().forEach(metrics::put);
        return line;
    }

    static void numbers(ArrayNode array, double... values) {
        for (double value : values) {
            array.add(value);
        }
    }
}
