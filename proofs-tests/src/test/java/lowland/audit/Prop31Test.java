package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 Prop. 3.1: the claim `prop31`.
class Prop31Test {
    private static final Proof PROOF = Proof.of("prop31");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.PERTURBATION_DROPPED, "ε_A = ρ·gA/F");
        PROOF.rejects(Broken.SIGN_TIMES_G, "Col(B·ε_A) = Col B iff rank(P_B·G) = rank B", "Row(ε_B·A) = Row A iff rank(G·P_A) = rank A");
    }
}
