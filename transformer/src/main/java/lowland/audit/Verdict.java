package lowland.audit;

/// What an audit says of a claim.
public enum Verdict {
    /// True as it is printed.
    HOLDS("holds"),
    /// A slip of the print; the form beside it holds.
    HOLDS_AS_CORRECTED("holds as corrected"),
    /// Not true; a counterexample shows it, and what holds in its place is measured.
    FALSE_AS_PRINTED("false as printed");

    private final String words;

    Verdict(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
