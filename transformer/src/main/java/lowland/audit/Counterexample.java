package lowland.audit;

/// A fixed case in which a printed statement fails.
///
/// @param setting  the case
/// @param quantity what is looked at
/// @param printed  what the print says it is, or is at most, or tends to
/// @param found    what it is
/// @param refutes  whether the two differ in the way that the statement excludes, by more than any rounding
public record Counterexample(String setting, String quantity, double printed, double found, boolean refutes) {

    /// The print says that they are equal.
    public static Counterexample notEqual(String setting, String quantity, double printed, double found) {
        return new Counterexample(setting, quantity, printed, found, Math.abs(found - printed) > 1e-3 * Math.abs(printed));
    }

    /// The print says that it is at most so much.
    public static Counterexample notAtMost(String setting, String quantity, double printed, double found) {
        return new Counterexample(setting, quantity, printed, found, found > printed + 1e-3 * Math.abs(printed));
    }
}
