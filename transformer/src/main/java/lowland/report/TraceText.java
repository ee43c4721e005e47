package lowland.report;

import java.util.List;
import java.util.Locale;
import lowland.rule.FactorPerturbation;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.LoraPlus;
import lowland.rule.PairGradient;
import lowland.rule.RuleState;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trace.BarTrace;
import lowland.rule.Trace.BiLoraTrace;
import lowland.rule.Trace.EfmLoraTrace;
import lowland.rule.Trace.FmLoraTrace;
import lowland.rule.Trace.LoraSamTrace;
import lowland.rule.Trace.LoraTrace;
import lowland.rule.UpdateRule;
import org.ejml.simple.SimpleMatrix;

/// The intermediates of one step of one layer, in the paper's order and letters, a line each.
public final class TraceText {
    private final StringBuilder text = new StringBuilder();

    private TraceText() {
    }

    /// One step's lines.
    ///
    /// @param rule whose step it is
    public static String of(UpdateRule rule, StepResult result) {
        TraceText lines = new TraceText();
        lines.write(rule, result);
        return lines.text.toString();
    }

    /// A matrix in a line: rows apart by semicolons.
    public static String matrix(SimpleMatrix x) {
        StringBuilder text = new StringBuilder("(");
        for (int i = 0; i < x.getNumRows(); i++) {
            for (int j = 0; j < x.getNumCols(); j++) {
                text.append(j > 0 ? " " : i > 0 ? "; " : "").append(number(x.get(i, j)));
            }
        }
        return text.append(')').toString();
    }

    private static String number(double x) {
        String plain = String.format(Locale.ROOT, "%.5f", x + 0.0).replaceFirst("0+$", "").replaceFirst("\\.$", "");
        return x != 0 && Math.abs(x) < 1e-4 ? String.format(Locale.ROOT, "%.2e", x) : plain;
    }

    private void line(String letters, SimpleMatrix value, String source) {
        line(letters, matrix(value), source);
    }

    private void line(String letters, double value, String source) {
        line(letters, number(value), source);
    }

    private void line(String letters, String value, String source) {
        // A tilde of its own takes no room.
        int room = letters.endsWith("\u0303") ? 10 : 9;
        text.append(String.format(Locale.ROOT, "  %-" + room + "s = %-66s  %s", letters, value, source).stripTrailing())
                .append(System.lineSeparator());
    }

    private void write(UpdateRule rule, StepResult result) {
        switch (result.trace()) {
            case LoraTrace t -> gradients("", t.gradients(), "at (B, A)");
            case BarTrace t -> {
                gradients("", t.gradients(), "at (B, A)");
                line("B", t.balanced().pairs().getFirst().b(), "(1 ± αη)·B: where the descent starts");
                line("A", t.balanced().pairs().getFirst().a(), "(1 ∓ αη)·A");
            }
            case Trace.FlatLoraTrace t -> {
                line("ε", t.perturbations().getFirst(), "ε_ij ~ N(0, σ²·‖W_i‖²/in), σ = ρ·½(1 − cos(πp))");
                gradients("", t.gradients(), "at W0 + s·B·A + ε: what descends");
            }
            case Trace.FullSamTrace t -> {
                gradients("", t.gradients(), "at (B, A)");
                line("G", t.fullGradients().getFirst(), "∂L/∂W");
                line("ε", t.perturbations().getFirst(), "ρ·G/‖G‖");
                gradients("", t.perturbedGradients(), "at W0 + s·B·A + ε: what descends");
            }
            case LoraSamTrace t -> {
                gradients("", t.gradients(), "at (B, A)");
                line("F", t.normsB().getFirst(), "P2 Eq. 4: √(‖gB‖² + ‖gA‖²)");
                line("ε_B", t.perturbationsB().getFirst(), "P2 Eq. 4: ρ·gB/F");
                line("ε_A", t.perturbationsA().getFirst(), "P2 Eq. 4: ρ·gA/F");
                line("B + ε_B", t.perturbed().pairs().getFirst().b(), "");
                line("A + ε_A", t.perturbed().pairs().getFirst().a(), "");
                gradients("", t.perturbedGradients(), "at (B + ε_B, A + ε_A): what descends");
            }
            case FmLoraTrace t -> {
                gradients("", t.gradients(), "at (B, A)");
                perturbation(t.perturbation(), "E_B", "B");
                line("B̃", t.perturbed().pairs().getFirst().b(), "B + E_B");
                gradients("", t.perturbedGradients(), "at (B̃, A): what descends");
            }
            case EfmLoraTrace t -> {
                line("B̃", t.perturbed().pairs().getFirst().b(), "B + Ê, Ê of the step before");
                gradients("", t.gradients(), "at (B̃, A): what descends, and what E is made of");
                perturbation(t.perturbation(), "E", "B̃");
                line("Ê", t.average().getFirst(), "P1 Eq. 18: (1−β)·Ê + β·E");
            }
            case BiLoraTrace t -> {
                line("L", t.gradients().loss(), "at W0 + s·B1·A1 + s·B2·A2");
                gradient("1", t.gradients().pairs().get(0));
                gradient("2", t.gradients().pairs().get(1));
                LoraPair first = result.next().pairs().getFirst();
                line("B1", first.b(), "P2 Eq. 9: B1 − η·gB1, descent");
                line("A1", first.a(), "P2 Eq. 9: A1 − η·gA1");
                LoraPair ascended = t.ascended().getFirst();
                line("B2", ascended.b(), "P2 Eq. 9: B2 + η·gB2, ascent");
                line("A2", ascended.a(), "P2 Eq. 9: A2 + η·gA2");
                line("c", t.c(), "P2 Eq. 10: ‖s·B2·A2‖, " + (t.clippedToRho() ? "more than ρ: both times √(ρ/c)" : "at most ρ"));
                LoraPair second = result.state().as(RuleState.Adversarial.class).auxiliaries().getFirst();
                line("B2", second.b(), "after the clip");
                line("A2", second.a(), "after the clip");
            }
            case Trace.Skipped t -> line("skipped", t.reason(), "nothing changed");
        }
        if (!(result.trace() instanceof BiLoraTrace)) {
            LoraPair pair = result.next().pairs().getFirst();
            line("B", pair.b(), rule instanceof LoraPlus plus ? "B − " + number(plus.ratio()) + "·η·gB" : "B − η·gB");
            line("A", pair.a(), "A − η·gA");
        }
    }

    private void gradients(String number, Gradients gradients, String where) {
        line("L", gradients.loss(), where);
        gradient(number, gradients.pairs().getFirst());
    }

    private void gradient(String number, PairGradient g) {
        line("gB" + number, g.dB(), "s·G·A" + number + "ᵀ");
        line("gA" + number, g.dA(), "s·B" + number + "ᵀ·G");
    }

    private void perturbation(FactorPerturbation e, String letter, String b) {
        List<SimpleMatrix> weights = e.weightPerturbations();
        line("Ḡ", e.fullGradients().getFirst(), "P1 Eq. 12: ½·((1/s)·gB·(Aᵀ)⁺ + (1/s)·(" + b + "ᵀ)⁺·gA)");
        line("‖Ḡ‖", e.norms().getFirst(), "");
        line("E_W", weights.getFirst(), "P1 Eq. 13, corrected: ρ·Ḡ/‖Ḡ‖");
        line(letter, e.perturbations().getFirst(), "P1 Eq. 15: (1/s)·E_W·A⁺");
    }
}
