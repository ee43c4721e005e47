package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 15: the claim `paper1-eq15`.
class Paper1Eq15Test {
    private static final Proof PROOF = Proof.of("paper1-eq15");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.SCALING_MISSING, "the residual is orthogonal to every E·A",
                "‖s·E_B·A − E_W‖ = ρ·½√a/‖Ḡ‖",
                "‖E_B‖ ≤ ρ/(|s|·σ⁺_min(A))");
        PROOF.rejects(Broken.TRANSPOSE_FOR_INVERSE, "the residual is orthogonal to every E·A");
    }
}
