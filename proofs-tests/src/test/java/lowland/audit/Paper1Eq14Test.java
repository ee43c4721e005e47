package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 14: the claim `paper1-eq14`.
class Paper1Eq14Test {
    private static final Proof PROOF = Proof.of("paper1-eq14");

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
        PROOF.rejects(Broken.DESCENT_FOR_ASCENT, "‹G, s·E_B·A›");
        PROOF.rejects(Broken.SIGN_TIMES_G, "‖s·E_B·A‖", "‹G, s·E_B·A›");
        PROOF.rejects(Broken.FACTORS_SWAPPED, "‹G, s·E_B·A›");
        PROOF.rejects(Broken.RADIUS_TENFOLD, "‹G, s·E_B·A› ≤ ρ‖G·P_A‖");
    }
}
