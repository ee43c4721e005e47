package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Theorem 1, Eq. 17: the claim `theorem1`.
class Theorem1Test {
    private static final Proof PROOF = Proof.of("theorem1");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.FIRST_GRADIENT_TWICE, "rate = ‹E_B, gB(B̃, A)›",
                "d(BᵀB − AAᵀ)/dt = E_Bᵀ·gB + gBᵀ·E_B",
                "the descent's gradient is that at (B̃, A)");
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "rate = (ρ/|s|)·‖gB(B̃, A)‖/‖y‖ where G = u·yᵀ");
        PROOF.rejects(Broken.SCALING_MISSING, "rate = (ρ/|s|)·‖gB(B̃, A)‖/‖y‖ where G = u·yᵀ", "|rate| ≤ (ρ/|s|)·‖gB(B̃, A)‖/σ⁺_min(A)");
    }
}
