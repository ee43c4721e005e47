package lowland.report;

import java.util.List;
import java.util.Locale;
import lowland.audit.Finding;
import lowland.audit.Measured;
import lowland.audit.Verdict;

/// An audit as one HTML file: each claim with its formula as printed and as it holds, the counterexample's numbers, and what was measured.
public final class AuditPage {
    private static final String STYLE = """
            <style>
            .claim { margin: 14px 0; border-left: 5px solid var(--c); }
            .claim h3 { font-size: 16px; }
            .claim h3 .source { font-weight: 400; color: var(--soft); margin-left: 10px; }
            .verdict { float: right; font-size: 13px; font-weight: 600; color: var(--c); }
            .formula { font: 17px/1.5 "Cambria Math", "STIX Two Math", "DejaVu Serif", Georgia, serif; margin: 8px 0; max-width: none; }
            .formula.false { color: var(--soft); text-decoration: line-through; text-decoration-thickness: 1px;
              text-decoration-color: var(--s1); }
            .formula b, .fails b { font: 600 12px system-ui, "DejaVu Sans", sans-serif; color: var(--soft); display: inline-block;
              width: 76px; }
            .fails { max-width: none; margin: 6px 0; }
            .measured { font-size: 13px; color: var(--soft); margin: 6px 0 0; max-width: none; }
            .holds { --c: var(--s2); } .corrected { --c: var(--s3); } .refuted { --c: var(--s1); } .deviates { --c: #c40035; }
            .letters td { white-space: normal; text-align: left; }
            .letters td:first-child { white-space: nowrap; font-family: "Cambria Math", "STIX Two Math", "DejaVu Serif", Georgia, serif; }
            </style>
            """;

    private static final List<List<String>> LETTERS = List.of(
            List.of("W = W0 + s·B·A", "the adapted weight, n×m; B is n×R, A is R×m, R small; s is the scaling, alpha/R"),
            List.of("G, gB, gA", "the gradients of the loss L: ∂L/∂W, ∂L/∂B = s·G·Aᵀ, ∂L/∂A = s·Bᵀ·G"),
            List.of("ε, E, ρ", "a perturbation, and the radius that bounds it: SAM descends along the gradient at w + ε, where the loss"
                    + " is high"),
            List.of("X⁺", "pseudo-inverse: X⁺·X projects onto the rows of X, X·X⁺ onto its columns"),
            List.of("P_A = A⁺A, P_B = BB⁺, Q = I − P", "projections onto the rows of A, the columns of B, and onto what they leave out"),
            List.of("a, b, c, x, y, z",
                    "a = ‖P_B·G·Q_A‖², b = ‖Q_B·G·P_A‖², c = ‖Q_B·G·Q_A‖², x = ‖G·P_A‖², y = ‖P_B·G‖², z = ‖P_B·G·P_A‖²"),
            List.of("‖X‖, ‹X, Y›", "Frobenius norm √ΣX_ij², and inner product ΣX_ij·Y_ij"));

    private AuditPage() {
    }

