package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.Factor;
import lowland.rule.FmLora;
import lowland.rule.NormScope;

/// FMLoRA (arXiv 2508.00522v3 Eq. 10–15) as operations: see [FlatPerturbation]. Two gradients a step.
record FmLoraStep(FmLora rule, List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, perturbed());
    }

    private List<State> perturbed() {
        return pairs.stream().map(pair -> rule.perturbed() == Factor.B ? pair.b() : pair.a()).toList();
    }

    @Override
    public List<State> differentiated() {
        return RuleStep.both(pairs);
    }

    @Override
    public boolean perturbs() {
        return true;
    }

    @Override
    public List<State> cleared() {
        return perturbed().stream().map(LinearForm::perturbation).toList();
    }

    private FlatPerturbation perturbation(Recording p, Factors pair) {
        return new FlatPerturbation(p, rule.estimate(), rule.perturbed(), pair.scaling(), p.read(pair.a()), p.read(pair.b()),
                p.read(pair.dA()), p.read(pair.dB()));
    }

    @Override
    public void perturb(Recording p) {
        Map<Factors, FlatPerturbation> perturbations = new HashMap<>();
        Value total = p.constant(0);
        for (Factors pair : pairs) {
            total = Layers.fold(p, "estimate " + pair.linear().module(), pair.linear().layers(), total, sum -> {
                perturbations.put(pair, perturbation(p, pair));
                return p.scalar(ADD, sum, perturbations.get(pair).squaredNorm());
            });
        }
        p.stage("estimate norm");
        Value norm = p.squareRoot(total);
        p.guard(norm);
        Value change = p.constant(0);
        for (Factors pair : pairs) {
            change = Layers.fold(p, "perturb " + pair.linear().module(), pair.linear().layers(), change, sum -> {
                FlatPerturbation perturbation = perturbations.get(pair);
                Value own = rule.scope() == NormScope.GLOBAL ? norm : p.squareRoot(perturbation.squaredNorm());
                Value e = perturbation.of(p.scalar("rho"), own);
                p.update(LinearForm.perturbation(rule.perturbed() == Factor.B ? pair.b() : pair.a()), e);
                return p.scalar(ADD, sum, FlatPerturbation.squaredChange(p, rule.perturbed(), pair.scaling(), e, p.read(pair.a()),
                        p.read(pair.b())));
            });
        }
        p.stage("perturbation norm");
        p.output("perturbationNorm", p.squareRoot(change));
        p.guard(change);
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> head) {
        descending.descend(p, pairs, head);
    }
}
