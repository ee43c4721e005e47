package lowland.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import lowland.Failure;

/// What `config.json` says that a head answers: `id2label`, or `label2id` alone, and `problem_type`.
///
/// @param names in the order of the logits; empty where nothing is said
record ConfigLabels(List<String> names, boolean regression) {
    /// @throws Failure if the numbers are not 0, 1, …, a name is there twice, or the two maps contradict each other
    static ConfigLabels read(Path file) {
        JsonFile json = JsonFile.read(file);
        List<String> byNumber = ordered(json, "id2label", true);
        List<String> byName = ordered(json, "label2id", false);
        if (!byNumber.isEmpty() && !byName.isEmpty() && !byNumber.equals(byName)) {
            throw Failure.of(file + ": \"id2label\" says " + byNumber + ", \"label2id\" says " + byName + "; correct one of them");
        }
        return new ConfigLabels(byNumber.isEmpty() ? byName : byNumber, json.text("problem_type", "").equals("regression"));
    }

    private static List<String> ordered(JsonFile json, String key, boolean numberFirst) {
        JsonNode map = json.root().path(key);
        if (map.isMissingNode() || map.isNull()) {
            return List.of();
        }
        String[] names = new String[map.size()];
        boolean good = map.isObject();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String number = numberFirst ? entry.getKey() : entry.getValue().asText();
            int index = number.matches("\\d{1,6}") ? Integer.parseInt(number) : names.length;
            good &= index < names.length && names[index] == null && (entry.getValue().isTextual() || entry.getValue().isIntegralNumber());
            if (good) {
                names[index] = numberFirst ? entry.getValue().asText() : entry.getKey();
            }
        }
        if (!good || new HashSet<>(List.of(names)).size() != names.length) {
            throw Failure.of(json.source() + ": \"" + key + "\" is " + map
                    + ", expected each number from 0 on and its own label; correct it");
        }
        return new ArrayList<>(List.of(names));
    }
}
