package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import lowland.cpu.CpuDevice;
import lowland.rule.Broken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The claims as a whole; each has a proof of its own.
class ClaimsTest {

    /// `paper1-eq12` is proved by `Paper1Eq12Test`.
    @Test
    void everyClaimHasItsProof() {
        Set<String> names = new HashSet<>();
        for (Claim claim : Claims.ofThePapers()) {
            assertTrue(names.add(claim.name()), claim.name());
            StringBuilder proof = new StringBuilder("lowland.audit.");
            for (String part : claim.name().split("-")) {
                proof.append(Character.toUpperCase(part.charAt(0))).append(part.substring(1));
            }
            assertDoesNotThrow(() -> Class.forName(proof + "Test"), claim.name());
        }
    }

    /// Which claims reject which broken rule: every one is rejected by some.
    @ParameterizedTest
    @EnumSource(Broken.class)
    void everyBrokenRuleIsRejected(Broken broken) {
        List<String> by = Claims.ofThePapers().stream().filter(claim -> rejects(claim, broken)).map(Claim::name).toList();
        System.out.println(broken + ": rejected by " + String.join(", ", by));
        assertFalse(by.isEmpty());
    }

    private static boolean rejects(Claim claim, Broken broken) {
        for (long seed = 0; seed < 4; seed++) {
            if (claim.check().measure(broken, new Random(seed)).stream().anyMatch(measured -> !measured.holds())) {
                return true;
            }
        }
        return false;
    }

    private static List<Claim> steps(int threads) {
        return Steps.claims(() -> new CpuDevice(threads), () -> new CpuDevice(threads));
    }

    /// The two writings of the rules, and the device.
    @Test
    void stepsAndDevice() {
        for (Claim claim : steps(2)) {
            Finding finding = Finding.of(claim, Rules.LITERAL, 1);
            assertTrue(finding.asExpected(), finding::toString);
        }
    }

    @Test
    void theStepsProgramsAreNotThoseOfBrokenRules() {
        for (String name : List.of("step-lora-sam", "step-fmlora", "step-efmlora")) {
            Claim claim = steps(1).stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
            assertFalse(Finding.of(claim, Broken.PERTURBATION_DROPPED, 1).asExpected(), name);
        }
        Claim biLora = steps(1).stream().filter(c -> c.name().equals("step-bi-lora")).findFirst().orElseThrow();
        assertFalse(Finding.of(biLora, Broken.SECOND_PAIR_DESCENDS, 1).asExpected());
    }

    /// What does not compare does not hold, and an audit that finds it says so.
    @Test
    void nanDeviates() {
        Claim claim = Claim.holds("x", "y", "z", 1, (_, _) -> List.of(new Measured("first", 0, 1), new Measured("second", Double.NaN, 1)));
        Finding finding = Finding.of(claim, Rules.LITERAL, 0);
        assertFalse(finding.asExpected());
        assertEquals("second", finding.worst().what());
    }

    /// What rounding leaves of a zero refutes nothing.
    @Test
    void roundingIsNoCounterexample() {
        assertFalse(Counterexample.notEqual("x", "y", 0, 1e-12).refutes());
        assertFalse(Counterexample.notAtMost("x", "y", 0, 1e-12).refutes());
        assertFalse(Counterexample.notEqual("x", "y", 5, 5.001).refutes());
        assertTrue(Counterexample.notEqual("x", "y", 0, 0.01).refutes());
        assertTrue(Counterexample.notAtMost("x", "y", 5, 5.1).refutes());
        assertFalse(Counterexample.notAtMost("x", "y", 5, 4).refutes());
        assertFalse(Counterexample.notEqual("x", "y", 0, Double.NaN).refutes());
    }

    @Test
    void anInequalityThatFailsIsTold() {
        Claim claim = Claim.holds("x", "y", "z", 1,
                (_, _) -> List.of(new Measured("equal", 0, 1), Measured.atMost("at most", 2, 1, 0), Measured.atMost("fine", 1, 1, 0)));
        Finding finding = Finding.of(claim, Rules.LITERAL, 0);
        assertFalse(finding.asExpected());
        assertEquals("at most", finding.worst().what());
    }
}
