package lowland.audit;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/// One claim of a paper: what is printed, what holds, and how it is measured. The audit runs it, and so do the proofs.
///
/// @param name           as `--claims` takes it: `paper1-eq12`; the proof of the same name is `Paper1Eq12Test`
/// @param source         paper and equation
/// @param printed        what the paper says, its own letters turned into those of `lowland.rule`
/// @param holding        what holds and is measured; empty where that is the print
/// @param cases          random cases of an audit
/// @param check          measures one case
/// @param counterexample where the print fails, or null
public record Claim(String name, String source, Verdict verdict, String printed, String holding, int cases, Check check,
        Supplier<Counterexample> counterexample) {

    /// Measures one random case.
    @FunctionalInterface
    public interface Check {
        List<Measured> measure(Rules rules, Random random);
    }

    public Claim {
        if ((verdict == Verdict.FALSE_AS_PRINTED) != (counterexample != null)) {
            throw new IllegalArgumentException(name + ": a claim that is false as printed, and no other, has a counterexample");
        }
        if ((verdict == Verdict.HOLDS) != holding.isEmpty()) {
            throw new IllegalArgumentException(name + ": what holds in the print's place is said where the print does not, and only there");
        }
    }

    static Claim holds(String name, String source, String printed, int cases, Check check) {
        return new Claim(name, source, Verdict.HOLDS, printed, "", cases, check, null);
    }

    static Claim corrected(String name, String source, String printed, String holding, int cases, Check check) {
        return new Claim(name, source, Verdict.HOLDS_AS_CORRECTED, printed, holding, cases, check, null);
    }

    static Claim refuted(String name, String source, String printed, String holding, int cases, Check check,
            Supplier<Counterexample> counterexample) {
        return new Claim(name, source, Verdict.FALSE_AS_PRINTED, printed, holding, cases, check, counterexample);
    }
}
