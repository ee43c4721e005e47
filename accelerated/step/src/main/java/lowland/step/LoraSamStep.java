package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.LoraSam;

/// LoRA-SAM (arXiv 2508.19564v1 Eq. 3–4) as operations.
///
///     ε_B = (ρ/F)·gB,  ε_A = (ρ/F)·gA     F over all pairs, over a layer's two factors, or over each factor
///
/// The coefficient is made in double and rounded once; F = 0 gives ε = 0.
record LoraSamStep(LoraSam rule, List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, RuleStep.both(pairs));
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
        return RuleStep.both(pairs).stream().map(LinearForm::perturbation).toList();
    }

    @Override
    public void perturb(Recording p) {
        Value squared = Layers.squaredNorm(p, RuleStep.both(pairs).stream().map(Gradients::of).toList());
        p.stage("radius");
        Value norm = p.squareRoot(squared);
        p.guard(norm);
        Value global = p.scalar(DIVIDE_OR_ZERO, p.scalar("rho"), norm);
        Value change = p.constant(0);
        for (Factors pair : pairs) {
            change = Layers.fold(p, "perturb " + pair.linear().module(), pair.linear().layers(), change, sum -> {
                Value gA = p.read(pair.dA());
                Value gB = p.read(pair.dB());
                Value a = p.squaredNorm(gA);
                Value b = p.squaredNorm(gB);
                Value epsilonA = p.scale(gA, switch (rule.scope()) {
                    case GLOBAL -> global;
                    case LAYER -> coefficient(p, p.scalar(ADD, a, b));
                    case FACTOR -> coefficient(p, a);
                });
                Value epsilonB = p.scale(gB, switch (rule.scope()) {
                    case GLOBAL -> global;
                    case LAYER -> coefficient(p, p.scalar(ADD, a, b));
                    case FACTOR -> coefficient(p, b);
                });
                p.update(LinearForm.perturbation(pair.a()), epsilonA);
                p.update(LinearForm.perturbation(pair.b()), epsilonB);
                return p.scalar(ADD, sum, squaredChange(p, pair, epsilonA, epsilonB));
            });
        }
        p.stage("perturbation norm");
        p.output("perturbationNorm", p.squareRoot(change));
        p.guard(change);
    }

    private static Value coefficient(Recording p, Value squaredNorm) {
        return p.scalar(DIVIDE_OR_ZERO, p.scalar("rho"), p.squareRoot(squaredNorm));
    }

    /// ‖ΔW‖² of ΔW = s·(ε_B·A + B̃·ε_A), B̃ = B + ε_B, from r×r products:
    ///
    ///     s²·(⟨ε_Bᵀε_B, AAᵀ⟩ + ⟨B̃ᵀB̃, ε_Aε_Aᵀ⟩ + 2·⟨ε_BᵀB̃, Aε_Aᵀ⟩)
    private static Value squaredChange(Recording p, Factors pair, Value epsilonA, Value epsilonB) {
        Value a = p.read(pair.a());
        Value moved = p.add(p.read(pair.b()), epsilonB);
        Value first = p.inner(p.gram(epsilonB, epsilonB, 0), p.gram(a, a, 1));
        Value second = p.inner(p.gram(moved, moved, 0), p.gram(epsilonA, epsilonA, 1));
        Value cross = p.inner(p.gram(epsilonB, moved, 0), p.gram(a, epsilonA, 1));
        Value sum = p.scalar(ADD, p.scalar(ADD, first, second), p.scalar(MULTIPLY, p.constant(2), cross));
        return p.scalar(MAXIMUM, p.constant(0),
                p.scalar(MULTIPLY, p.constant(pair.scaling() * pair.scaling()), sum));
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> head) {
        descending.descend(p, pairs, head);
    }
}
