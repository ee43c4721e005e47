package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// beside P1 Eq. 14: the claim `paper1-direction`.
class Paper1DirectionTest {
    private static final Proof PROOF = Proof.of("paper1-direction");

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    @Example
    void brokenRulesAreRejected() {
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "2√2/3 ≤ cos(s·E_B·A, G·P_A)", "2√2/3 at b = 2‖G11‖²");
        PROOF.rejects(Broken.SIGN_TIMES_G, "2√2/3 ≤ cos(s·E_B·A, G·P_A)");
        PROOF.rejects(Broken.FACTORS_SWAPPED, "2√2/3 at b = 2‖G11‖²");
    }
}
