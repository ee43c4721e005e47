package lowland.audit;

import java.util.Random;

/// What an audit of one claim found.
///
/// @param equality       the deviation that came nearest to its bound, or went beyond; null if there are inequalities alone
/// @param inequality     the same of the inequalities; null if there are none
/// @param cases          random cases
/// @param counterexample null where the print holds
public record Finding(Claim claim, Measured equality, Measured inequality, int cases, Counterexample counterexample) {

    /// Measures a claim's random cases, the same for one seed, and its counterexample.
    public static Finding of(Claim claim, Rules rules, long seed) {
        Random random = new Random(seed);
        Measured equality = null;
        Measured inequality = null;
        for (int i = 0; i < claim.cases(); i++) {
            for (Measured measured : claim.check().measure(rules, random)) {
                if (measured.inequality()) {
                    inequality = worse(inequality, measured);
                } else {
                    equality = worse(equality, measured);
                }
            }
        }
        Counterexample counterexample = claim.counterexample() == null ? null : claim.counterexample().get();
        return new Finding(claim, equality, inequality, claim.cases(), counterexample);
    }

    private static Measured worse(Measured before, Measured measured) {
        boolean worse = before == null || before.holds() && !measured.holds()
                || before.holds() == measured.holds() && measured.ratio() > before.ratio();
        return worse ? measured : before;
    }

    /// What tells most: what does not hold, else the deviation, else the inequality.
    public Measured worst() {
        return equality == null || equality.holds() && inequality != null && !inequality.holds() ? inequality : equality;
    }

    /// Whether the claim stands as its verdict says: all bounds kept, and the counterexample, if there is one, refutes the print.
    public boolean asExpected() {
        return measuredHolds() && refutes();
    }

    /// Whether anything was measured, and all of it is within its bounds.
    public boolean measuredHolds() {
        return worst() != null && worst().holds();
    }

    /// Whether the counterexample, if there is one, is one.
    public boolean refutes() {
        return counterexample == null || counterexample.refutes();
    }
}