    /// @param device  what executed the programs
    /// @param seconds that the audit took
    public static String html(List<Finding> findings, String device, Environment environment, long seed, double seconds) {
        Page page = new Page("Every equation, executed");
        page.html(STYLE);
        page.paragraph("lead", "Two papers on sharpness-aware low-rank fine-tuning, claim by claim, run on this machine. P1 is"
                + " FMLoRA/EFMLoRA"
                + " (arXiv 2508.00522v3), P2 is Bi-LoRA (arXiv 2508.19564v1).");
        page.paragraph("", AuditText.summary(findings, seed, seconds));
        page.heading("How to read this");
        page.paragraph("", "Each claim is checked on random cases: matrices of many shapes, some of deficient rank, some zero,"
                + " gradients of small"
                + " models. Error is the largest deviation found, relative to the size of what is compared; bound is what rounding in"
                        + " double"
                + " precision allows, or, for an inequality, its right side. A claim holds if no error exceeds its bound. Where the"
                        + " print is"
                + " wrong it is crossed out: below it stands what holds instead, and one case, with its numbers, in which the print"
                        + " fails.");
        page.heading("Letters");
        StringBuilder letters = new StringBuilder("<div class=\"card scroll\"><table class=\"letters\">\n");
        for (List<String> letter : LETTERS) {
            letters.append("<tr><td>").append(Page.escape(letter.get(0))).append("</td><td>").append(Page.escape(letter.get(1)))
                    .append("</td></tr>\n");
        }
        page.html(letters.append("</table></div>\n").toString());
        section(page, "P1: SAM and LoRA-SAM, the estimate of the full gradient, FMLoRA", "paper1", findings, "paper1");
        section(page, "P1: Theorems 1 and 2", "theorem", findings, "theorem");
        section(page, "P2: LoRA-SAM's space, Bi-LoRA", "paper2", findings, "paper2", "prop");
        section(page, "What executes them", "step", findings, "step", "device", "passes");
        page.heading("Measured on");
        page.facts(List.of(List.of("Processor", environment.processor()), List.of("Device", device),
                List.of("Java", environment.java()), List.of("System", environment.system()),
                List.of("Seed", Long.toString(seed)), List.of("Time", String.format(Locale.ROOT, "%.0f s", seconds))));
        return page.text();
    }

    private static void section(Page page, String heading, String id, List<Finding> findings, String... prefixes) {
        StringBuilder cards = new StringBuilder();
        for (Finding finding : findings) {
            for (String prefix : prefixes) {
                if (finding.claim().name().startsWith(prefix)) {
                    cards.append(card(finding));
                }
            }
        }
        if (!cards.isEmpty()) {
            page.heading(heading);
            page.html("<section id=\"" + id + "\">\n" + cards + "</section>\n");
        }
    }

    private static String card(Finding finding) {
        Verdict verdict = finding.claim().verdict();
        String kind = !finding.asExpected() ? "deviates" : switch (verdict) {
            case HOLDS -> "holds";
            case HOLDS_AS_CORRECTED -> "corrected";
            case FALSE_AS_PRINTED -> "refuted";
        };
        StringBuilder card = new StringBuilder("<div class=\"card claim ").append(kind).append("\" id=\"").append(finding.claim().name())
                .append("\"><span class=\"verdict\">").append(finding.asExpected() ? verdict : "deviates").append("</span><h3>")
                .append(Page.escape(finding.claim().name())).append("<span class=\"source\">").append(Page.escape(finding.claim().source()))
                .append("</span></h3>\n");
        if (verdict == Verdict.HOLDS) {
            card.append("<p class=\"formula\">").append(Page.escape(finding.claim().printed())).append("</p>\n");
        } else {
            card.append("<p class=\"formula").append(verdict == Verdict.FALSE_AS_PRINTED ? " false" : "").append("\"><b>printed</b>")
                    .append(Page.escape(finding.claim().printed())).append("</p>\n<p class=\"formula\"><b>holds</b>")
                    .append(Page.escape(finding.claim().holding())).append("</p>\n");
        }
        if (finding.counterexample() != null) {
            card.append("<p class=\"fails\"><b>").append(finding.refutes() ? "fails at" : "does not fail at").append("</b>").append(Page.escape(AuditText.counterexample(finding.counterexample())))
                    .append("</p>\n");
        }
        return card.append("<p class=\"measured\">").append(finding.cases()).append(finding.cases() == 1 ? " case" : " cases")
                .append(". ").append(measured("Largest deviation", "error", finding.equality()))
                .append(measured(" Tightest inequality", "left side", finding.inequality())).append("</p></div>\n").toString();
    }

    private static String measured(String kind, String left, Measured measured) {
        return measured == null ? "" : kind + ": " + Page.escape(measured.what()) + ": " + left + " " + AuditText.number(measured.error())
                + ", bound " + AuditText.number(measured.bound()) + ".";
    }
}
