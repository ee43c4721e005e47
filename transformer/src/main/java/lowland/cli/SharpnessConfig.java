package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;

/// What a rule adds to `config.json`.
final class SharpnessConfig {
    private SharpnessConfig() {}

    static void put(ObjectNode config, UpdateRule rule) {
        switch (rule) {
            case Lora _, LoraSam _, BiLora _ -> { }
            case FmLora fm -> config.put("perturb", Choice.name(fm.perturbed())).put("estimate", Choice.name(fm.estimate()));
            case EfmLora efm -> config.put("perturb", Choice.name(efm.perturbed())).put("estimate", Choice.name(efm.estimate()))
                    .put("ema", efm.ema()).put("emaStart", Choice.name(efm.start()));
        }
    }
}
