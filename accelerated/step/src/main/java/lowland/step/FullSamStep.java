package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;

import java.util.ArrayList;
import java.util.List;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.FullSam;
import lowland.rule.NormScope;

/// Full-space SAM (arXiv 2010.01412v3 Eq. 2) as operations. The perturbation of each weight is a state that the forward pass adds, so the
/// gradient in it is the full gradient:
///
///     ε = (ρ/‖G‖)·G
record FullSamStep(FullSam rule, List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, pairs.stream().map(pair -> pair.linear().weight()).toList());
    }

    @Override
    public List<State> differentiated() {
        List<State> states = new ArrayList<>(RuleStep.both(pairs));
        states.addAll(cleared());
        return states;
    }

    @Override
    public boolean perturbs() {
        return true;
    }

    @Override
    public List<State> cleared() {
        return pairs.stream().map(pair -> LinearForm.perturbation(pair.linear().weight())).toList();
    }

    @Override
    public void perturb(Recording p) {
        Value squared = Layers.squaredNorm(p, cleared().stream().map(Gradients::of).toList());
        p.stage("radius");
        Value norm = p.squareRoot(squared);
        p.guard(norm);
        Value global = p.scalar(DIVIDE_OR_ZERO, p.scalar("rho"), norm);
        Value change = p.constant(0);
        for (State perturbation : cleared()) {
            change = Layers.fold(p, "perturb " + perturbation.name(), perturbation.repeat(), change, sum -> {
                Value g = p.read(Gradients.of(perturbation));
                Value epsilon = p.scale(g, rule.scope() == NormScope.GLOBAL ? global
                        : p.scalar(DIVIDE_OR_ZERO, p.scalar("rho"), p.squareRoot(p.squaredNorm(g))));
                p.update(perturbation, epsilon);
                return p.scalar(ADD, sum, p.squaredNorm(epsilon));
            });
        }
        p.stage("perturbation norm");
        p.output("perturbationNorm", p.squareRoot(change));
        p.guard(change);
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> beside) {
        descending.descend(p, pairs, beside);
    }
}
