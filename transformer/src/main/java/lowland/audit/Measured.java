package lowland.audit;

import org.ejml.simple.SimpleMatrix;

/// One quantity of one case, and what it may be at most.
///
/// @param what       in a few words
/// @param error      the deviation, or for an inequality its left side
/// @param bound      what rounding allows, or the inequality's right side
/// @param inequality whether the bound is the claim's own and may well be met
public record Measured(String what, double error, double bound, boolean inequality) {

    /// A deviation and what rounding allows.
    public Measured(String what, double error, double bound) {
        this(what, error, bound, false);
    }

    /// |actual − expected| ≤ tolerance·scale, both sides relative to the scale.
    public static Measured equal(String what, double expected, double actual, double tolerance, double scale) {
        return relative(what, Math.abs(actual - expected), tolerance, scale);
    }

    /// ‖actual − expected‖ ≤ tolerance·scale, both sides relative to the scale.
    public static Measured equal(String what, SimpleMatrix expected, SimpleMatrix actual, double tolerance, double scale) {
        return relative(what, actual.minus(expected).normF(), tolerance, scale);
    }

    /// size ≤ tolerance·scale, both sides relative to the scale.
    public static Measured relative(String what, double size, double tolerance, double scale) {
        return new Measured(what, size == 0 ? 0 : size / scale, tolerance);
    }

    /// value ≤ limit·(1 + slack): an inequality, the slack for rounding alone.
    public static Measured atMost(String what, double value, double limit, double slack) {
        return new Measured(what, value, limit * (1 + slack), true);
    }

    /// Exactly equal.
    public static Measured same(String what, double expected, double actual) {
        return new Measured(what, expected == actual ? 0 : Math.abs(actual - expected), 0);
    }

    /// A condition: error 0 or ∞.
    public static Measured that(String what, boolean holds) {
        return new Measured(what, holds ? 0 : Double.POSITIVE_INFINITY, 0);
    }

    /// NaN never holds.
    public boolean holds() {
        return error <= bound;
    }

    /// The error in units of its bound; ∞ where it does not compare.
    public double ratio() {
        double ratio = error == 0 ? 0 : error / bound;
        return Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : ratio;
    }
}
