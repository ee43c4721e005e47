package lowland.tornado;

import java.util.List;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.UpdateRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Whole steps of BERT with the rules that [TrainingTest] leaves out: they share their operations with those that are there, and each takes half a
/// minute of compiling kernels. By hand: `-Dtest=RulesCheck`.
class RulesCheck {
    static final List<UpdateRule> RULES = List.of(LoraPlus.defaults(), LoraOBar.defaults(), LoraNBar.defaults(), FullSam.defaults(),
            FullFineTuning.defaults());

    @ParameterizedTest
    @FieldSource("RULES")
    void everyOperationOfAStepIsWithinItsBound(UpdateRule rule) {
        TrainingTest.assertWithinBounds(rule, new Sizes(36, 3, 40, 50, 4, 2, true));
    }
}
