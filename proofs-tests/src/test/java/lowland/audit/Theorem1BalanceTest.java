package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Theorem 1, conclusion: the claim `theorem1-balance`.
class Theorem1BalanceTest {
    private static final Proof PROOF = Proof.of("theorem1-balance");

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
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "rate = ρ(x + z)/√(x + y + 2z)", "it does not decrease: −rate ≤ 0");
    }
}
