package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.descent.Sgd;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;
import lowland.rule.PairGradient;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.DualNorm;
import org.ejml.simple.SimpleMatrix;

/// P1 Eq. 1–9: sharpness-aware minimisation, and LoRA-SAM.
final class Paper1Sam {
    private static final double ETA = 0.1;
    private static final double UNIT_ROUNDOFF = 0x1p-53;

    private Paper1Sam() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.holds("paper1-eq1", "P1 Eq. 1–3",
                        "max over ‖ε‖ ≤ ρ of L(w) + ‹g, ε› is at ε = ρ·g/‖g‖; descend with ∇L(w + ε)",
                        2000, Paper1Sam::maximiser),
                Claim.corrected("paper1-eq4", "P1 Eq. 4–5",
                        "∇ max L = ∇L(w + ε) + (dε/dw)·∇L(w + ε); the last term, of order ρ, is dropped",
                        "∇ max L = (I + Jᵀ)·∇L(w + ε), J = (ρ/‖g‖)(I − ĝĝᵀ)H; what is dropped, (ρ/‖g‖)·H·(I − ĝĝᵀ)(∇L(w + ε) − g), is"
                                + " of order ρ²",
                        30, Paper1Sam::droppedTerm),
                Claim.holds("paper1-eq6", "P1 Eq. 6",
                        "∂L/∂B = s·G·Aᵀ, ∂L/∂A = s·Bᵀ·G",
                        500, Paper1Sam::gradients),
                Claim.holds("paper1-eq7", "P1 Eq. 7",
                        "ε_B = ρ·gB/‖gB‖ and ε_A = ρ·gA/‖gA‖, a radius for each factor: 1 (where one gradient is 0) to √2 (where both are equally"
                                + " long) times the joint gain",
                        2000, Paper1Sam::separateRadii),
                Claim.corrected("paper1-eq8", "P1 Eq. 8",
                        "‖(ε_B, ε_A)‖ ≤ ρ, the scope over layers left open",
                        "over N equal layers ρ in all with one norm, √N·ρ with a norm a layer",
                        1000, Paper1Sam::scope),
                Claim.refuted("paper1-eq9", "P1 Eq. 9",
                        "ε = ρ·sign(g)⊙g/‖g‖",
                        "ε = ρ·sign(g)⊙|g|^(q−1)/(‖g‖_q^q)^(1/p), at p = 2 ρ·g/‖g‖: the bars of |g| are lost",
                        2000, Paper1Sam::dualNorm, Paper1Sam::printedSign));
    }

    private static Trace.LoraSamTrace sam(Rules rules, LoraSam rule, Trainables at, double rho, GradientOracle oracle) {
        return (Trace.LoraSamTrace) step(rules, rule, at, rho, oracle).trace();
    }

    private static StepResult step(Rules rules, LoraSam rule, Trainables at, double rho, GradientOracle oracle) {
        return rules.step(rule, at, rule.initialState(at), new StepInputs(1, ETA, ETA, rho, 0), Sgd.defaults(), oracle);
    }

    private static SmallModel anyModel(Random random) {
        return switch (random.nextInt(9)) {
            case 8 -> SmallModel.flat(2 + random.nextInt(3), 2 + random.nextInt(4));
            case 0, 1 -> SmallModel.factorisation(random, 1 + random.nextInt(3));
            case 2, 3 -> SmallModel.network(random);
            case 4, 5 -> SmallModel.logistic(random, 1 + random.nextInt(3), 2 + random.nextInt(4));
            default -> SmallModel.quadratic(random, 2 + random.nextInt(3), 2 + random.nextInt(4));
        };
    }

    private static List<Measured> maximiser(Rules rules, Random random) {
        SmallModel model = anyModel(random);
        Trainables at = model.pairs(random, 2);
        double rho = 0.05;
        StepResult result = step(rules, LoraSam.defaults(), at, rho, model);
        Trace.LoraSamTrace trace = (Trace.LoraSamTrace) result.trace();
        SimpleMatrix g = Stacked.gradient(model.at(at));
        SimpleMatrix e = Stacked.alternating(trace.perturbationsB(), trace.perturbationsA());
        SimpleMatrix other = Stacked.direction(e.getNumElements(), random).scale(rho);
        double tolerance = 4 * e.getNumElements() * UNIT_ROUNDOFF;
        SimpleMatrix w = Stacked.factors(at);
        // At g = 0 no ε is better than another: there it is 0.
        double radius = g.normF() == 0 ? 0 : rho;
        SimpleMatrix gAtPerturbed = Stacked.gradient(model.at(radius == 0 ? at : Stacked.unstacked(at, w.plus(g.scale(rho / g.normF())))));
        SimpleMatrix next = w.minus(gAtPerturbed.scale(ETA));
        return List.of(
                Measured.equal("‖ε‖ = ρ", radius, e.normF(), tolerance, rho),
                Measured.equal("‹g, ε› = ρ‖g‖", rho * g.normF(), Layer.inner(g, e), tolerance, rho * g.normF()),
                Measured.atMost("another ε of that norm gains no more", Layer.inner(g, other), rho * g.normF(), tolerance),
                Measured.equal("w − η·∇L(w + ε)", next, Stacked.factors(result.next()), 1e-12, next.normF() + ETA * gAtPerturbed.normF()));
    }

    /// L = ½xᵀHx + cᵀx of all factors x: its maximum's gradient by central differences of the rule's own perturbed loss.
    private static List<Measured> droppedTerm(Rules rules, Random random) {
        Trainables shapes = new Trainables(List.of(new LoraPair("w0", 1, Layer.normal(2, 2, random), Layer.normal(2, 2, random))),
                List.of());
        int d = 8;
        SimpleMatrix root = Layer.normal(d, d, random);
        SimpleMatrix h = root.mult(root.transpose()).divide(d);
        SimpleMatrix w = Layer.normal(d, 1, random);
        // g = 3·(a unit vector) at w, so that ρ/‖g‖ is small.
        SimpleMatrix c = Stacked.direction(d, random).scale(3).minus(h.mult(w));
        List<Measured> measured = new ArrayList<>();
        double norm = h.svd(true).getSingleValue(0);
        double first = Double.NaN;
        for (double rho : new double[] {0.1, 0.01, 0.001}) {
            SimpleMatrix g = h.mult(w).plus(c);
            SimpleMatrix perturbed = Stacked.gradient(quadratic(rules, shapes, h, c, w, rho).perturbedGradients());
            SimpleMatrix full = new SimpleMatrix(d, 1);
            for (int i = 0; i < d; i++) {
                int at = i;
                full.set(i, Slope.of(x -> {
                    SimpleMatrix moved = w.copy();
                    moved.set(at, w.get(at) + x);
                    return quadratic(rules, shapes, h, c, moved, rho).perturbedGradients().loss();
                }, 1e-3));
            }
            SimpleMatrix unit = g.divide(g.normF());
            SimpleMatrix difference = perturbed.minus(g);
            SimpleMatrix dropped = h.mult(difference.minus(unit.scale(Layer.inner(unit, difference)))).scale(rho / g.normF());
            measured.add(Measured.equal("∇L(w + ε)", h.mult(w.plus(unit.scale(rho))).plus(c), perturbed, 1e-12, 3 + norm));
            measured.add(Measured.equal("(I + Jᵀ)·∇L(w + ε)", full, perturbed.plus(dropped), 1e-9, 3));
            measured.add(Measured.atMost("what is dropped ≤ ρ²‖H‖²/‖g‖", dropped.normF(), rho * rho * norm * norm / g.normF(), 1e-9));
            double constant = dropped.normF() / (rho * rho);
            if (Double.isNaN(first)) {
                first = constant;
            }
            measured.add(Measured.equal("what is dropped, over ρ², at ρ = 0.1, 0.01, 0.001", first, constant, 1e-6, first));
        }
        return measured;
    }

    private static Trace.LoraSamTrace quadratic(Rules rules, Trainables shapes, SimpleMatrix h, SimpleMatrix c, SimpleMatrix at,
            double rho) {
        LoraSam rule = LoraSam.defaults();
        Trainables from = Stacked.unstacked(shapes, at);
        return (Trace.LoraSamTrace) rules.step(rule, from, rule.initialState(from), new StepInputs(1, ETA, ETA, rho, 0), Sgd.defaults(),
                trainables -> {
                    SimpleMatrix x = Stacked.factors(trainables);
                    LoraPair g = Stacked.unstacked(shapes, h.mult(x).plus(c)).pairs().getFirst();
                    return new Gradients(Layer.inner(x, h.mult(x)) / 2 + Layer.inner(c, x), List.of(new PairGradient(g.a(), g.b())),
                            List.of());
                }).trace();
    }

    /// The gradients that a step gets, against central differences of the loss along a random direction of all factors.
    private static List<Measured> gradients(Rules rules, Random random) {
        List<Measured> measured = new ArrayList<>();
        List<SmallModel> models = List.of(SmallModel.factorisation(random, 2), SmallModel.network(random),
                SmallModel.logistic(random, 2, 3),
                SmallModel.quadratic(random, 3, 4));
        for (SmallModel model : models) {
            Trainables at = model.pairs(random, 0.5);
            measured.add(slope(rules, at, model, random));
        }
        if (random.nextInt(20) == 0) {
            TinyTransformer transformer = new TinyTransformer();
            measured.add(slope(rules, transformer.pairs(random), transformer, random));
        }
        return measured;
    }

    private static Measured slope(Rules rules, Trainables at, GradientOracle oracle, Random random) {
        Lora rule = Lora.defaults();
        Gradients gradients = ((Trace.LoraTrace) rules.step(rule, at, rule.initialState(at), new StepInputs(1, ETA, ETA, 0, 0),
                Sgd.defaults(), oracle).trace()).gradients();
        SimpleMatrix g = Stacked.gradient(gradients);
        SimpleMatrix w = Stacked.factors(at);
        SimpleMatrix d = Stacked.direction(w.getNumElements(), random);
        double slope = Slope.of(x -> oracle.at(Stacked.unstacked(at, w.plus(d.scale(x)))).loss(), 2e-4);
        return Measured.equal("‹g, d› and the slope of L along d", slope, Layer.inner(g, d), 1e-8, Math.max(1, g.normF()));
    }

    private static List<Measured> separateRadii(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 1);
        Trainables at = model.pairs(random, 1);
        double rho = 0.05;
        PairGradient g = model.at(at).pairs().getFirst();
        Trace.LoraSamTrace apart = sam(rules, new LoraSam(NormScope.FACTOR), at, rho, model);
        Trace.LoraSamTrace joint = sam(rules, new LoraSam(NormScope.GLOBAL), at, rho, model);
        double gain = gain(g, apart);
        double jointGain = gain(g, joint);
        // At B = 0 gA = 0: both are one.
        LoraPair pair = at.pairs().getFirst();
        Trainables start = at.withPairs(List.of(pair.withB(pair.b().createLike())));
        PairGradient first = model.at(start).pairs().getFirst();
        PairGradient even = new PairGradient(g.dA().scale(g.dB().normF() / g.dA().normF()), g.dB());
        GradientOracle equallyLong = _ -> new Gradients(0, List.of(even), List.of());
        return List.of(
                Measured.equal("√2 times the joint gain where ‖gA‖ = ‖gB‖",
                        Math.sqrt(2) * gain(even, sam(rules, new LoraSam(NormScope.GLOBAL), at, rho, equallyLong)),
                        gain(even, sam(rules, new LoraSam(NormScope.FACTOR), at, rho, equallyLong)), 1e-13, rho * even.dB().normF()),
                Measured.equal("gain = ρ(‖gA‖ + ‖gB‖)", rho * (g.dA().normF() + g.dB().normF()), gain, 1e-13, jointGain),
                Measured.atMost("joint gain ≤ gain", jointGain, gain, 1e-13),
                Measured.atMost("gain ≤ √2·joint gain", gain, Math.sqrt(2) * jointGain, 1e-13),
                Measured.equal("equal at B = 0", gain(first, sam(rules, new LoraSam(NormScope.GLOBAL), start, rho, model)),
                        gain(first, sam(rules, new LoraSam(NormScope.FACTOR), start, rho, model)), 1e-13, rho * first.dB().normF()));
    }

    private static double gain(PairGradient g, Trace.LoraSamTrace trace) {
        return Layer.inner(g.dB(), trace.perturbationsB().getFirst()) + Layer.inner(g.dA(), trace.perturbationsA().getFirst());
    }

    private static List<Measured> scope(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        int count = 1 + random.nextInt(9);
        List<LoraPair> pairs = new ArrayList<>();
        List<PairGradient> gradients = new ArrayList<>();
        for (int j = 0; j < count; j++) {
            LoraPair pair = layer.pair();
            pairs.add(new LoraPair("w" + j, pair.scaling(), pair.a(), pair.b()));
            gradients.add(layer.gradient());
        }
        Trainables at = new Trainables(pairs, List.of());
        List<Measured> measured = new ArrayList<>();
        double size = 4.0 * count * (layer.pair().a().getNumElements() + layer.pair().b().getNumElements());
        for (NormScope scope : List.of(NormScope.GLOBAL, NormScope.LAYER)) {
            LoraSam rule = new LoraSam(scope);
            Trace.LoraSamTrace trace = (Trace.LoraSamTrace) rules.step(rule, at, rule.initialState(at), layer.inputs(), Layer.sgd(),
                    _ -> new Gradients(0, gradients, List.of())).trace();
            double norm = Stacked.alternating(trace.perturbationsB(), trace.perturbationsA()).normF();
            double expected = layer.gradient().dB().normF() + layer.gradient().dA().normF() == 0 ? 0
                    : layer.rho() * (scope == NormScope.LAYER ? Math.sqrt(count) : 1);
            measured.add(Measured.equal("‖ε‖, norm " + (scope == NormScope.LAYER ? "a layer" : "over all"), expected, norm,
                    size * UNIT_ROUNDOFF, layer.rho()));
        }
        return measured;
    }

    private static List<Measured> dualNorm(Rules rules, Random random) {
        SimpleMatrix g = Layer.normal(1 + random.nextInt(8), 1 + random.nextInt(8), random);
        double rho = 0.05;
        List<Measured> measured = new ArrayList<>();
        for (double p : new double[] {1.25, 1.5, 2, 3, 5, 20}) {
            SimpleMatrix e = DualNorm.perturbation(rho, g, p);
            double q = p / (p - 1);
            measured.add(Measured.equal("‖ε‖_p = ρ", rho, DualNorm.norm(e, p), 1e-13, rho));
            measured.add(Measured.equal("‹g, ε› = ρ‖g‖_q", rho * DualNorm.norm(g, q), Layer.inner(g, e), 1e-13, rho * DualNorm.norm(g, q)));
        }
        SmallModel model = SmallModel.factorisation(random, 1);
        Trainables at = model.pairs(random, 1);
        Trace.LoraSamTrace trace = sam(rules, LoraSam.defaults(), at, rho, model);
        measured.add(Measured.equal("the rule's ε is that of p = 2", DualNorm.perturbation(rho, Stacked.gradient(model.at(at)), 2),
                Stacked.alternating(trace.perturbationsB(), trace.perturbationsA()), 1e-13, rho));
        return measured;
    }

    private static Counterexample printedSign() {
        SimpleMatrix g = new SimpleMatrix(2, 1, true, -3.0, -4);
        return Counterexample.notEqual("g = (−3, −4), ρ = 0.1", "‹g, ε›, to be ρ‖g‖", 0.1 * g.normF(),
                Layer.inner(g, DualNorm.asPrinted(0.1, g)));
    }
}
