package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Sgd;
import lowland.rule.BiLora;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.Balance;
import lowland.theory.PowerIteration;
import lowland.theory.Projection;
import org.ejml.simple.SimpleMatrix;

/// P2 Eq. 7–10, Algorithm 1 and Prop. 4.1: Bi-LoRA, and what its ascent comes to.
final class Paper2Bilora {
    private static final double ETA = 0.02;

    private Paper2Bilora() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.corrected("paper2-eq7", "P2 Eq. 7–8",
                        "the second pair perturbs W within ‖B2·A2‖ ≤ ρ",
                        "within ‖s2·B2·A2‖ ≤ ρ over all layers",
                        300, Paper2Bilora::ball),
                Claim.refuted("prop41", "P2 Prop. 4.1",
                        "Col(B2·A2) = Col B2, independent of Col B1",
                        "Col(B2·A2) ⊆ Col B2, Row(B2·A2) ⊆ Row A2, rank ≤ R2; with SGD from B1 = B2 = 0 both lie in the columns of the"
                                + " gradients so far, and are one where those are",
                        300, Paper2Bilora::space, Paper2Bilora::sameColumn),
                Claim.corrected("paper2-eq9", "P2 Eq. 9",
                        "B1 ← B1 − η1·G·A1ᵀ, A1 ← A1 − η1·B1ᵀ·G, B2 ← B2 + η2·G·A2ᵀ, A2 ← A2 + η2·B2ᵀ·G",
                        "each gradient times its pair's s, all from old values and the one G at W0 + s1·B1·A1 + s2·B2·A2",
                        500, Paper2Bilora::literal),
                Claim.corrected("paper2-eq10", "P2 Eq. 10",
                        "if c = ‖B2·A2‖ > ρ, both factors times √(ρ/c)",
                        "c² = Σ_layers s2²·tr((B2ᵀB2)(A2A2ᵀ)); then c = ρ exactly, the nearest product of that norm to the old one",
                        300, Paper2Bilora::clip),
                Claim.holds("paper2-alg1", "P2 Algorithm 1",
                        "from B2 = 0 the first step of the first pair is LoRA's; at ρ = 0 every step is, bit for bit",
                        200, Paper2Bilora::beginsAsLora),
                Claim.corrected("paper2-seeds", "P2 Algorithm 1, start",
                        "A1 and A2 are initialised alike, B1 = B2 = 0",
                        "they must differ: from A1 = A2 with equal rates and s the pairs cancel, W = W0 exactly, until the clip acts",
                        200, Paper2Bilora::cancels),
                Claim.holds("paper2-power-iteration", "beside P2 Eq. 9–10",
                        "at a fixed G ascent and clip are power iteration: s2·B2·A2 → ρ·u1·v1ᵀ, of rank one whatever R2 is",
                        10, Paper2Bilora::powerIteration),
                Claim.refuted("paper2-alignment", "P2 §4, reading",
                        "an ascent step moves the perturbation uphill: ‹G, ΔE› ≥ 0",
                        "‹G, ΔE› = η·s²(‖G·A2ᵀ‖² + ‖B2ᵀ·G‖²) + η²·s³·‹G, G·A2ᵀ·B2ᵀ·G›, never negative if η·|s|·‖G‖₂ ≤ 2 and no clip acts",
                        1000, Paper2Bilora::uphill, Paper2Bilora::downhill),
                Claim.holds("paper2-contraction", "beside P2 Eq. 10",
                        "a clip makes B2ᵀB2 − A2A2ᵀ smaller by ρ/c",
                        300, Paper2Bilora::contraction));
    }

    private static final BiLora SGD = new BiLora(Sgd.defaults(), 1, true);

    private static StepInputs inputs(int t, double rho) {
        return new StepInputs(t, ETA, ETA, rho, 0);
    }

    private static StepResult step(Rules rules, BiLora rule, Trainables at, RuleState state, int t, double rho, GradientOracle oracle) {
        Descent primary = rule.auxiliaryDescent();
        return rules.step(rule, at, state, inputs(t, rho), primary, oracle);
    }

    private static List<LoraPair> second(RuleState state) {
        return state.as(RuleState.Adversarial.class).auxiliaries();
    }

    /// Second pairs on the same layers, of other ranks and another s.
    private static List<LoraPair> secondPairs(Trainables at, double s, boolean start, Random random) {
        List<LoraPair> pairs = new ArrayList<>();
        for (LoraPair pair : at.pairs()) {
            int rank = 1 + random.nextInt(3);
            SimpleMatrix b = Layer.normal(pair.b().getNumRows(), rank, random).scale(0.2);
            pairs.add(new LoraPair(pair.name(), s, Layer.normal(rank, pair.a().getNumCols(), random), start ? b.createLike() : b));
        }
        return pairs;
    }

    /// √Σ‖s2·B2·A2‖², from Gram matrices.
    private static double norm(List<LoraPair> pairs) {
        double squares = 0;
        for (LoraPair pair : pairs) {
            SimpleMatrix gramB = pair.b().transpose().mult(pair.b());
            SimpleMatrix gramA = pair.a().mult(pair.a().transpose());
            squares += pair.scaling() * pair.scaling() * Layer.inner(gramB, gramA);
        }
        return Math.sqrt(squares);
    }

    private static List<Measured> ball(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 2);
        Trainables at = model.pairs(random, 1);
        double rho = 0.05;
        BiLora rule = random.nextBoolean() ? BiLora.defaults() : SGD;
        RuleState state = rule.initialState(at, secondPairs(at, 2, true, random));
        Measured worst = new Measured("‖s2·B2·A2‖ ≤ ρ over all layers", 0, 0);
        for (int t = 1; t <= 6; t++) {
            StepResult result = step(rules, rule, at, state, t, rho, model);
            at = result.next();
            state = result.state();
            Measured measured = Measured.atMost("‖s2·B2·A2‖ ≤ ρ over all layers", norm(second(state)), rho, 1e-12);
            worst = measured.ratio() > worst.ratio() ? measured : worst;
        }
        return List.of(worst);
    }

    private static List<Measured> space(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 1);
        Trainables at = model.pairs(random, 1);
        RuleState state = SGD.initialState(at, secondPairs(at, 2, false, random));
        StepResult first = step(rules, SGD, at, state, 1, 0.05, model);
        LoraPair pair = second(first.state()).getFirst();
        // What the second evaluation adds to the first pair's weight.
        Trace.BiLoraTrace trace = (Trace.BiLoraTrace) step(rules, SGD, first.next(), first.state(), 2, 0.05, model).trace();
        SimpleMatrix merged = model.weights(trace.merged()).getFirst();
        SimpleMatrix perturbation = merged.minus(model.weights(first.next()).getFirst());
        double size = merged.normF() + perturbation.normF();
        List<Measured> measured = new ArrayList<>(columns(rules, random));
        measured.addAll(List.of(
                Measured.relative("Col(ε_W) ⊆ Col B2", Projection.outsideColumns(perturbation, pair.b()), 1e-13, size),
                Measured.relative("Row(ε_W) ⊆ Row A2", Projection.outsideRows(perturbation, pair.a()), 1e-13, size),
                Measured.atMost("rank of B2·A2 ≤ R2", Projection.rank(pair.weightChange()), pair.a().getNumRows(), 0)));
        return measured;
    }

    /// From B1 = B2 = 0 with gradients G_k = U·V_k, U of one column or two.
    private static List<Measured> columns(Rules rules, Random random) {
        int n = 4 + random.nextInt(3);
        int m = 3 + random.nextInt(3);
        SimpleMatrix u = Layer.normal(n, 1 + random.nextInt(2), random);
        int rank = u.getNumCols() == 1 ? 1 : 1 + random.nextInt(3);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, Layer.normal(rank, m, random), new SimpleMatrix(n, rank))), List.of());
        RuleState state = SGD.initialState(at, List.of(new LoraPair("w", 2, Layer.normal(rank, m, random), new SimpleMatrix(n, rank))));
        double path1 = 0;
        double path2 = 0;
        for (int t = 1; t <= 5; t++) {
            SimpleMatrix g = u.mult(Layer.normal(u.getNumCols(), m, random));
            path1 += ETA * g.normF() * at.pairs().getFirst().a().normF();
            path2 += 2 * ETA * g.normF() * second(state).getFirst().a().normF();
            StepResult result = step(rules, SGD, at, state, t, 0.05, trainables -> gradients(trainables, g));
            at = result.next();
            state = result.state();
        }
        SimpleMatrix b1 = at.pairs().getFirst().b();
        SimpleMatrix b2 = second(state).getFirst().b();
        List<Measured> measured = new ArrayList<>(List.of(
                Measured.relative("Col B1 ⊆ Σ Col(G_k)", Projection.outsideColumns(b1, u), 1e-12, path1),
                Measured.relative("Col B2 ⊆ Σ Col(G_k)", Projection.outsideColumns(b2, u), 1e-12, path2)));
        if (u.getNumCols() == 1) {
            measured.add(Measured.relative("Col B1 ⊆ Col B2 where the G_k have one column", Projection.outsideColumns(b1, b2), 1e-12,
                    path1 * path2 / b2.normF()));
        }
        return measured;
    }

    /// All gradients u·vᵀ with one u: B1 and B2 both become multiples of u.
    private static Counterexample sameColumn() {
        Random random = new Random(1);
        SimpleMatrix u = Layer.normal(4, 1, random);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, Layer.normal(1, 5, random), new SimpleMatrix(4, 1))), List.of());
        RuleState state = SGD.initialState(at, List.of(new LoraPair("w", 1, Layer.normal(1, 5, random), new SimpleMatrix(4, 1))));
        for (int t = 1; t <= 5; t++) {
            SimpleMatrix g = u.mult(Layer.normal(1, 5, random));
            StepResult result = SGD.step(at, state, inputs(t, 0.05), Sgd.defaults(), trainables -> gradients(trainables, g));
            at = result.next();
            state = result.state();
        }
        SimpleMatrix b1 = at.pairs().getFirst().b();
        SimpleMatrix b2 = second(state).getFirst().b();
        return Counterexample.notEqual("B1 = B2 = 0, R = 1, 5 steps with G_k = u·v_kᵀ",
                "|cos(B1, B2)|, to be that of unrelated columns, about 0", 0,
                Math.abs(Layer.inner(b1, b2)) / b1.normF() / b2.normF());
    }

    private static Gradients gradients(Trainables trainables, SimpleMatrix g) {
        List<PairGradient> pairs = new ArrayList<>();
        double loss = 0;
        for (LoraPair pair : trainables.pairs()) {
            loss += Layer.inner(g, pair.weightChange());
            pairs.add(new PairGradient(pair.b().transpose().mult(g).scale(pair.scaling()),
                    g.mult(pair.a().transpose()).scale(pair.scaling())));
        }
        return new Gradients(loss, pairs, List.of());
    }

    /// Eq. 9 with plain SGD, and Eq. 9 again as one linear map of the stacked pair.
    private static List<Measured> literal(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 2);
        Trainables at = model.pairs(random, 1.5);
        BiLora rule = new BiLora(Sgd.defaults(), 3, true);
        List<LoraPair> second = secondPairs(at, -0.5, false, random);
        StepResult result = rules.step(rule, at, rule.initialState(at, second), inputs(1, 1e9), Sgd.defaults(), model);
        List<SimpleMatrix> full = model.fullGradients(at.and(second));
        List<Measured> measured = new ArrayList<>();
        for (int j = 0; j < second.size(); j++) {
            SimpleMatrix g = full.get(j);
            LoraPair one = at.pairs().get(j);
            LoraPair two = second.get(j);
            double eta1 = ETA * one.scaling();
            double eta2 = 3 * ETA * two.scaling();
            LoraPair next = result.next().pairs().get(j);
            LoraPair ascended = second(result.state()).get(j);
            double size = 1 + one.a().normF() + one.b().normF() + two.a().normF() + two.b().normF() + g.normF();
            measured.add(Measured.equal("B1 − η1·s1·G·A1ᵀ", one.b().minus(g.mult(one.a().transpose()).scale(eta1)), next.b(), 1e-14, size));
            measured.add(Measured.equal("A1 − η1·s1·B1ᵀ·G", one.a().minus(one.b().transpose().mult(g).scale(eta1)), next.a(), 1e-14, size));
            measured.add(Measured.equal("B2 + η2·s2·G·A2ᵀ", two.b().plus(g.mult(two.a().transpose()).scale(eta2)), ascended.b(), 1e-14,
                    size));
            measured.add(Measured.equal("A2 + η2·s2·B2ᵀ·G", two.a().plus(two.b().transpose().mult(g).scale(eta2)), ascended.a(), 1e-14,
                    size));
            measured.add(Measured.equal("(I + η2·s2·M)·[B2; A2ᵀ]",
                    PowerIteration.step(PowerIteration.stacked(two.b(), two.a()), g, 3 * ETA, two.scaling()),
                    PowerIteration.stacked(ascended.b(), ascended.a()), 1e-14, size));
        }
        return measured;
    }

    private static List<Measured> clip(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 2);
        Trainables at = model.pairs(random, 1);
        double rho = 0.05;
        StepResult result = step(rules, SGD, at, SGD.initialState(at, secondPairs(at, 2, false, random)), 1, rho, model);
        Trace.BiLoraTrace trace = (Trace.BiLoraTrace) result.trace();
        List<LoraPair> clipped = second(result.state());
        double c = norm(trace.ascended());
        double factor = c > rho ? rho / c : 1;
        List<Measured> measured = new ArrayList<>();
        measured.add(Measured.equal("c² = Σ s2²·tr((B2ᵀB2)(A2A2ᵀ))", c, trace.c(), 1e-12, c));
        measured.add(Measured.equal("c = ρ after a clip", Math.min(c, rho), norm(clipped), 1e-12, rho));
        for (int j = 0; j < clipped.size(); j++) {
            LoraPair before = trace.ascended().get(j);
            measured.add(Measured.equal("s2·B2·A2 times ρ/c", before.weightChange().scale(factor), clipped.get(j).weightChange(), 1e-12,
                    rho));
            measured.add(Measured.equal("B2 times √(ρ/c)", before.b().scale(Math.sqrt(factor)), clipped.get(j).b(), 1e-13,
                    before.b().normF()));
        }
        return measured;
    }

    private static List<Measured> beginsAsLora(Rules rules, Random random) {
        SmallModel model = SmallModel.network(random);
        Trainables start = model.pairs(random, 2);
        List<LoraPair> second = secondPairs(start, 2, true, random);
        Lora lora = Lora.defaults();
        Descent adamW = AdamW.defaults();
        StepResult plain = lora.step(start, lora.initialState(start), inputs(1, 0), adamW, model);
        StepResult first = step(rules, BiLora.defaults(), start, BiLora.defaults().initialState(start, second), 1, 0.05, model);
        List<Measured> measured = new ArrayList<>();
        measured.add(Measured.that("first step, bits", same(plain.next(), first.next())));
        Trainables one = start;
        Trainables two = start;
        RuleState oneState = lora.initialState(start);
        RuleState twoState = BiLora.defaults().initialState(start, second);
        for (int t = 1; t <= 4; t++) {
            StepResult a = lora.step(one, oneState, inputs(t, 0), adamW, model);
            StepResult b = step(rules, BiLora.defaults(), two, twoState, t, 0, model);
            one = a.next();
            oneState = a.state();
            two = b.next();
            twoState = b.state();
        }
        measured.add(Measured.that("four steps at ρ = 0, bits", same(one, two)));
        return measured;
    }

    /// Bit for bit, but −0 equals +0.
    static boolean same(Trainables one, Trainables two) {
        SimpleMatrix x = Stacked.factors(one);
        SimpleMatrix y = Stacked.factors(two);
        boolean same = x.getNumElements() == y.getNumElements();
        for (int i = 0; same && i < x.getNumElements(); i++) {
            same = x.get(i) == y.get(i);
        }
        return same;
    }

    private static List<Measured> cancels(Rules rules, Random random) {
        SmallModel model = SmallModel.network(random);
        Trainables drawn = model.pairs(random, 2);
        List<LoraPair> pairs = new ArrayList<>();
        List<LoraPair> others = new ArrayList<>();
        for (LoraPair pair : drawn.pairs()) {
            pairs.add(pair.withB(pair.b().createLike()));
            others.add(pair.withB(pair.b().createLike()).withA(Layer.normal(pair.a().getNumRows(), pair.a().getNumCols(), random)));
        }
        return List.of(
                Measured.same("‖W − W0‖ after 3 steps from A1 = A2", 0, moved(rules, model, drawn.withPairs(pairs), pairs)),
                Measured.that("W moves from A1 ≠ A2", moved(rules, model, drawn.withPairs(pairs), others) > 1e-9));
    }

    private static double moved(Rules rules, SmallModel model, Trainables start, List<LoraPair> second) {
        Trainables at = start;
        RuleState state = SGD.initialState(at, second);
        for (int t = 1; t <= 3; t++) {
            StepResult result = step(rules, SGD, at, state, t, 1e9, model);
            at = result.next();
            state = result.state();
        }
        double moved = 0;
        for (int j = 0; j < second.size(); j++) {
            moved += at.pairs().get(j).weightChange().plus(second(state).get(j).weightChange()).normF();
        }
        return moved;
    }

    private static List<Measured> powerIteration(Rules rules, Random random) {
        int n = 3 + random.nextInt(4);
        int m = 3 + random.nextInt(4);
        SimpleMatrix drawn = Layer.normal(n, m, random);
        double[] sigma = drawn.svd(true).getSingularValues();
        while (sigma[1] > 0.7 * sigma[0]) {
            drawn = Layer.normal(n, m, random);
            sigma = drawn.svd(true).getSingularValues();
        }
        SimpleMatrix g = drawn.divide(sigma[0]);
        double s = new double[] {0.25, 1, 2}[random.nextInt(3)];
        double rho = 0.05;
        int rank = 2 + random.nextInt(2);
        BiLora rule = new BiLora(Sgd.defaults(), 1 / s, true);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, Layer.normal(1, m, random), new SimpleMatrix(n, 1))), List.of());
        RuleState state = rule.initialState(at, List.of(new LoraPair("w", s, Layer.normal(rank, m, random), new SimpleMatrix(n, rank))));
        for (int t = 1; t <= 300; t++) {
            state = rules.step(rule, at, state, new StepInputs(t, 1, 1, rho, 0), Sgd.defaults(),
                    trainables -> gradients(trainables, g)).state();
        }
        SimpleMatrix found = second(state).getFirst().weightChange();
        return List.of(
                Measured.equal("s2·B2·A2 and ρ·u1·v1ᵀ after 300 steps", PowerIteration.limit(g, rho), found, 1e-9, rho),
                Measured.same("rank", 1, Projection.rank(found)),
                Measured.atMost("gain ‹G, E› ≤ ρ·√(Σ σ_i²) of the best of rank R2", Layer.inner(g, found),
                        PowerIteration.bestGain(g, rank, rho),
                        1e-12));
    }

    private static List<Measured> uphill(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        SimpleMatrix g = layer.g();
        double s = layer.pair().scaling();
        double largest = g.svd(true).getSingleValue(0);
        double eta = 2 * random.nextDouble() / (Math.abs(s) * largest);
        BiLora rule = new BiLora(Sgd.defaults(), eta / ETA, true);
        LoraPair two = layer.pair();
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, new SimpleMatrix(1, g.getNumCols()),
                new SimpleMatrix(g.getNumRows(), 1))),
                List.of());
        StepResult result = rules.step(rule, at, rule.initialState(at, List.of(two)), inputs(1, 1e9), Sgd.defaults(),
                trainables -> gradients(trainables, g));
        double found = Layer.inner(g, second(result.state()).getFirst().weightChange().minus(two.weightChange()));
        SimpleMatrix up = g.mult(two.a().transpose());
        SimpleMatrix left = two.b().transpose().mult(g);
        double first = eta * s * s * (Layer.square(up) + Layer.square(left));
        double expected = first + eta * eta * s * s * s * Layer.inner(g, up.mult(left));
        double size = first + Math.abs(s) * g.normF() * two.b().normF() * two.a().normF();
        return List.of(
                Measured.equal("‹G, ΔE›", expected, found, 1e-12, size),
                Measured.atMost("−‹G, ΔE› ≤ 0", size == 0 ? 0 : -found / size, 1e-12, 0));
    }

    private static Counterexample downhill() {
        SimpleMatrix one = new SimpleMatrix(1, 1, true, 1.0);
        LoraPair two = new LoraPair("w", 1, one.negative(), one);
        BiLora rule = new BiLora(Sgd.defaults(), 5 / ETA, true);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, new SimpleMatrix(1, 1), new SimpleMatrix(1, 1))), List.of());
        RuleState state = rule.step(at, rule.initialState(at, List.of(two)), inputs(1, 1e9), Sgd.defaults(),
                trainables -> gradients(trainables, one)).state();
        double found = second(state).getFirst().weightChange().minus(two.weightChange()).get(0);
        return new Counterexample("G = 1, B2 = 1, A2 = −1, s = 1, η = 5", "‹G, ΔE›, to be at least 0", 0, found, found < 0);
    }

    private static List<Measured> contraction(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 2);
        Trainables at = model.pairs(random, 1);
        double rho = 0.05;
        StepResult result = step(rules, SGD, at, SGD.initialState(at, secondPairs(at, 2, false, random)), 1, rho, model);
        List<LoraPair> before = ((Trace.BiLoraTrace) result.trace()).ascended();
        double factor = Math.min(1, rho / norm(before));
        List<Measured> measured = new ArrayList<>();
        for (int j = 0; j < before.size(); j++) {
            measured.add(Measured.equal("B2ᵀB2 − A2A2ᵀ times ρ/c", Balance.matrix(before.get(j)).scale(factor),
                    Balance.matrix(second(result.state()).get(j)), 1e-13, Layer.square(before.get(j).a())
                            + Layer.square(before.get(j).b())));
        }
        return measured;
    }
}
