package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.FactorPerturbation;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.NormScope;
import lowland.rule.PairGradient;
import lowland.rule.PseudoInverse;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.EmaBound;
import lowland.theory.GradientBlocks;
import org.ejml.simple.SimpleMatrix;

/// P1 Eq. 18, Fig. 2 and Theorem 2: EFMLoRA's moving average.
///
/// The theorem speaks of perturbations of W: here EFMLoRA runs on W itself, with A = I held still, so that s·Ê·A = s·Ê is ê.
final class Paper1Averaging {

    private Paper1Averaging() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.corrected("paper1-eq18", "P1 Eq. 18",
                        "Ê_t = (1−β)·Ê_{t−1} + β·E_t, Ê_0 left open",
                        "Ê_t = (1−β)^t·Ê_0 + Σ β(1−β)^{t−i}·E_i from zero, or Ê_1 = E_1; ‖ê_t‖ ≤ (1−β)^t·‖ê_0‖ + (1 − (1−β)^t)·max ρ_i",
                        500, Paper1Averaging::movingAverage),
                Claim.holds("paper1-ema-norm", "beside P1 Eq. 18",
                        "perturbations of independent directions average to ‖ê‖ = ρ·√(β/(2−β))",
                        3, Paper1Averaging::independentDirections),
                Claim.corrected("paper1-fig2", "P1 Fig. 2, step 2",
                        "E_t = (1/s)·Ê_t·A⁺, n×R times m×R, in an edition before v3",
                        "E_t = (1/s)·E_W·A_{t−1}⁺, as v3 prints; Ḡ made of B̃ = B_{t−1} + Ê_{t−1} and A_{t−1}, where the gradients were taken",
                        1000, Paper1Averaging::figure2),
                Claim.refuted("theorem2", "P1 Theorem 2, Eq. 19",
                        "Δ_t = |L(w_t + ê_{t−1}) − L(w_t + ε_t)| ≤ (τρ0 + G + σ²)·(ρ_t + ρ0(1 + (1−β)^{t−1})), ρ_t = ρ0/√t",
                        "the same with σ for σ², of the mean over the batch at step t of Δ_t with that batch's L and ε_t, if ‖ê_0‖ ≤ ρ0; of each"
                                + " batch's Δ_t without σ, if G bounds its gradient; G on the way only, convexity is not needed",
                        200, Paper1Averaging::values, Paper1Averaging::varianceForDeviation),
                Claim.refuted("theorem2-limit", "P1 Theorem 2, conclusion",
                        "the bound shows Δ_t → 0",
                        "it tends to (τρ0 + G + σ)ρ0; Δ_t ≤ (G + τ·max(u_{t−1}, ρ_t))(u_{t−1} + ρ_t), u_t = (1−β)u_{t−1} + βρ_t ≤"
                                + " ρ0((1−β)^⌈t/2⌉ + √(2/t)), does tend to 0: at t = 3000 it is less than a twentieth of Eq. 19's right side",
                        200, Paper1Averaging::decaying, Paper1Averaging::limit),
                Claim.refuted("theorem2-space", "P1 Theorem 2, reading",
                        "the average stays within the ball: ‖s·Ê·A‖ ≤ ρ",
                        "Ê is an average of E_B, not of perturbations of W: ‖s·Ê_t·A_t‖ ≤ Σ β(1−β)^{t−i}·ρ·‖A_i⁺·A_t‖₂, as A changes",
                        200, Paper1Averaging::space, Paper1Averaging::outside),
                Claim.refuted("theorem2-direction", "P1 Theorem 2, reading",
                        "ê approximates SAM's perturbation",
                        "‖ê_{t−1} − ρ·∇L(w_t)/‖∇L(w_t)‖‖ ≤ ρ(1−β)^{t−1} + (ρτ/g_min)(ρ + ηG/β): near it only where w moves slowly",
                        200, Paper1Averaging::direction, Paper1Averaging::opposite));
    }

    /// One EFMLoRA run on W.
    ///
    /// @param weights  w_0, w_1, …: w_{t−1} before step t
    /// @param averages ê_0, ê_1, …, in W
    /// @param terms    s·E_1, s·E_2, …
    private record Run(List<SimpleMatrix> weights, List<SimpleMatrix> averages, List<SimpleMatrix> terms) {

        static Run of(Rules rules, SmallModel model, double s, double beta, SimpleMatrix start, IntToDoubleFunction rho, double eta,
                int steps) {
            return of(rules, _ -> model, s, beta, start, rho, eta, steps);
        }

        /// @param batch of each step, from 1
        static Run of(Rules rules, IntFunction<SmallModel> batch, double s, double beta, SimpleMatrix start, IntToDoubleFunction rho,
                double eta, int steps) {
            SimpleMatrix w0 = batch.apply(1).start().getFirst();
            int n = w0.getNumRows();
            int m = w0.getNumCols();
            EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.B, Factor.B, beta, EmaStart.ZERO);
            Trainables at = new Trainables(List.of(new LoraPair("w0", s, SimpleMatrix.identity(m), new SimpleMatrix(n, m))), List.of());
            RuleState state = new RuleState.Averaging(rule.initialState(at).moments(), List.of(start.divide(s)));
            List<SimpleMatrix> weights = new ArrayList<>(List.of(w0));
            List<SimpleMatrix> averages = new ArrayList<>(List.of(start));
            List<SimpleMatrix> terms = new ArrayList<>();
            for (int t = 1; t <= steps; t++) {
                SmallModel model = batch.apply(t);
                GradientOracle stillA = trainables -> {
                    Gradients g = model.at(trainables);
                    return new Gradients(g.loss(), List.of(new PairGradient(new SimpleMatrix(m, m), g.pairs().getFirst().dB())), List.of());
                };
                // The rate is W's: B's own is s² times as fast.
                StepResult result = rules.step(rule, at, state, new StepInputs(t, eta / (s * s), 0, rho.applyAsDouble(t), 0), Layer.sgd(),
                        stillA);
                at = result.next();
                state = result.state();
                weights.add(w0.plus(at.pairs().getFirst().weightChange()));
                averages.add(state.as(RuleState.Averaging.class).average().getFirst().scale(s));
                terms.add(((Trace.EfmLoraTrace) result.trace()).perturbation().perturbations().getFirst().scale(s));
            }
            return new Run(weights, averages, terms);
        }
    }

    private static SmallModel model(Random random) {
        return random.nextBoolean() ? SmallModel.quadratic(random, 2 + random.nextInt(2), 1 + random.nextInt(3))
                : SmallModel.logistic(random, 1 + random.nextInt(2), 2 + random.nextInt(2));
    }

    private static double beta(Random random) {
        return new double[] {0.01, 0.1, 0.5, 0.9}[random.nextInt(4)];
    }

    private static double scaling(Random random) {
        return new double[] {0.25, 1, 2, -1.5}[random.nextInt(4)];
    }

    private static SimpleMatrix gradient(SmallModel model, SimpleMatrix w) {
        return model.loss().gradients(List.of(w)).getFirst();
    }

    private static double value(SmallModel model, SimpleMatrix w) {
        return model.loss().value(List.of(w));
    }

    private static SimpleMatrix unit(SimpleMatrix x) {
        return x.normF() == 0 ? x : x.divide(x.normF());
    }

    /// The rule's run against the closed form of its own E_i, and against all of it written down again, in W and without any factor.
    private static List<Measured> movingAverage(Rules rules, Random random) {
        SmallModel model = model(random);
        double beta = beta(random);
        double rho = 0.05;
        double eta = 0.02;
        SimpleMatrix start = unit(Layer.normal(model.start().getFirst().getNumRows(), model.start().getFirst().getNumCols(),
                random)).scale(rho);
        int steps = 8;
        Run run = Run.of(rules, model, scaling(random), beta, start, _ -> rho, eta, steps);
        SimpleMatrix w = model.start().getFirst();
        SimpleMatrix e = start;
        for (int t = 1; t <= steps; t++) {
            SimpleMatrix g = gradient(model, w.plus(e));
            w = w.minus(g.scale(eta));
            e = e.scale(1 - beta).plus(unit(g).scale(beta * rho));
        }
        SimpleMatrix closed = start.scale(Math.pow(1 - beta, steps));
        for (int i = 1; i <= steps; i++) {
            closed = closed.plus(run.terms().get(i - 1).scale(beta * Math.pow(1 - beta, steps - i)));
        }
        Layer layer = Layer.draw(random);
        EfmLora first = new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, beta, EmaStart.FIRST);
        StepResult begun = rules.step(first, layer.trainables(), first.initialState(layer.trainables()), layer.inputs(), Layer.sgd(),
                layer.oracle());
        SimpleMatrix e1 = ((Trace.EfmLoraTrace) begun.trace()).perturbation().perturbations().getFirst();
        return List.of(
                Measured.equal("Ê_1 = E_1 where the average starts with it", e1,
                        begun.state().as(RuleState.Averaging.class).average().getFirst(), 0, 1),
                Measured.equal("closed form", closed, run.averages().getLast(), 1e-13, rho),
                // Eight steps apart: what g is rounded by turns ρ·g/‖g‖ by that over ‖g‖, which may be small.
                Measured.equal("ê_t", e, run.averages().getLast(), 1e-11, rho),
                Measured.equal("w_t", w, run.weights().getLast(), 1e-11, w.normF()),
                Measured.atMost("‖ê_t‖ ≤ ρ", run.averages().getLast().normF(), rho, 1e-12));
    }

    private static List<Measured> independentDirections(Rules rules, Random random) {
        int n = 8;
        double beta = 0.1;
        double rho = 0.05;
        int steps = 3000;
        SimpleMatrix zero = new SimpleMatrix(n, n);
        EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.B, Factor.B, beta, EmaStart.ZERO);
        Trainables at = new Trainables(List.of(new LoraPair("w0", 1, SimpleMatrix.identity(n), zero)), List.of());
        RuleState state = rule.initialState(at);
        double squares = 0;
        for (int t = 1; t <= steps; t++) {
            SimpleMatrix g = Layer.normal(n, n, random);
            state = rules.step(rule, at, state, new StepInputs(t, 0, 0, rho, 0), Layer.sgd(),
                    _ -> new Gradients(0, List.of(new PairGradient(zero, g)), List.of())).state();
            squares += t <= 200 ? 0 : Layer.square(state.as(RuleState.Averaging.class).average().getFirst());
        }
        double expected = rho * Math.sqrt(beta / (2 - beta));
        // About 2800/20 independent values of ‖ê‖², each spread by √(2/64): 1.5 %; five times that.
        return List.of(Measured.equal("root mean square of ‖ê‖, β = 0.1", expected, Math.sqrt(squares / (steps - 200)), 0.075, expected));
    }

    private static List<Measured> figure2(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        EfmLora rule = EfmLora.defaults();
        Trainables at = layer.trainables();
        SimpleMatrix average = Layer.normal(layer.pair().b().getNumRows(), layer.pair().b().getNumCols(), random);
        RuleState state = new RuleState.Averaging(rule.initialState(at).moments(), List.of(average));
        StepResult result = rules.step(rule, at, state, layer.inputs(), Layer.sgd(), layer.oracle());
        FactorPerturbation e = ((Trace.EfmLoraTrace) result.trace()).perturbation();
        LoraPair moved = layer.pair().withB(layer.pair().b().plus(average));
        GradientBlocks blocks = GradientBlocks.of(layer.g(), moved.b(), moved.a());
        double tolerance = Layer.tolerance(moved.a(), moved.b());
        double direction = blocks.meanNorm() == 0 ? 0 : tolerance * Math.max(1, layer.g().normF() / blocks.meanNorm());
        PairGradient g = layer.gradientAt(moved);
        SimpleMatrix expected = average.scale(1 - rule.ema()).plus(e.perturbations().getFirst().scale(rule.ema()));
        double kept = 1e-14 * (average.normF() + e.perturbations().getFirst().normF());
        return List.of(
                Measured.equal("Ḡ is made of projections at B̃", blocks.mean(), e.fullGradients().getFirst(), tolerance, layer.g().normF()),
                Measured.equal("‖s·E_t·A‖", blocks.effectiveNorm(layer.rho()),
                        e.perturbations().getFirst().mult(moved.a()).scale(moved.scaling()).normF(), direction, layer.rho()),
                new Measured("Ê_t = (1−β)·Ê_{t−1} + β·E_t",
                        expected.minus(result.state().as(RuleState.Averaging.class).average().getFirst()).normF(), kept),
                Measured.equal("B_t = B_{t−1} − η·gB(B̃)", layer.pair().b().minus(g.dB().scale(0.1)), result.next().pairs().getFirst().b(),
                        1e-13, layer.pair().b().normF() + g.dB().normF()));
    }

    /// Steps on one of four batches at random, whose gradients are off by D_k with ΣD_k = 0 and σ² = mean ‖D_k‖²; in one case of three by
    /// nothing. At each step all four are asked: the mean over them is the expectation given what came before.
    private static List<Measured> values(Rules rules, Random random) {
        SmallModel model = model(random);
        List<SmallModel> batches = batches(model, new double[] {0, 0.3, 3}[random.nextInt(3)], random);
        double sigma = 0;
        for (SmallModel batch : batches) {
            sigma += Layer.square(gradient(batch, model.start().getFirst()).minus(gradient(model, model.start().getFirst()))) / batches.size();
        }
        sigma = Math.sqrt(sigma);
        int[] order = random.ints(41, 0, batches.size()).toArray();
        double beta = beta(random);
        double rho0 = 0.5;
        int steps = 40;
        SimpleMatrix start = unit(Layer.normal(model.start().getFirst().getNumRows(), model.start().getFirst().getNumCols(), random))
                .scale(random.nextBoolean() ? rho0 : 0);
        Run run = Run.of(rules, t -> batches.get(order[t]), scaling(random), beta, start, t -> rho0 / Math.sqrt(t), 0.1 / model.tau(),
                steps);
        double g = 0;
        double ofBatches = 0;
        for (SimpleMatrix w : run.weights()) {
            g = Math.max(g, gradient(model, w).normF());
            for (SmallModel batch : batches) {
                ofBatches = Math.max(ofBatches, gradient(batch, w).normF());
            }
        }
        Measured mean = null;
        Measured each = null;
        for (int t = 1; t <= steps; t++) {
            double sum = 0;
            double most = 0;
            for (SmallModel batch : batches) {
                double gap = gap(batch, run, t, rho0 / Math.sqrt(t));
                sum += gap;
                most = Math.max(most, gap);
            }
            mean = worse(mean, Measured.atMost("E Δ_t ≤ (τρ0 + G + σ)(ρ_t + ρ0(1 + (1−β)^{t−1}))", sum / batches.size(),
                    EmaBound.ofValues(model.tau(), g, sigma, rho0, beta, t), 1e-12));
            each = worse(each, Measured.atMost("Δ_t of each batch, G of its gradients, σ = 0", most,
                    EmaBound.ofValues(model.tau(), ofBatches, 0, rho0, beta, t), 1e-12));
        }
        List<Measured> measured = new ArrayList<>(List.of(mean, each));
        measured.addAll(norms(run, start.normF(), beta, t -> rho0 / Math.sqrt(t)));
        return measured;
    }

    private static Measured worse(Measured before, Measured measured) {
        return before == null || measured.ratio() > before.ratio() ? measured : before;
    }

    private static List<SmallModel> batches(SmallModel model, double noise, Random random) {
        SimpleMatrix w = model.start().getFirst();
        List<SimpleMatrix> tilts = new ArrayList<>();
        SimpleMatrix mean = w.createLike();
        for (int k = 0; k < 4; k++) {
            tilts.add(Layer.normal(w.getNumRows(), w.getNumCols(), random).scale(noise));
            mean = mean.plus(tilts.getLast().divide(4));
        }
        List<SmallModel> batches = new ArrayList<>();
        for (SimpleMatrix tilt : tilts) {
            batches.add(model.tilted(tilt.minus(mean)));
        }
        return batches;
    }

    /// |L(w_t + ê_{t−1}) − L(w_t + ε_t)|, w_t the weights before step t.
    private static double gap(SmallModel model, Run run, int t, double rho) {
        SimpleMatrix w = run.weights().get(t - 1);
        SimpleMatrix sam = unit(gradient(model, w)).scale(rho);
        return Math.abs(value(model, w.plus(run.averages().get(t - 1))) - value(model, w.plus(sam)));
    }

    /// ‖ê_t‖ ≤ u_t: what every one of these bounds rests on.
    private static List<Measured> norms(Run run, double start, double beta, IntToDoubleFunction rho) {
        double u = start;
        Measured worst = new Measured("‖ê_t‖ ≤ u_t", 0, 0);
        for (int t = 1; t < run.averages().size(); t++) {
            u = (1 - beta) * u + beta * rho.applyAsDouble(t);
            Measured measured = Measured.atMost("‖ê_t‖ ≤ u_t", run.averages().get(t).normF(), u, 1e-11);
            worst = measured.ratio() > worst.ratio() ? measured : worst;
        }
        return List.of(worst);
    }

    /// L_B = ±0.1·w, L_D = 0: G = 0, τ = 0, σ = 0.1. Batches +, +, −; ρ0 = 1, β = ½, ê_0 = ρ0, t = 3.
    private static Counterexample varianceForDeviation() {
        double beta = 0.5;
        SmallModel up = SmallModel.flat(1, 1).tilted(new SimpleMatrix(1, 1, true, 0.1));
        SmallModel down = SmallModel.flat(1, 1).tilted(new SimpleMatrix(1, 1, true, -0.1));
        Run run = Run.of(Rules.LITERAL, t -> t == 3 ? down : up, 1, beta, new SimpleMatrix(1, 1, true, 1.0), t -> 1 / Math.sqrt(t), 1, 3);
        double gap = gap(down, run, 3, 1 / Math.sqrt(3));
        return Counterexample.notAtMost("L = ±0.1·w by batch (+, +, −), L_D = 0: τ = G = 0, σ = 0.1; ρ0 = 1, β = ½, ê_0 = 1, t = 3",
                "Δ_t, to be at most Eq. 19's right side", EmaBound.ofValues(0, 0, 0.01, 1, beta, 3), gap);
    }

    private static List<Measured> decaying(Rules rules, Random random) {
        SmallModel model = model(random);
        double beta = beta(random);
        double rho0 = 0.5;
        // A long run in one case of fifty.
        int steps = random.nextInt(50) == 0 ? 3000 : 40;
        SimpleMatrix zero = model.start().getFirst().createLike();
        Run run = Run.of(rules, model, scaling(random), beta, zero, t -> rho0 / Math.sqrt(t), 0.1 / model.tau(), steps);
        double g = 0;
        for (SimpleMatrix w : run.weights()) {
            g = Math.max(g, gradient(model, w).normF());
        }
        double u = 0;
        List<Measured> late = new ArrayList<>();
        Measured worst = null;
        Measured worstNorm = null;
        for (int t = 1; t <= steps; t++) {
            double rho = rho0 / Math.sqrt(t);
            Measured measured = Measured.atMost("Δ_t ≤ (G + τ·max(u_{t−1}, ρ_t))(u_{t−1} + ρ_t)", gap(model, run, t, rho),
                    EmaBound.decaying(model.tau(), g, u, rho), 1e-12);
            worst = worse(worst, measured);
            if (t == 3000) {
                // (G + τ·max(u, ρ_t))/(G + τρ0) ≤ 1, and (u + ρ_t)/ρ0 ≤ √(2/2999) + √(1/3000) + 0.99^1499.
                late.add(Measured.atMost("the bound at t = 3000 over Eq. 19's right side there", EmaBound.decaying(model.tau(), g, u, rho)
                        / EmaBound.ofValues(model.tau(), g, 0, rho0, beta, t), 0.05, 0));
            }
            u = (1 - beta) * u + beta * rho;
            Measured norm = Measured.atMost("u_t ≤ ρ0((1−β)^⌈t/2⌉ + √(2/t))", u, EmaBound.averageNorm(rho0, beta, t), 1e-12);
            worstNorm = worse(worstNorm, norm);
        }
        List<Measured> measured = new ArrayList<>(List.of(worst, worstNorm));
        measured.addAll(norms(run, 0, beta, t -> rho0 / Math.sqrt(t)));
        measured.addAll(late);
        return measured;
    }

    private static Counterexample limit() {
        return Counterexample.notEqual("τ = 1, G = 1, σ = 0, ρ0 = 0.1, β = 0.1, t = 10⁹", "Eq. 19's right side, to tend to 0", 0,
                EmaBound.ofValues(1, 1, 0, 0.1, 0.1, 1_000_000_000));
    }

    private static List<Measured> direction(Rules rules, Random random) {
        SmallModel model = model(random);
        double beta = beta(random);
        double rho = 0.02;
        double eta = 0.01 / model.tau();
        int steps = 40;
        Run run = Run.of(rules, model, scaling(random), beta, model.start().getFirst().createLike(), _ -> rho, eta, steps);
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (int t = 0; t <= steps; t++) {
            for (SimpleMatrix w : List.of(run.weights().get(t), run.weights().get(t).plus(run.averages().get(t)))) {
                double norm = gradient(model, w).normF();
                least = Math.min(least, norm);
                most = Math.max(most, norm);
            }
        }
        Measured worst = null;
        for (int t = 1; t <= steps; t++) {
            SimpleMatrix sam = unit(gradient(model, run.weights().get(t - 1))).scale(rho);
            Measured measured = Measured.atMost("‖ê_{t−1} − ρ·∇L(w_t)/‖∇L(w_t)‖‖", run.averages().get(t - 1).minus(sam).normF(),
                    EmaBound.deviation(model.tau(), least, most, rho, beta, eta, t), 1e-12);
            worst = worse(worst, measured);
        }
        return List.of(worst);
    }

    /// An element of A beyond which a run has run away.
    private static final double LARGE = 1e3;

    /// EFMLoRA with both factors trained.
    private static List<Measured> space(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 1);
        Trainables at = model.pairs(random, scaling(random));
        double beta = beta(random);
        double rho = 0.05;
        EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, beta, EmaStart.ZERO);
        RuleState state = rule.initialState(at);
        List<SimpleMatrix> inverses = new ArrayList<>();
        Measured worst = new Measured("‖s·Ê_t·A_t‖", 0, 0, true);
        for (int t = 1; t <= 12; t++) {
            inverses.add(PseudoInverse.bySvd(at.pairs().getFirst().a()));
            StepResult result = rules.step(rule, at, state, new StepInputs(t, 0.02, 0.02, rho, 0), Layer.sgd(), model);
            at = result.next();
            state = result.state();
            LoraPair pair = at.pairs().getFirst();
            if (!(pair.a().elementMaxAbs() < LARGE)) {
                // Descent on a factorisation may run away, by squares in each step: what is then measured is rounding.
                break;
            }
            double bound = 0;
            for (int i = 1; i <= t; i++) {
                bound += beta * Math.pow(1 - beta, t - i) * rho * inverses.get(i - 1).mult(pair.a()).svd(true).getSingleValue(0);
            }
            SimpleMatrix average = state.as(RuleState.Averaging.class).average().getFirst();
            Measured measured = Measured.atMost("‖s·Ê_t·A_t‖", average.mult(pair.a()).scale(pair.scaling()).normF(), bound, 1e-10);
            worst = measured.ratio() > worst.ratio() ? measured : worst;
        }
        return List.of(worst);
    }

    /// One step, then A ten times as large.
    private static Counterexample outside() {
        EfmLora rule = new EfmLora(NormScope.LAYER, Estimate.MEAN, Factor.B, 1, EmaStart.ZERO);
        SimpleMatrix a = new SimpleMatrix(1, 2, true, 1.0, 0);
        Layer layer = new Layer(new LoraPair("w", 1, a, new SimpleMatrix(2, 1)), new SimpleMatrix(2, 2, true, 1.0, 2, 3, 4), 0.1);
        RuleState state = rule.step(layer.trainables(), rule.initialState(layer.trainables()), layer.inputs(), Layer.sgd(),
                layer.oracle()).state();
        return Counterexample.notAtMost("A = (1 0), B = 0, s = 1, β = 1, ρ = 0.1, G = (1 2; 3 4); then A = (10 0)",
                "‖s·Ê·A‖, to be at most ρ", 0.1,
                state.as(RuleState.Averaging.class).average().getFirst().mult(a.scale(10)).normF());
    }

    /// Where the iterates swing from side to side the average points away from where SAM would go.
    private static Counterexample opposite() {
        SmallModel parabola = new SmallModel(List.of(new SimpleMatrix(1, 1, true, 1.0)), new SmallModel.WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                return Layer.square(weights.getFirst()) / 2;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                return weights;
            }
        }, 1);
        Run run = Run.of(Rules.LITERAL, parabola, 1, 0.1, new SimpleMatrix(1, 1), _ -> 0.01, 1.95, 51);
        double cosine = Math.signum(run.averages().get(50).get(0)) * Math.signum(run.weights().get(50).get(0));
        return Counterexample.notEqual("L = ½w², w_0 = 1, η = 1.95, ρ = 0.01, β = 0.1, t = 51", "cos(ê_{t−1}, ∇L(w_t)), to be near 1", 1,
                cosine);
    }
}
