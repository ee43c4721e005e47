package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.FactorPerturbation;
import lowland.rule.FmLora;
import lowland.rule.Initialization;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.NormScope;
import lowland.rule.PairGradient;
import lowland.rule.PseudoInverse;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.DualNorm;
import lowland.theory.GradientBlocks;
import lowland.theory.Projection;
import org.ejml.simple.SimpleMatrix;

/// P1 Eq. 10–16: the estimate of the full gradient, and the perturbation of one factor that stands for one of the full weight.
final class Paper1Perturbation {

    private Paper1Perturbation() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.holds("paper1-consistency", "beside P1 Eq. 10–11",
                        "gradients of one point agree: Bᵀ·gB = gA·Aᵀ",
                        1000, Paper1Perturbation::consistency),
                Claim.refuted("paper1-eq10", "P1 Eq. 10",
                        "(1/s)·gB·(Aᵀ)⁺ = G",
                        "(1/s)·gB·(Aᵀ)⁺ = G·P_A",
                        2000, (rules, random) -> estimate(rules, random, Estimate.B), () -> notTheGradient(Estimate.B)),
                Claim.refuted("paper1-eq11", "P1 Eq. 11",
                        "(1/s)·(Bᵀ)⁺·gA = G",
                        "(1/s)·(Bᵀ)⁺·gA = P_B·G; 0 at B = 0",
                        2000, (rules, random) -> estimate(rules, random, Estimate.A), () -> notTheGradient(Estimate.A)),
                Claim.refuted("paper1-eq12", "P1 Eq. 12",
                        "Ḡ = ½(Eq. 10 + Eq. 11) is a more accurate estimate of G than either",
                        "‖G − Ḡ‖² = a/4 + b/4 + c, of Eq. 10 a + c, of Eq. 11 b + c: nearer than both iff 1/3 < a/b < 3",
                        1000, Paper1Perturbation::meanEstimate, Paper1Perturbation::meanIsWorse),
                Claim.refuted("paper1-condition", "P1, supplement",
                        "the condition number of A and B is about 3",
                        "a fresh A, uniform, has κ ≤ (1 + √(R/m))/(1 − √(R/m)), and a few per cent: 1.0–1.3 at m = 4096, R ≤ 64; B has that of the"
                                + " gradients that made it",
                        2, (_, random) -> conditionOfA((key, rank, m) -> Initialization.kaimingUniform(key, "w.lora_A.weight", rank, m), random),
                        Paper1Perturbation::conditionOfB),
                Claim.refuted("paper1-eq13", "P1 Eq. 13",
                        "E_W = ρ·sign(Ḡ)⊙Ḡ/‖Ḡ‖",
                        "E_W = ρ·Ḡ/‖Ḡ‖",
                        2000, Paper1Perturbation::radius, Paper1Perturbation::printedSign),
                Claim.refuted("paper1-eq14", "P1 Eq. 14",
                        "s·E_B·A = E_W: the maximal loss does not change",
                        "s·E_B·A = E_W·P_A, of norm ρ√((x+3z)/(x+y+2z)) ≤ ρ and gain ρ(x+z)/√(x+y+2z) ≤ ρ‖G·P_A‖ ≤ ρ‖G‖",
                        2000, Paper1Perturbation::effective, Paper1Perturbation::lostGain),
                Claim.corrected("paper1-eq15", "P1 Eq. 15",
                        "E_B = (1/s)·E_W·A⁺",
                        "the least of all E with the least ‖s·E·A − E_W‖; ‖E_B‖ ≤ ρ/(|s|·σ⁺_min(A)): |s|, as s may be negative",
                        2000, Paper1Perturbation::leastSquares),
                Claim.corrected("paper1-eq16", "P1 Eq. 16",
                        "E_x = (1/s)·E_W·y† at rank 1, y† = (yᵀ)† 1×m",
                        "y/‖y‖², m×1, in place of y†",
                        1000, Paper1Perturbation::rankOne),
                Claim.holds("paper1-direction", "beside P1 Eq. 14",
                        "s·E_B·A points at least 0.943 = 2√2/3 along the best direction G·P_A, least where b = 2‖G11‖²",
                        1000, Paper1Perturbation::direction),
                Claim.holds("paper1-invariance", "beside P1 Eq. 13–15",
                        "s·E_B·A depends on neither the basis of the factors, (B·M, M⁻¹·A), nor the loss's scale, nor for fixed G on s",
                        1000, Paper1Perturbation::invariance));
    }

    private static FactorPerturbation perturbation(Rules rules, FmLora rule, Layer layer) {
        Trainables at = layer.trainables();
        return ((Trace.FmLoraTrace) rules.step(rule, at, rule.initialState(at), layer.inputs(), Layer.sgd(), layer.oracle()).trace())
                .perturbation();
    }

    private static FactorPerturbation perturbation(Rules rules, Layer layer) {
        return perturbation(rules, FmLora.defaults(), layer);
    }

    private static GradientBlocks blocks(Layer layer) {
        return GradientBlocks.of(layer.g(), layer.pair().b(), layer.pair().a());
    }

    /// What rounding of Ḡ makes of a direction: relative to ‖G‖, divided by ‖Ḡ‖.
    private static double directionTolerance(Layer layer, GradientBlocks blocks) {
        return layer.tolerance() * Math.max(1, layer.g().normF() / blocks.meanNorm());
    }

    /// s·E_B·A.
    private static SimpleMatrix effective(Layer layer, SimpleMatrix e) {
        return e.mult(layer.pair().a()).scale(layer.pair().scaling());
    }

    private static List<Measured> consistency(Rules rules, Random random) {
        SmallModel model = SmallModel.network(random);
        Trainables at = model.pairs(random, 2);
        FmLora rule = FmLora.defaults();
        Trace.FmLoraTrace trace = (Trace.FmLoraTrace) rules.step(rule, at, rule.initialState(at), new StepInputs(1, 0.1, 0.1, 0.05, 0),
                Layer.sgd(), model).trace();
        List<Measured> measured = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair pair = trace.perturbed().pairs().get(j);
            PairGradient g = trace.perturbedGradients().pairs().get(j);
            measured.add(Measured.equal("B̃ᵀ·gB and gA·Aᵀ at the perturbed point", pair.b().transpose().mult(g.dB()),
                    g.dA().mult(pair.a().transpose()), 1e-13, pair.b().normF() * g.dB().normF() + g.dA().normF() * pair.a().normF()));
        }
        return measured;
    }

    private static List<Measured> estimate(Rules rules, Random random, Estimate estimate) {
        Layer layer = Layer.draw(random);
        GradientBlocks blocks = blocks(layer);
        SimpleMatrix expected = estimate == Estimate.B ? blocks.onRows() : blocks.onColumns();
        SimpleMatrix actual = perturbation(rules, new FmLora(NormScope.LAYER, estimate, Factor.B), layer).fullGradients().getFirst();
        return List.of(Measured.equal("(1/s)·" + (estimate == Estimate.B ? "gB·(Aᵀ)⁺ and G·P_A" : "(Bᵀ)⁺·gA and P_B·G"), expected, actual,
                layer.tolerance(), layer.g().normF()));
    }

    /// A = (1 0), B = (1 0)ᵀ: of G = [[1, 2], [3, 4]] Eq. 10 sees the first column, Eq. 11 the first row.
    private static Layer corner(double... g) {
        return new Layer(new LoraPair("w", 1, new SimpleMatrix(1, 2, true, 1.0, 0), new SimpleMatrix(2, 1, true, 1.0, 0)),
                new SimpleMatrix(2, 2, true, g), 0.1);
    }

    private static Counterexample notTheGradient(Estimate estimate) {
        Layer layer = corner(1, 2, 3, 4);
        SimpleMatrix found = estimate.of(layer.pair(), layer.gradient());
        return Counterexample.notEqual("A = (1 0), B = (1 0)ᵀ, s = 1, G = (1 2; 3 4)", "‖estimate‖, to be ‖G‖", layer.g().normF(),
                found.normF());
    }

    private static List<Measured> meanEstimate(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        GradientBlocks blocks = blocks(layer);
        SimpleMatrix mean = perturbation(rules, layer).fullGradients().getFirst();
        List<Measured> measured = new ArrayList<>();
        measured.add(Measured.equal("Ḡ = G11 + ½G10 + ½G01", blocks.mean(), mean, layer.tolerance(), layer.g().normF()));
        measured.add(Measured.equal("‖G − Ḡ‖ = √(a/4 + b/4 + c)", blocks.errorOfMean(), layer.g().minus(mean).normF(), layer.tolerance(),
                layer.g().normF()));
        measured.add(Measured.equal("‖G − Eq. 10‖ = √(a + c)", blocks.errorOnRows(), error(rules, layer, Estimate.B), layer.tolerance(),
                layer.g().normF()));
        measured.add(Measured.equal("‖G − Eq. 11‖ = √(b + c)", blocks.errorOnColumns(), error(rules, layer, Estimate.A), layer.tolerance(),
                layer.g().normF()));
        // The same G with a and b set to a ratio.
        double a = GradientBlocks.square(blocks.g10());
        double b = GradientBlocks.square(blocks.g01());
        double least = 1e-6 * GradientBlocks.square(layer.g());
        if (a > least && b > least) {
            for (double ratio : new double[] {0.1, 0.3, 0.35, 1, 2.9, 3.1, 10}) {
                SimpleMatrix g = blocks.g11().plus(blocks.g01()).plus(blocks.g00()).plus(blocks.g10().scale(Math.sqrt(ratio * b / a)));
                Layer made = new Layer(layer.pair(), g, layer.rho());
                double ofMean = error(rules, made, Estimate.MEAN);
                boolean better = ofMean < error(rules, made, Estimate.A) && ofMean < error(rules, made, Estimate.B);
                measured.add(Measured.that("nearer than both iff 1/3 < a/b < 3, at a/b = " + ratio,
                        better == (ratio > 1 / 3.0 && ratio < 3)));
            }
        }
        return measured;
    }

    private static double error(Rules rules, Layer layer, Estimate estimate) {
        return layer.g().minus(perturbation(rules, new FmLora(NormScope.LAYER, estimate, Factor.B),
                layer).fullGradients().getFirst()).normF();
    }

    private static Counterexample meanIsWorse() {
        Layer layer = corner(0, 10, 1, 0);
        return Counterexample.notAtMost("A = (1 0), B = (1 0)ᵀ, s = 1, G = (0 10; 1 0), a/b = 100", "‖G − Ḡ‖, to be less than Eq. 11's",
                layer.g().minus(Estimate.A.of(layer.pair(), layer.gradient())).normF(),
                layer.g().minus(Estimate.MEAN.of(layer.pair(), layer.gradient())).normF());
    }

    /// How a fresh A, R×m, is drawn under a key.
    @FunctionalInterface
    interface Fresh {
        SimpleMatrix a(long key, int rank, int m);
    }

    static List<Measured> conditionOfA(Fresh fresh, Random random) {
        int m = 4096;
        int rank = new int[] {2, 8, 64}[random.nextInt(3)];
        double ratio = Math.sqrt((double) rank / m);
        SimpleMatrix a = fresh.a(random.nextLong(), rank, m);
        // The limit of large matrices (Marchenko and Pastur), with room for the fluctuation of a finite one.
        return List.of(Measured.atMost("κ(A) at rank " + rank, Layer.condition(a), (1 + ratio) / (1 - ratio), 0.05));
    }

    /// LoRA on query and value of a tiny encoder, from a fresh A and B = 0.
    private static Counterexample conditionOfB() {
        int rank = 8;
        TinyTransformer transformer = new TinyTransformer();
        Trainables at = transformer.fresh(rank);
        RuleState state = Lora.defaults().initialState(at);
        for (int t = 1; t <= 20; t++) {
            StepResult result = Lora.defaults().step(at, state, new StepInputs(t, 5e-3, 5e-3, 0, 0), AdamW.defaults(), transformer);
            at = result.next();
            state = result.state();
        }
        return Counterexample.notEqual("LoRA on a tiny encoder of 12 channels, R = 8, 20 steps of AdamW from B = 0: B of the query", "κ(B)", 3,
                Layer.condition(at.pairs().getFirst().b()));
    }

    private static List<Measured> radius(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        FactorPerturbation e = perturbation(rules, layer);
        GradientBlocks blocks = blocks(layer);
        double rho = layer.rho();
        double norm = blocks.meanNorm();
        if (norm == 0) {
            return List.of(Measured.same("E_W = 0 where Ḡ = 0", 0, e.weightPerturbations().getFirst().normF()));
        }
        double tolerance = directionTolerance(layer, blocks);
        return List.of(
                Measured.equal("‖Ḡ‖ = ½√(x + y + 2z)", norm, e.norms().getFirst(), layer.tolerance(), layer.g().normF()),
                Measured.equal("‖E_W‖ = ρ", rho, e.weightPerturbations().getFirst().normF(), 1e-14, rho),
                Measured.equal("E_W along Ḡ", blocks.mean().scale(rho / norm), e.weightPerturbations().getFirst(), tolerance, rho));
    }

    private static Counterexample printedSign() {
        SimpleMatrix g = new SimpleMatrix(2, 2, true, -1.0, 2, -3, -4);
        return Counterexample.notEqual("Ḡ = (−1 2; −3 −4), ρ = 0.1", "‹Ḡ, E_W›, to be ρ‖Ḡ‖", 0.1 * g.normF(),
                Layer.inner(g, DualNorm.asPrinted(0.1, g)));
    }

    private static List<Measured> effective(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        GradientBlocks blocks = blocks(layer);
        SimpleMatrix effective = effective(layer, perturbation(rules, layer).perturbations().getFirst());
        double rho = layer.rho();
        double tolerance = blocks.meanNorm() == 0 ? 0 : directionTolerance(layer, blocks);
        double gain = Layer.inner(layer.g(), effective);
        return List.of(
                Measured.equal("‖s·E_B·A‖", blocks.effectiveNorm(rho), effective.normF(), tolerance, rho),
                Measured.equal("‹G, s·E_B·A›", blocks.gain(rho), gain, tolerance, rho * layer.g().normF()),
                Measured.atMost("‹G, s·E_B·A› ≤ ρ‖G·P_A‖", gain, rho * blocks.onRows().normF(), tolerance));
    }

    private static List<Measured> direction(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        GradientBlocks blocks = blocks(layer);
        double g = GradientBlocks.square(blocks.g11());
        double b = GradientBlocks.square(blocks.g01());
        List<Measured> measured = new ArrayList<>();
        double least = 2 * Math.sqrt(2) / 3;
        if (g + b > 1e-6 * Layer.square(layer.g())) {
            measured.add(Measured.atMost("2√2/3 ≤ cos(s·E_B·A, G·P_A)", least, cosine(rules, layer), directionTolerance(layer, blocks)));
        } else {
            measured.add(Measured.atMost("nothing to climb: ‖s·E_B·A‖ ≤ ρ", effective(layer,
                    perturbation(rules, layer).perturbations().getFirst()).normF(), layer.rho(), 1e-9));
        }
        if (g > 1e-6 * Layer.square(layer.g()) && b > 1e-6 * Layer.square(layer.g())) {
            SimpleMatrix made = blocks.g11().plus(blocks.g10()).plus(blocks.g00()).plus(blocks.g01().scale(Math.sqrt(2 * g / b)));
            Layer worst = new Layer(layer.pair(), made, layer.rho());
            measured.add(Measured.equal("2√2/3 at b = 2‖G11‖²", least, cosine(rules, worst), directionTolerance(worst, blocks(worst)), 1));
        }
        return measured;
    }

    private static double cosine(Rules rules, Layer layer) {
        SimpleMatrix effective = effective(layer, perturbation(rules, layer).perturbations().getFirst());
        SimpleMatrix best = blocks(layer).onRows();
        return Layer.inner(effective, best) / effective.normF() / best.normF();
    }

    private static Counterexample lostGain() {
        Layer layer = corner(0, 3, 0, 4);
        Layer fresh = new Layer(layer.pair(), layer.g().plus(new SimpleMatrix(2, 2, true, 1.0, 0, 0, 0)), 0.1);
        double gain = Layer.inner(fresh.g(), effective(fresh, perturbation(Rules.LITERAL, fresh).perturbations().getFirst()));
        return Counterexample.notEqual("A = (1 0), B = (1 0)ᵀ, s = 1, G = (1 3; 0 4), ρ = 0.1", "‹G, s·E_B·A›, to be ρ‖G‖",
                0.1 * fresh.g().normF(), gain);
    }

    private static List<Measured> leastSquares(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        SimpleMatrix a = layer.pair().a();
        double s = layer.pair().scaling();
        double rho = layer.rho();
        GradientBlocks blocks = blocks(layer);
        FactorPerturbation e = perturbation(rules, layer);
        SimpleMatrix eB = e.perturbations().getFirst();
        SimpleMatrix eW = e.weightPerturbations().getFirst();
        SimpleMatrix residual = effective(layer, eB).minus(eW);
        double tolerance = blocks.meanNorm() == 0 ? 0 : directionTolerance(layer, blocks);
        double smallest = Projection.smallestSingularValue(a);
        return List.of(
                Measured.relative("the residual is orthogonal to every E·A", residual.mult(a.transpose()).normF(), layer.tolerance(),
                        rho * a.normF()),
                Measured.equal("E_B has no part that A kills", eB.mult(Projection.ontoColumns(a)), eB, layer.tolerance(), eB.normF()),
                Measured.equal("‖s·E_B·A − E_W‖ = ρ·½√a/‖Ḡ‖", blocks.residual(rho), residual.normF(), tolerance, rho),
                Measured.atMost("‖E_B‖ ≤ ρ/(|s|·σ⁺_min(A))", eB.normF(), smallest == 0 ? 0 : rho / (Math.abs(s) * smallest),
                        layer.tolerance()));
    }

    private static List<Measured> rankOne(Rules rules, Random random) {
        int m = 2 + random.nextInt(20);
        Layer drawn = Layer.draw(random);
        SimpleMatrix y = Layer.normal(1, m, random);
        SimpleMatrix g = Layer.normal(drawn.g().getNumRows(), m, random);
        Layer layer = new Layer(new LoraPair("w", drawn.pair().scaling(), y, Layer.normal(g.getNumRows(), 1, random)), g, drawn.rho());
        SimpleMatrix inverse = y.transpose().divide(Layer.square(y));
        FactorPerturbation e = perturbation(rules, layer);
        return List.of(
                Measured.equal("(yᵀ)⁺ = y/‖y‖² by singular values", inverse, PseudoInverse.bySvd(y), 1e-13, inverse.normF()),
                Measured.equal("(yᵀ)⁺ = y/‖y‖² by Householder", inverse, PseudoInverse.byHouseholder(y), 1e-13, inverse.normF()),
                Measured.equal("E_x = (1/s)·E_W·y/‖y‖²", e.weightPerturbations().getFirst().mult(inverse).divide(layer.pair().scaling()),
                        e.perturbations().getFirst(), 1e-12, e.perturbations().getFirst().normF()));
    }

    private static List<Measured> invariance(Rules rules, Random random) {
        Layer drawn = Layer.draw(random);
        int r = 1 + random.nextInt(Math.min(4, Math.min(drawn.g().getNumRows(), drawn.g().getNumCols())));
        LoraPair pair = new LoraPair("w", drawn.pair().scaling(), Layer.normal(r, drawn.g().getNumCols(), random),
                Layer.normal(drawn.g().getNumRows(), r, random));
        Layer layer = new Layer(pair, drawn.g(), drawn.rho());
        // I + a small random matrix: regular and well-conditioned, not orthogonal.
        SimpleMatrix change = SimpleMatrix.identity(r).plus(Layer.normal(r, r, random).scale(0.3 / r));
        Layer based = new Layer(new LoraPair("w", pair.scaling(), change.invert().mult(pair.a()), pair.b().mult(change)), layer.g(),
                layer.rho());
        Layer louder = new Layer(pair, layer.g().scale(0x1p10), layer.rho());
        Layer other = new Layer(new LoraPair("w", -0.7 * pair.scaling(), pair.a(), pair.b()), layer.g(), layer.rho());
        double tolerance = (layer.tolerance() + based.tolerance()) * layer.g().normF() / Math.max(blocks(layer).meanNorm(), 1e-300);
        SimpleMatrix effective = effective(layer, perturbation(rules, layer).perturbations().getFirst());
        List<Measured> measured = new ArrayList<>();
        measured.add(Measured.equal("(B·M, M⁻¹·A)", effective, effective(based, perturbation(rules, based).perturbations().getFirst()),
                tolerance * Layer.condition(change), layer.rho()));
        measured.add(Measured.equal("1024·L", effective, effective(louder, perturbation(rules, louder).perturbations().getFirst()), 0, 1));
        measured.add(Measured.equal("−0.7·s", effective, effective(other, perturbation(rules, other).perturbations().getFirst()), tolerance,
                layer.rho()));
        return measured;
    }
}
