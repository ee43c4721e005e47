package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Theorem 2, Eq. 19: the claim `theorem2`.
class Theorem2Test {
    private static final Proof PROOF = Proof.of("theorem2");

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
        PROOF.rejects(Broken.RADIUS_TENFOLD, "E Δ_t ≤ (τρ0 + G + σ)(ρ_t + ρ0(1 + (1−β)^{t−1}))",
                "Δ_t of each batch, G of its gradients, σ = 0");
    }
}
