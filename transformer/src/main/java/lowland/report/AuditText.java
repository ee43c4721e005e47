package lowland.report;

import java.util.List;
import java.util.Locale;
import lowland.audit.Counterexample;
import lowland.audit.Finding;
import lowland.audit.Verdict;

/// An audit as lines of text: one a claim, and below it what a wrong print says, what holds, and where the print fails.
public final class AuditText {

    private AuditText() {
    }

    /// One claim's lines.
    public static String of(Finding finding) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-22s  %-30s  %-18s  error %-8s  bound %s%n",
                finding.claim().name(), finding.claim().source(), finding.asExpected() ? finding.claim().verdict() : "DEVIATES",
                number(finding.worst().error()), number(finding.worst().bound())));
        if (!finding.measuredHolds()) {
            text.append("    measured: ").append(finding.worst().what()).append(System.lineSeparator());
        }
        if (finding.claim().verdict() != Verdict.HOLDS) {
            text.append("    print: ").append(finding.claim().printed()).append(System.lineSeparator());
            text.append("    holds: ").append(finding.claim().holding()).append(System.lineSeparator());
        }
        if (finding.counterexample() != null) {
            text.append(finding.refutes() ? "    fails: " : "    does not fail: ").append(counterexample(finding.counterexample()))
                    .append(System.lineSeparator());
        }
        return text.toString();
    }

    /// The last line: how many of which verdict.
    public static String summary(List<Finding> findings, long seed, double seconds) {
        int[] counts = new int[Verdict.values().length];
        int deviating = 0;
        for (Finding finding : findings) {
            counts[finding.claim().verdict().ordinal()] += finding.asExpected() ? 1 : 0;
            deviating += finding.asExpected() ? 0 : 1;
        }
        return String.format(Locale.ROOT, "%d claims: %d hold, %d hold as corrected, %d are false as printed; %d deviate. Seed %d, %.0f s.",
                findings.size(), counts[0], counts[1], counts[2], deviating, seed, seconds);
    }

    static String counterexample(Counterexample example) {
        return example.setting() + ": " + example.quantity() + ": expected " + number(example.printed()) + ", found "
                + number(example.found());
    }

    /// Three digits, plain where that is short.
    static String number(double x) {
        double size = Math.abs(x);
        return x == 0 ? "0" : size >= 1e-3 && size < 1e5 ? String.format(Locale.ROOT, "%.4g", x).replaceFirst("(\\.\\d*?)0+$", "$1")
                .replaceFirst("\\.$", "") : String.format(Locale.ROOT, "%.1e", x);
    }
}
