package lowland.audit;

import java.util.List;
import lowland.descent.AdamW;
import lowland.rule.BiLora;
import lowland.rule.Broken;
import lowland.rule.LoraPair;
import lowland.rule.RuleState;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Prop. 4.1: the claim `prop41`.
class Prop41Test {
    private static final Proof PROOF = Proof.of("prop41");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    /// Adam's elementwise steps leave the columns of the gradients.
    @Example
    void anotherDescentIsRejected() {
        Rules adam = (_, at, state, inputs, _, oracle) -> {
            BiLora rule = BiLora.defaults();
            List<LoraPair> second = state.as(RuleState.Adversarial.class).auxiliaries();
            return rule.step(at, rule.initialState(at, second), inputs, AdamW.defaults(), oracle);
        };
        PROOF.rejects(adam, "Col B1 ⊆ Σ Col(G_k)", "Col B2 ⊆ Σ Col(G_k)", "Col B1 ⊆ Col B2 where the G_k have one column");
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.NOISE_FOR_SECOND_PAIR, "Col(ε_W) ⊆ Col B2");
    }
}
