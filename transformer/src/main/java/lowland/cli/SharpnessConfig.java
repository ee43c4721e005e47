package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import lowland.descent.BarSchedule;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;

/// What a rule adds to `config.json`.
final class SharpnessConfig {
    private SharpnessConfig() {}

    static void put(ObjectNode config, UpdateRule rule) {
        switch (rule) {
            case Lora _, LoraSam _, FlatLora _, FullSam _, FullFineTuning _ -> { }
            case LoraPlus plus -> config.put("learningRateRatio", plus.ratio());
            case LoraOBar(BarSchedule alpha) -> put(config, alpha);
            case LoraNBar(BarSchedule alpha) -> put(config, alpha);
            case BiLora bi -> config.put("auxiliaryDirection", Choice.name(bi.role())).put("auxiliaryClip", Choice.name(bi.clip()));
            case FmLora fm -> config.put("perturb", Choice.name(fm.perturbed())).put("estimate", Choice.name(fm.estimate()));
            case EfmLora efm -> config.put("perturb", Choice.name(efm.perturbed())).put("estimate", Choice.name(efm.estimate()))
                    .put("ema", efm.ema()).put("emaStart", Choice.name(efm.start()));
        }
    }

    private static void put(ObjectNode config, BarSchedule alpha) {
        config.put("barAlpha", alpha.alpha()).put("barSchedule", Choice.name(alpha.shape()));
    }
}
