package lowland.tornado;

import java.util.List;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.UpdateRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Whole steps of BERT with the rules that [TrainingTest] leaves out: what they alone have are the gradients of layer norms and embeddings in full
/// fine-tuning. Mostly kernels are compiled, for 18 to 61 seconds a rule on PoCL. By hand: `-Dtest=RulesCheck`.
class RulesCheck {
    static final List<UpdateRule> RULES = List.of(LoraPlus.defaults(), LoraOBar.defaults(), LoraNBar.defaults(), FullSam.defaults(),
            FullFineTuning.defaults());

    @ParameterizedTest
    @FieldSource("RULES")
    void everyOperationOfAStepIsWithinItsBound(UpdateRule rule) {
        TrainingTest.assertWithinBounds(rule, TrainingTest.SIZES);
    }
}
