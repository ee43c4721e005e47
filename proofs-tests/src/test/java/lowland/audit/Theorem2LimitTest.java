package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Theorem 2, conclusion: the claim `theorem2-limit`.
class Theorem2LimitTest {
    private static final Proof PROOF = Proof.of("theorem2-limit");

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
        PROOF.rejects(Broken.SCALING_MISSING, "‖ê_t‖ ≤ u_t");
        PROOF.rejects(Broken.RADIUS_TENFOLD, "Δ_t ≤ (G + τ·max(u_{t−1}, ρ_t))(u_{t−1} + ρ_t)");
    }
}
