package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Theorem 2, reading: the claim `theorem2-direction`.
class Theorem2DirectionTest {
    private static final Proof PROOF = Proof.of("theorem2-direction");

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void thePrintFails() {
        PROOF.thePrintFails();
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "‖ê_{t−1} − ρ·∇L(w_t)/‖∇L(w_t)‖‖");
    }
}
