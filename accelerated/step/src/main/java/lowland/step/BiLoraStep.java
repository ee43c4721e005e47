package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.CLIP;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;
import static lowland.program.operation.Scalar.Kind.UNLESS_ZERO;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.BiLora;

/// Bi-LoRA (arXiv 2508.19564v1 Eq. 7–10, Algorithm 1) as operations. One gradient at W0 + s1·B1·A1 + s2·B2·A2; the first pairs
/// descend, the second ascend from the old values, then
///
///     c² = Σ_layers s2²·⟨B2ᵀB2, A2A2ᵀ⟩      (B2, A2) ← √clip·(B2, A2),  clip = 0 if ρ = 0, ρ/c if c > ρ, else 1
///
/// or, as controls, with a c of each layer, or clip = 1; or with a second pair that descends, or is drawn anew.
///
/// With ρ = 0 the second pairs are zero from the step's start, and c counts as 0, whatever it is: nothing but LoRA's step is left.
record BiLoraStep(BiLora rule, List<Factors> pairs, List<Factors> auxiliary) implements RuleStep {
    BiLoraStep {
        if (auxiliary.size() != pairs.size()) {
            throw new IllegalArgumentException(
                    "Bi-LoRA needs a second pair for each of the " + pairs.size() + ", found " + auxiliary.size());
        }
        for (int i = 0; i < pairs.size(); i++) {
            Linear linear = pairs.get(i).linear();
            if (!auxiliary.get(i).linear().equals(linear) || auxiliary.get(i).name().equals(pairs.get(i).name())) {
                throw new IllegalArgumentException("Bi-LoRA's second pair " + i + " must adapt " + linear.module()
                        + " under another name than the first, adapts " + auxiliary.get(i).linear().module()
                        + " as " + auxiliary.get(i).name());
            }
        }
    }

    @Override
    public LinearForm form() {
        return RuleStep.form(all(), List.of());
    }

    private List<Factors> all() {
        List<Factors> all = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            all.add(pairs.get(i));
            all.add(auxiliary.get(i));
        }
        return all;
    }

    @Override
    public List<State> differentiated() {
        return RuleStep.both(all());
    }

    @Override
    public void begin(Recording p) {
        p.stage("second pair");
        Value kept = p.scalar(UNLESS_ZERO, p.scalar("rho"), p.constant(1));
        for (State state : RuleStep.both(auxiliary)) {
            Layers.each(p, "keep " + state.name(), state.repeat(), () -> p.update(state, p.scale(p.read(state), kept)));
        }
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> head) {
        descending.requireSameCorrections(rule.auxiliaryDescent());
        Value clip = descending.clipped(p, RuleStep.both(pairs), head, "");
        Descending ascending = descending.with(rule.auxiliaryDescent());
        Value auxiliaryClip = ascending.clipped(p, RuleStep.both(auxiliary), List.of(), "auxiliary ");
        boolean random = rule.role() == BiLora.Role.RANDOM;
        Value key = random ? p.input("noiseKey", ElementType.INT, Shape.of(2)) : null;
        p.stage("ascend");
        Value scale = rule.role() == BiLora.Role.ASCEND ? Descending.negated(p, auxiliaryClip) : auxiliaryClip;
        Value rate = p.scalar(MULTIPLY, p.scalar("learningRate"), p.constant(rule.auxiliaryLearningRateRatio()));
        Map<State, Value> ascended = new HashMap<>();
        Value before = p.constant(0);
        Value after = p.constant(0);
        for (Factors pair : auxiliary) {
            Linear linear = pair.linear();
            List<Value> sums = Layers.fold(p, "ascend " + linear.module(), linear.layers(), List.of(before, after), carried -> {
                Value a = random ? p.gaussian(pair.a().name(), key, pair.a().shape()) : ascending.step(p, pair.a(), scale, rate);
                Value b = random ? p.gaussian(pair.b().name(), key, pair.b().shape()) : ascending.step(p, pair.b(), scale, rate);
                ascended.put(pair.a(), a);
                ascended.put(pair.b(), b);
                return List.of(
                        p.scalar(ADD, carried.get(0), squaredChange(p, pair, p.read(pair.a()), p.read(pair.b()), true)),
                        p.scalar(ADD, carried.get(1), squaredChange(p, pair, a, b, rule.scaleInNorm())));
            });
            before = sums.get(0);
            after = sums.get(1);
        }
        p.stage("clip");
        Value c = p.scalar(UNLESS_ZERO, p.scalar("rho"), p.squareRoot(after));
        p.output("perturbationNorm", p.squareRoot(before));
        p.output("c", c);
        p.guard(c);
        Value global = p.squareRoot(p.scalar(random ? DIVIDE_OR_ZERO : CLIP, p.scalar("rho"), c));
        Value unclipped = p.scalar(UNLESS_ZERO, p.scalar("rho"), p.constant(1));
        Value normA = p.constant(0);
        Value normB = p.constant(0);
        for (Factors pair : auxiliary) {
            List<Value> sums = Layers.fold(p, "clip " + pair.linear().module(), pair.linear().layers(), List.of(normA, normB), carried -> {
                Value factor = switch (rule.clip()) {
                    case GLOBAL -> global;
                    case LAYER -> p.squareRoot(p.scalar(CLIP, p.scalar("rho"), p.squareRoot(
                            squaredChange(p, pair, ascended.get(pair.a()), ascended.get(pair.b()), rule.scaleInNorm()))));
                    case NONE -> unclipped;
                };
                Value a = p.scale(ascended.get(pair.a()), factor);
                Value b = p.scale(ascended.get(pair.b()), factor);
                p.update(pair.a(), a);
                p.update(pair.b(), b);
                return List.of(p.scalar(ADD, carried.get(0), p.squaredNorm(a)), p.scalar(ADD, carried.get(1), p.squaredNorm(b)));
            });
            normA = sums.get(0);
            normB = sums.get(1);
        }
        p.stage("second pair");
        p.output("auxiliaryNormA", p.squareRoot(normA));
        p.output("auxiliaryNormB", p.squareRoot(normB));
        descending.descend(p, pairs, head, clip);
    }

    /// ‖s·B·A‖², or ‖B·A‖².
    private static Value squaredChange(Recording p, Factors pair, Value a, Value b, boolean scaled) {
        Value inner = p.scalar(MAXIMUM, p.constant(0), p.inner(p.gram(b, b, 0), p.gram(a, a, 1)));
        return scaled ? p.scalar(MULTIPLY, p.constant(pair.scaling() * pair.scaling()), inner) : inner;
    }
}
