package lowland.step;

import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;

/// Flat-LoRA (arXiv 2409.14396v2) as operations. Before the first gradient of a step each adapted weight gets
///
///     ε = (ρ·noiseShare/√in)·N ⊙ (n·1ᵀ)      N standard normal,  n the norms of the rows of W0 + s·B·A
record FlatLoraStep(List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, pairs.stream().map(pair -> pair.linear().weight()).toList());
    }

    @Override
    public List<State> differentiated() {
        return RuleStep.both(pairs);
    }

    @Override
    public void begin(Recording p) {
        Value key = p.input("noiseKey", ElementType.INT, Shape.of(2));
        p.stage("deviation");
        Value sigma = p.scalar(MULTIPLY, p.scalar("rho"), p.scalar("noiseShare"));
        for (Factors pair : pairs) {
            Linear linear = pair.linear();
            Layers.each(p, "noise " + linear.module(), linear.layers(), () -> {
                Value norms = LinearForm.rowNorms(p, pair, p.read(pair.a()), p.read(pair.b()));
                Value ones = p.fill(p.constant(1), ElementType.REAL, Shape.of(1, linear.in()));
                Value noise = p.gaussian(linear.module(), key, Shape.of(linear.out(), linear.in()));
                Value scaled = p.multiply(noise, p.product(norms, false, ones, false, null));
                Value deviation = p.scalar(MULTIPLY, sigma, p.constant(1 / Math.sqrt(linear.in())));
                p.update(LinearForm.perturbation(linear.weight()), p.scale(scaled, deviation));
            });
        }
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> beside) {
        Value squared = Layers.squaredNorm(p, pairs.stream().map(pair -> LinearForm.perturbation(pair.linear().weight())).toList());
        p.stage("perturbation norm");
        p.output("perturbationNorm", p.squareRoot(squared));
        descending.descend(p, pairs, beside);
    }
}
