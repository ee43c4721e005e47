package lowland.audit;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.report.AuditPage;
import lowland.report.AuditText;
import lowland.report.Environment;
import lowland.rule.Broken;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /// The two writings of the rules, and the device.
    @Test
    void stepsAndDevice() {
        for (Claim claim : Steps.claims(() -> new CpuDevice(2), () -> new CpuDevice(2))) {
            Finding finding = Finding.of(claim, Rules.LITERAL, 1);
            assertTrue(finding.asExpected(), finding::toString);
        }
    }

    /// A step's program is that of its rule, and of none that is wrong.
    @Test
    void theStepsProgramsAreNotThoseOfBrokenRules() {
        Map<String, Rules> wrong = new HashMap<>();
        for (String name : List.of("lora-sam", "fmlora", "efmlora", "flat-lora", "full-sam")) {
            wrong.put("step-" + name, Broken.PERTURBATION_DROPPED);
        }
        wrong.put("step-lora", Broken.RATES_DIFFER);
        wrong.put("step-lora-plus", (_, at, state, inputs, descent, oracle) -> new LoraPlus(1).step(at, state, inputs, descent, oracle));
        wrong.put("step-lora-obar", (_, at, state, inputs, descent, oracle) -> LoraNBar.defaults().step(at, state, inputs, descent, oracle));
        wrong.put("step-lora-nbar", (_, at, state, inputs, descent, oracle) -> LoraOBar.defaults().step(at, state, inputs, descent, oracle));
        wrong.put("step-bi-lora", Broken.SECOND_PAIR_DESCENDS);
        List<Claim> claims = steps(WrongDevice.DOES_NOTHING).stream().filter(claim -> claim.name().startsWith("step-")).toList();
        assertEquals(wrong.keySet(), claims.stream().map(Claim::name).collect(Collectors.toSet()));
        for (Claim claim : claims) {
            assertFalse(Finding.of(claim, wrong.get(claim.name()), 1).asExpected(), claim.name());
        }
    }

    /// Which quantity of each claim about the device a wrong device breaks; the rest of what it does is right.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DOES_NOTHING         | not compared   | did not move
            SKIPS_DESCEND        | did not move   | did not move
            IGNORES_THE_OBSERVER | not compared   | -
            FORGETS              | did not move   | did not move
            INEXACT              | over its bound | -
            RADIUS_NEVER_ZERO    | -              | differ after three steps
            NEVER_PASSES         | guard          | guard
            """)
    void aWrongDeviceIsRejected(WrongDevice wrong, String operations, String radiusZero) {
        List<Claim> claims = steps(wrong).stream().filter(claim -> claim.name().startsWith("device-")).toList();
        assertEquals(12, claims.size());
        for (Claim claim : claims) {
            String named = claim.name().equals("device-radius-zero") ? radiusZero : operations;
            List<String> failing = claim.check().measure(Rules.LITERAL, new Random(1)).stream().filter(measured -> !measured.holds())
                    .map(Measured::what).toList();
            assertEquals(named.equals("-"), failing.isEmpty(), () -> claim.name() + " with " + wrong + ": " + failing);
            assertTrue(named.equals("-") || failing.stream().anyMatch(what -> what.contains(named)), () -> claim.name() + ": " + failing);
            assertEquals(!named.equals("differ after three steps") ? failing.size() : 6, failing.size(), "every rule with a radius");
        }
    }

    private static List<Claim> steps(WrongDevice wrong) {
        Device device = wrong.of(new CpuDevice(1));
        return Steps.claims(() -> device, () -> device);
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

    /// A counterexample in which the print holds is none: that is what deviates, and not what was measured.
    @Test
    void aCounterexampleThatStopsRefutingIsTold() {
        Claim claim = Claim.refuted("x", "y", "z", "w", 1, (_, _) -> List.of(new Measured("fine", 0, 1)),
                () -> Counterexample.notEqual("here", "twice two", 4, 4.0001));
        Finding finding = Finding.of(claim, Rules.LITERAL, 0);
        assertFalse(finding.asExpected());
        assertTrue(finding.measuredHolds());
        List<String> lines = AuditText.of(finding).lines().toList();
        assertTrue(lines.getFirst().contains("DEVIATES"), lines::toString);
        assertTrue(lines.contains("    does not fail: here: twice two: expected 4, found 4"), lines::toString);
        assertTrue(lines.stream().noneMatch(line -> line.contains("fine") || line.startsWith("    fails: ")), lines::toString);
        Claim named = Claim.refuted("prop0", "y", "z", "w", 1, claim.check(), claim.counterexample());
        String card = AuditPage.html(List.of(Finding.of(named, Rules.LITERAL, 0)), "cpu", Environment.here(1), 0, 1);
        assertTrue(card.contains("deviates") && card.contains("<b>does not fail at</b>"), card);
        assertEquals("1 claims: 0 hold, 0 hold as corrected, 0 are false as printed; 1 deviate. Seed 0, 1 s.",
                AuditText.summary(List.of(finding), 0, 1));
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
