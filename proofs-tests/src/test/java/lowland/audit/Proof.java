package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;

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

    /// Each of these quantities, by its whole name, shows in at least one of the first cases that the rules are wrong.
    void rejects(Rules rules, String... quantities) {
        rejects(random -> claim.check().measure(rules, random), quantities);
    }

    /// The same of the claim's own check on something else that is wrong.
    static void rejects(Function<Random, List<Measured>> check, String... quantities) {
        assertTrue(quantities.length > 0);
        Set<String> missing = new HashSet<>(List.of(quantities));
        Set<String> failing = new HashSet<>();
        for (long seed = 0; seed < CASES_TO_REJECT && !missing.isEmpty(); seed++) {
            check.apply(new Random(seed)).stream().filter(measured -> !measured.holds()).map(Measured::what).forEach(failing::add);
            missing.removeAll(failing);
        }
        assertTrue(missing.isEmpty(), () -> "not shown by " + missing + " but by " + failing);
    }
}
