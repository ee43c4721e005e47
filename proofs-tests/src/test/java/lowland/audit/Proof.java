package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import lowland.rule.Broken;

/// A claim as a test: each random case holds, the print fails where it is false, and broken rules are rejected.
record Proof(Claim claim) {
    private static final int CASES_TO_REJECT = 60;

    static Proof of(String name) {
        for (Claim claim : Claims.ofThePapers()) {
            if (claim.name().equals(name)) {
                return new Proof(claim);
            }
        }
        throw new IllegalArgumentException("no claim " + name);
    }

    /// The case of a seed.
    void holds(long seed) {
        List<Measured> all = claim.check().measure(Rules.LITERAL, new Random(seed));
        assertFalse(all.isEmpty());
        for (Measured measured : all) {
            assertTrue(measured.holds(), () -> claim.name() + ", seed " + seed + ": " + measured);
        }
    }

    /// The counterexample is one.
    void thePrintFails() {
        Counterexample counterexample = claim.counterexample().get();
        assertTrue(counterexample.refutes(), counterexample::toString);
    }

    /// Each of these is seen in at least one of the first cases.
    void rejects(Broken... broken) {
        assertTrue(broken.length > 0);
        for (Broken rules : broken) {
            assertTrue(rejects(rules), () -> claim.name() + " holds with " + rules);
        }
    }

    boolean rejects(Rules rules) {
        for (long seed = 0; seed < CASES_TO_REJECT; seed++) {
            for (Measured measured : claim.check().measure(rules, new Random(seed))) {
                if (!measured.holds()) {
                    return true;
                }
            }
        }
        return false;
    }
}
