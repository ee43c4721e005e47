package lowland.audit;

import lowland.rule.Broken;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1 Eq. 12: the claim `paper1-eq12`.
class Paper1Eq12Test {
    private static final Proof PROOF = Proof.of("paper1-eq12");

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
        PROOF.rejects(Broken.SCALING_MISSING, "Ḡ = G11 + ½G10 + ½G01", "‖G − Ḡ‖ = √(a/4 + b/4 + c)");
        PROOF.rejects(Broken.FACTORS_SWAPPED, "‖G − Eq. 10‖ = √(a + c)",
                "‖G − Eq. 11‖ = √(b + c)",
                "nearer than both iff 1/3 < a/b < 3, at a/b = 1.0",
                "nearer than both iff 1/3 < a/b < 3, at a/b = 2.9");
    }
}
