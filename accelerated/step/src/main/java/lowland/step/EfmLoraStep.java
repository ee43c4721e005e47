package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.SUBTRACT;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.EfmLora;
import lowland.rule.Factor;
import lowland.rule.NormScope;

/// EFMLoRA (arXiv 2508.00522v3 Eq. 10–15, 18) as operations. The gradient was taken at B̃ = B + Ê; from it
///
///     E = perturbation at (B̃, A), see [FlatPerturbation]      Ê' = (1 − β)·Ê + β·E
///
/// while A and B descend from where they stood. `ema` is β: an input, since Ê' = E at the first step where it starts so.
record EfmLoraStep(EfmLora rule, List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, pairs.stream().map(this::perturbed).toList());
    }

    private State perturbed(Factors pair) {
        return rule.perturbed() == Factor.B ? pair.b() : pair.a();
    }

    @Override
    public List<State> differentiated() {
        return RuleStep.both(pairs);
    }

    @Override
    public List<State> carried() {
        return pairs.stream().map(pair -> LinearForm.perturbation(perturbed(pair))).toList();
    }

    private FlatPerturbation perturbation(Recording p, Factors pair) {
        LinearForm form = form();
        return new FlatPerturbation(p, rule.estimate(), rule.perturbed(), pair.scaling(), form.factor(p, pair.a()),
                form.factor(p, pair.b()), p.read(pair.dA()), p.read(pair.dB()));
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> head) {
        // Its guard is the first, so that a gradient that is not finite is called that.
        Value clip = descending.clipped(p, RuleStep.both(pairs), head, "");
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
        p.stage("average");
        Value size = p.constant(0);
        Value change = p.constant(0);
        for (Factors pair : pairs) {
            State state = LinearForm.perturbation(perturbed(pair));
            Linear linear = pair.linear();
            List<Value> sums = Layers.fold(p, "average " + linear.module(), linear.layers(), List.of(size, change), carried -> {
                FlatPerturbation perturbation = perturbations.get(pair);
                Value own = rule.scope() == NormScope.GLOBAL ? norm : p.squareRoot(perturbation.squaredNorm());
                Value e = perturbation.of(p.scalar("rho"), own);
                Value average = p.read(state);
                Value keep = p.scalar(SUBTRACT, p.constant(1), p.scalar("ema"));
                p.update(state, p.add(p.scale(average, keep), p.scale(e, p.scalar("ema"))));
                return List.of(p.scalar(ADD, carried.get(0), p.squaredNorm(e)),
                        p.scalar(ADD, carried.get(1), FlatPerturbation.squaredChange(p, rule.perturbed(), pair.scaling(), average,
                                p.read(pair.a()), p.read(pair.b()))));
            });
            size = sums.get(0);
            change = sums.get(1);
        }
        p.stage("perturbation norm");
        p.output("perturbationNorm", p.squareRoot(change));
        // An Ê that is not finite once would never be finite again.
        p.guard(size);
        descending.descend(p, pairs, head, clip);
    }
}
