package lowland.tornado;

import java.util.List;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Whole steps of BERT with the rules that [TrainingTest] leaves out, and under DoRA. What they alone have are the gradients of layer norms and
/// embeddings in full fine-tuning, the noise of Flat-LoRA, which makes the weights a state that changes, and DoRA's norms of rows. Kernels are
/// compiled for most of the time: those of each rule twice, with a graph an operation and with a graph a stage. By hand: `-Dtest=RulesCheck`.
class RulesCheck {
    static final List<UpdateRule> RULES = List.of(FlatLora.defaults(), LoraPlus.defaults(), LoraOBar.defaults(), LoraNBar.defaults(),
            FullSam.defaults(), FullFineTuning.defaults());

    @ParameterizedTest
    @FieldSource("RULES")
    void stepsAreWithinTheirBoundsAndStagesGiveTheBitsOfTheirOperations(UpdateRule rule) {
        TrainingTest.assertSteps(rule, TrainingTest.SIZES);
    }

    @Test
    void stepsUnderDora() {
        TrainingTest.assertSteps(EfmLora.defaults(), new Sizes(36, 3, 40, 50, 4, 2, true, true));
    }
}
