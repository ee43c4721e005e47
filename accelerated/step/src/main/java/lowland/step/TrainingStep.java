package lowland.step;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.descent.Descent;
import lowland.program.Differentiation;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Scalar;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;

/// An update rule and a model joined into the programs of one training step, over shared states:
///
///     lora and its kin, efmlora, bi-lora      clear, gradient*, descend
///     lora-sam, fmlora, full-sam              clear, gradient*, perturb, gradient*, descend
///
/// `gradient` runs once a micro-batch and adds to the gradient states; a rule with two gradients runs the same program again, at the
/// perturbed point. A perturbation is a state of its own that the forward pass adds: `clear` sets gradients (and the perturbations of
/// LoRA-SAM and FMLoRA) to zero, so nothing has to be restored. `evaluate` is the model with the adapter alone: no dropout, no
/// perturbation, no second pair.
///
/// Inputs beside the model's: `lossWeight` (1/rows of the optimiser step) of `gradient`; `rho` of `perturb`, of `descend` for
/// EFMLoRA and Bi-LoRA, and of Bi-LoRA's `clear`; `learningRate`, `headLearningRate`, `clipNorm` (∞ is off), and for AdamW
/// `correction1` = 1 − β₁ᵗ, `correction2` = 1 − β₂ᵗ of `descend` (Bi-LoRA's two AdamW must have equal betas); and what [#scalars] gives for
/// the rule. `clear` of Flat-LoRA, and `descend` with a random second pair, take the INT pair `noiseKey`, see
/// [lowland.program.operation.Gaussian]. States that a trainer writes beside the model's: the factors, and where a program
/// reads them [Factors#magnitude] and [Linear#squaredRowNorms].
///
/// @param gradient outputs `loss`, the weighted sum over the micro-batch, and `logits`
/// @param perturb null for rules with one gradient; outputs `perturbationNorm`
/// @param descend outputs `gradientNorm`, `clip`, `drift`, and what the rule adds; a guard ends it before any write if a norm is not finite
/// @param evaluate outputs `logits` and `losses`
/// @param adapter the pairs that are the result
/// @param auxiliary Bi-LoRA's second pairs, else empty
/// @param whole what is trained whole at the pairs' learning rate: DoRA's magnitudes, adapter layers, or every weight
/// @param trained the head's states
/// @param carried states besides pairs and head that must survive a stop: moments, Ê
public record TrainingStep(Program clear, Program gradient, Program perturb, Program descend, Program evaluate, List<Factors> adapter,
        List<Factors> auxiliary, List<State> whole, List<State> trained, List<State> carried) {

    /// @param targets the adapted layers, with the rank and scaling of each
    /// @param auxiliary the second pairs for Bi-LoRA, one a target in the same order; else empty
    public static TrainingStep of(UpdateRule rule, Descent descent, Model model, List<Factors> targets, List<Factors> auxiliary) {
        return of(rule, descent, model, targets, auxiliary, 0);
    }

    /// The same with dropout of the pairs' input while gradients are taken, see [LinearForm].
    public static TrainingStep of(
            UpdateRule rule, Descent descent, Model model, List<Factors> targets, List<Factors> auxiliary, double adapterDropout) {
        Set<Linear> adapted = new HashSet<>();
        for (Factors target : targets) {
            if (!adapted.add(target.linear())) {
                throw new IllegalArgumentException("two pairs adapt " + target.linear().module() + ": a rule trains one a layer");
            }
        }
        RuleStep step = switch (rule) {
            case Lora _ -> new LoraStep(targets);
            case LoraPlus loraPlus -> new LoraPlusStep(loraPlus, targets);
            case LoraOBar _ -> new LoraOBarStep(targets);
            case LoraNBar _ -> new LoraNBarStep(targets);
            case LoraSam loraSam -> new LoraSamStep(loraSam, targets);
            case FmLora fmLora -> new FmLoraStep(fmLora, targets);
            case EfmLora efmLora -> new EfmLoraStep(efmLora, targets);
            case BiLora biLora -> new BiLoraStep(biLora, targets, auxiliary);
            case FlatLora _ -> new FlatLoraStep(targets);
            case FullSam fullSam -> new FullSamStep(fullSam, targets);
            case FullFineTuning _ -> new FullFineTuningStep(targets);
        };
        if (!(rule instanceof BiLora) && !auxiliary.isEmpty()) {
            throw new IllegalArgumentException("only Bi-LoRA has second pairs, not " + rule);
        }
        List<State> whole = new ArrayList<>(rule instanceof FullFineTuning ? model.frozen()
                : targets.stream().filter(Factors::decomposed).map(Factors::magnitude).toList());
        whole.addAll(model.inserted());
        List<State> beside = new ArrayList<>(whole);
        beside.addAll(model.head());
        Map<State, State> gradients = new LinkedHashMap<>();
        step.differentiated().forEach(state -> gradients.put(state, Gradients.of(state)));
        beside.forEach(state -> gradients.put(state, Gradients.of(state)));
        Descending descending = new Descending(descent, whole);
        Recording descend = new Recording("descend");
        step.descend(descend, descending, beside);
        List<State> carried = new ArrayList<>(descending.moments());
        carried.addAll(step.carried());
        return new TrainingStep(clear(step, gradients), gradient(step, model, gradients, adapterDropout),
                step.perturbs() ? perturb(step, gradients) : null, descend.finish(), evaluate(model, targets), targets, auxiliary,
                whole, model.head(), carried);
    }

    /// The scalar inputs that a rule makes itself.
    ///
    ///     ema       weight of the new term in EFMLoRA's average; 1 at the first step where it starts so
    ///     barAlpha  α of LoRA-oBAR and LoRA-nBAR at this place in the run
    ///     noiseShare  σ/ρ of Flat-LoRA at this place in the run
    ///
    /// @param t Adam's step, 1 at the first
    /// @param progress the share of the run's steps that lie behind
    public static Map<String, Double> scalars(UpdateRule rule, int t, double progress) {
        return switch (rule) {
            case EfmLora efm -> Map.of("ema", efm.start() == EmaStart.FIRST && t == 1 ? 1 : efm.ema());
            case LoraOBar bar -> Map.of("barAlpha", bar.alpha().at(progress));
            case LoraNBar bar -> Map.of("barAlpha", bar.alpha().at(progress));
            case FlatLora _ -> Map.of("noiseShare", FlatLora.rise(progress));
            case Lora _, LoraPlus _, LoraSam _, FmLora _, BiLora _, FullSam _, FullFineTuning _ -> Map.of();
        };
    }

    /// How many gradient evaluations a step costs.
    public int gradients() {
        return perturb == null ? 1 : 2;
    }

    /// The programs to compile.
    public List<Program> programs() {
        return perturb == null ? List.of(clear, gradient, descend, evaluate) : List.of(clear, gradient, perturb, descend, evaluate);
    }

    private static Program clear(RuleStep step, Map<State, State> gradients) {
        Recording p = new Recording("clear");
        Zeros.record(p, List.copyOf(gradients.values()));
        Zeros.record(p, step.cleared());
        step.begin(p);
        return p.finish();
    }

    private static Program gradient(RuleStep step, Model model, Map<State, State> gradients, double adapterDropout) {
        Recording p = new Recording("gradient");
        Model.Forward forward = model.forward(p, step.form().withDropout(adapterDropout), true);
        p.stage("loss");
        Value loss = p.scalar(Scalar.Kind.MULTIPLY, p.sum(forward.losses()), p.scalar("lossWeight"));
        p.output("loss", loss);
        p.output("logits", forward.logits());
        Differentiation.append(p, loss, gradients);
        return p.finish();
    }

    private static Program perturb(RuleStep step, Map<State, State> gradients) {
        Recording p = new Recording("perturb");
        step.perturb(p);
        Zeros.record(p, List.copyOf(gradients.values()));
        return p.finish();
    }

    private static Program evaluate(Model model, List<Factors> targets) {
        Recording p = new Recording("evaluate");
        Model.Forward forward = model.forward(p, RuleStep.form(targets, List.of()), false);
        p.output("logits", forward.logits());
        p.output("losses", forward.losses());
        return p.finish();
    }
}
