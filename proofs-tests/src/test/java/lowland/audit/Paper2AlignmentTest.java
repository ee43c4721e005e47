package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P2 §4, reading: the claim `paper2-alignment`.
class Paper2AlignmentTest {
    private static final Proof PROOF = Proof.of("paper2-alignment");

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
        PROOF.rejects(Broken.SECOND_PAIR_DESCENDS, "‹G, ΔE›", "−‹G, ΔE› ≤ 0");
    }
}
