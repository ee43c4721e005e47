package lowland.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import lowland.Failure;

/// `adapter_config.json` of a LoRA adapter, as PEFT reads and writes it.
///
/// | component | key | PEFT's default |
/// |---|---|---|
/// | `taskType` | `task_type` (`SEQ_CLS`, `CAUSAL_LM`, …; null for none) | null |
/// | `baseModel` | `base_model_name_or_path` (null for unknown) | null |
/// | `rank` | `r` | 8 |
/// | `alpha` | `lora_alpha` | 8 |
/// | `dropout` | `lora_dropout`, on the adapter's input only | 0 |
/// | `targets` | `target_modules`, sorted: last parts of module paths, or `all-linear` alone; empty for a regular expression | |
/// | `rankStabilized` | `use_rslora`: the scaling is α/√r instead of α/r | false |
/// | `modulesToSave` | `modules_to_save`: modules that are trained whole, the head | none |
/// | `dora` | `use_dora`: magnitudes of the rows beside the pairs | false |
public record PeftConfig(
        String taskType,
        String baseModel,
        int rank,
        double alpha,
        double dropout,
        List<String> targets,
        boolean rankStabilized,
        List<String> modulesToSave,
        boolean dora) {
    /// The file's name in an adapter's folder.
    public static final String NAME = "adapter_config.json";

    private static final String ALL_LINEAR = "all-linear";

    /// Settings that change what an adapter computes and that are not computed here: they have to be absent, null,
    /// false, 0, empty or "none".
    private static final List<String> UNSUPPORTED = List.of("use_qalora", "use_bdlora", "lora_bias", "bias", "fan_in_fan_out",
            "rank_pattern", "alpha_pattern", "target_parameters", "trainable_token_indices", "alora_invocation_tokens",
            "layer_replication", "arrow_config");

    /// Initialisations after which the base model is still the original one.
    private static final List<String> BASE_KEPT = List.of("true", "false", "gaussian", "eva", "orthogonal");

    public PeftConfig {
        if (rank < 1 || !Double.isFinite(alpha) || !(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("rank " + rank + ", alpha " + alpha + ", dropout " + dropout);
        }
        List<String> sorted = new ArrayList<>(targets);
        Collections.sort(sorted);
        targets = List.copyOf(sorted);
        modulesToSave = List.copyOf(modulesToSave);
    }

    /// Without magnitudes.
    public PeftConfig(String taskType, String baseModel, int rank, double alpha, double dropout, List<String> targets,
            boolean rankStabilized, List<String> modulesToSave) {
        this(taskType, baseModel, rank, alpha, dropout, targets, rankStabilized, modulesToSave, false);
    }

    /// The factor s on B·A: α/r, or α/√r where rank-stabilised.
    public double scaling() {
        return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
    }

    /// Whether a module of this path is adapted: PEFT takes a target as the whole path or as its last parts.
    public boolean adapts(String modulePath) {
        for (String target : targets) {
            if (target.equals(ALL_LINEAR) || modulePath.equals(target) || modulePath.endsWith("." + target)) {
                return true;
            }
        }
        return false;
    }

    /// Reads the file in an adapter's folder. Only `peft_type` has to be there.
    ///
    /// @throws Failure if it is missing, malformed, or asks for something that is not computed here
    public static PeftConfig read(Path folder) {
        Path file = folder.resolve(NAME);
        JsonFile json = JsonFile.read(file);
        String type = json.text("peft_type", "");
        if (!type.equals("LORA")) {
            throw Failure.of(file + ": \"peft_type\" is \"" + type + "\"; only LORA adapters can be read");
        }
        for (String key : UNSUPPORTED) {
            JsonNode value = json.root().path(key);
            boolean off = value.isMissingNode() || value.isNull() || value.isBoolean() && !value.booleanValue()
                    || value.isContainerNode() && value.isEmpty() || value.isNumber() && value.doubleValue() == 0
                    || value.isTextual() && value.textValue().equals("none");
            if (!off) {
                throw Failure.of(file + ": \"" + key + "\" is " + value + ", which is not supported; take an adapter without it");
            }
        }
        String start = json.has("init_lora_weights") ? json.root().get("init_lora_weights").asText() : "true";
        if (!BASE_KEPT.contains(start)) {
            throw Failure.of(file + ": \"init_lora_weights\" is \"" + start
                    + "\", which changes the base model; convert the adapter to plain LoRA with PEFT first");
        }
        double dropout = json.number("lora_dropout", 0);
        if (!(dropout >= 0 && dropout < 1)) {
            throw Failure.of(file + ": \"lora_dropout\" is " + dropout + ", expected from 0 to below 1");
        }
        return new PeftConfig(
                json.text("task_type", null),
                json.text("base_model_name_or_path", null),
                json.whole("r", 8, 1, 1 << 20),
                json.number("lora_alpha", 8),
                dropout,
                targets(json),
                json.truth("use_rslora", false),
                json.texts("modules_to_save"),
                json.truth("use_dora", false));
    }

    private static List<String> targets(JsonFile json) {
        JsonNode node = json.root().path("target_modules");
        if (node.isTextual()) {
            // A single text is `all-linear` or a regular expression; then the tensors themselves say which modules.
            return node.textValue().equals(ALL_LINEAR) ? List.of(ALL_LINEAR) : List.of();
        }
        return json.texts("target_modules");
    }

    /// Writes the file into an adapter's folder, for inference.
    ///
    /// @throws Failure if it cannot be written; an old file stays as it was
    public void write(Path folder) {
        ObjectNode json = JsonFile.object();
        json.put("peft_type", "LORA");
        json.put("task_type", taskType);
        json.put("base_model_name_or_path", baseModel);
        json.putNull("revision");
        json.put("inference_mode", true);
        json.put("r", rank);
        if (alpha == Math.rint(alpha) && Math.abs(alpha) < 1e9) {
            json.put("lora_alpha", (long) alpha);
        } else {
            json.put("lora_alpha", alpha);
        }
        json.put("lora_dropout", dropout);
        if (targets.equals(List.of(ALL_LINEAR))) {
            json.put("target_modules", ALL_LINEAR);
        } else {
            targets.forEach(json.putArray("target_modules")::add);
        }
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        if (modulesToSave.isEmpty()) {
            json.putNull("modules_to_save");
        } else {
            modulesToSave.forEach(json.putArray("modules_to_save")::add);
        }
        json.put("init_lora_weights", true);
        json.put("use_rslora", rankStabilized);
        json.put("use_dora", dora);
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        json.putNull("layers_to_transform");
        json.putNull("layers_pattern");
        JsonFile.write(folder.resolve(NAME), json);
    }
}
