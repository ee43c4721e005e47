package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraPair;
import lowland.rule.LoraSam;
import lowland.rule.PairGradient;
import lowland.rule.StepInputs;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.Balance;
import lowland.theory.GradientBlocks;
import org.ejml.simple.SimpleMatrix;

/// P1 Theorem 1 (Eq. 17): balancedness of the factors under FMLoRA.
final class Paper1Balance {
    private static final double ETA = 0.01;

    private Paper1Balance() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.corrected("theorem1", "P1 Theorem 1, Eq. 17",
                        "|d½(‖x‖² − ‖y‖²)/dt| ≤ (ρ/s)·‖g_x̃‖/‖y‖ at rank 1",
                        "d½(‖B‖² − ‖A‖²)/dt = ‹E_B, gB(B̃, A)›, at most (ρ/|s|)·‖gB(B̃, A)‖/σ⁺_min(A), at any rank; equal where G = u·yᵀ at rank 1",
                        1000, Paper1Balance::drift),
                Claim.refuted("theorem1-balance", "P1 Theorem 1, conclusion",
                        "½(‖B‖² − ‖A‖²) decreases: the factors become balanced",
                        "to leading order in ρ it grows, whatever its sign: by ‹G, s·E_B·A› = ρ(x + z)/√(x + y + 2z) ≥ 0",
                        2000, Paper1Balance::leadingOrder, Paper1Balance::grows),
                Claim.holds("theorem1-lora-sam", "beside P1 Theorem 1: LoRA-SAM",
                        "d½(‖B‖² − ‖A‖²)/dt = ‹ε_B, gB̃› − ‹ε_A, gÃ›, to leading order ρ(‖gB‖² − ‖gA‖²)/‖(gB, gA)‖",
                        1000, Paper1Balance::loraSam),
                Claim.holds("theorem1-conservation", "beside P1 Theorem 1",
                        "without a perturbation the flow conserves BᵀB − AAᵀ; a step of η changes it by η²·(gBᵀ·gB − gA·gAᵀ)",
                        1000, Paper1Balance::conservation));
    }

    private static StepInputs inputs(double rho) {
        return new StepInputs(1, ETA, ETA, rho, 0);
    }

    private static List<Measured> drift(Rules rules, Random random) {
        SmallModel model = random.nextBoolean() ? SmallModel.factorisation(random, 2) : SmallModel.network(random);
        double s = new double[] {0.25, 1, 2, -1.5, 16}[random.nextInt(5)];
        double rho = 0.05;
        Trainables at = model.pairs(random, s);
        if (random.nextBoolean()) {
            at = at.withPairs(rankOne(at, random));
        }
        FmLora rule = FmLora.defaults();
        Trace.FmLoraTrace trace = (Trace.FmLoraTrace) rules.step(rule, at, rule.initialState(at), inputs(rho), Layer.sgd(), model).trace();
        List<LoraPair> moved = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair pair = at.pairs().get(j);
            moved.add(pair.withB(pair.b().plus(trace.perturbation().perturbations().get(j))));
        }
        List<PairGradient> perturbed = model.at(at.withPairs(moved)).pairs();
        List<Measured> measured = new ArrayList<>();
        for (int j = 0; j < moved.size(); j++) {
            LoraPair pair = at.pairs().get(j);
            PairGradient g = trace.perturbedGradients().pairs().get(j);
            SimpleMatrix e = trace.perturbation().perturbations().get(j);
            double size = pair.b().normF() * g.dB().normF() + pair.a().normF() * g.dA().normF() + e.normF() * g.dB().normF();
            measured.add(Measured.equal("the descent's gradient is that at (B̃, A)", perturbed.get(j).dB(), g.dB(), 1e-12, g.dB().normF()));
            measured.add(Measured.equal("rate = ‹E_B, gB(B̃, A)›", Balance.drift(e, g), Balance.rate(pair, g), 1e-12, size));
            measured.add(Measured.equal("d(BᵀB − AAᵀ)/dt = E_Bᵀ·gB + gBᵀ·E_B", Balance.matrixDrift(e, g), Balance.matrixRate(pair, g),
                    1e-12,
                    2 * size));
            measured.add(Measured.atMost("|rate| ≤ (ρ/|s|)·‖gB(B̃, A)‖/σ⁺_min(A)", Math.abs(Balance.drift(e, g)),
                    Balance.bound(pair, rho, g),
                    1e-10));
        }
        measured.add(sharp(rules, random));
        return measured;
    }

    /// G = u·yᵀ everywhere, A = yᵀ, B along u: nothing of G is outside Row A and Col B, so s·E_B·A = ρ·G/‖G‖, and E_B is along gB.
    private static Measured sharp(Rules rules, Random random) {
        Layer drawn = Layer.draw(random);
        SimpleMatrix u = Layer.normal(drawn.g().getNumRows(), 1, random);
        SimpleMatrix y = Layer.normal(1, drawn.g().getNumCols(), random);
        LoraPair pair = new LoraPair("w", drawn.pair().scaling(), y, u.scale(random.nextInt(3) - 1));
        Layer layer = new Layer(pair, u.mult(y), drawn.rho());
        FmLora rule = FmLora.defaults();
        Trainables at = layer.trainables();
        Trace.FmLoraTrace trace = (Trace.FmLoraTrace) rules.step(rule, at, rule.initialState(at), layer.inputs(), Layer.sgd(),
                layer.oracle()).trace();
        PairGradient g = trace.perturbedGradients().pairs().getFirst();
        double bound = Balance.bound(pair, layer.rho(), g);
        return Measured.equal("rate = (ρ/|s|)·‖gB(B̃, A)‖/‖y‖ where G = u·yᵀ", bound,
                Balance.drift(trace.perturbation().perturbations().getFirst(), g), layer.tolerance(), bound);
    }

    /// P1's case: x n×1, y 1×m.
    private static List<LoraPair> rankOne(Trainables at, Random random) {
        List<LoraPair> pairs = new ArrayList<>();
        for (LoraPair pair : at.pairs()) {
            pairs.add(new LoraPair(pair.name(), pair.scaling(), Layer.normal(1, pair.a().getNumCols(), random),
                    Layer.normal(pair.b().getNumRows(), 1, random)));
        }
        return pairs;
    }

    /// With a loss whose gradient is the same everywhere the leading order is all there is.
    private static List<Measured> leadingOrder(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        FmLora rule = FmLora.defaults();
        Trainables at = layer.trainables();
        Trace.FmLoraTrace trace = (Trace.FmLoraTrace) rules.step(rule, at, rule.initialState(at), layer.inputs(), Layer.sgd(),
                layer.oracle())
                .trace();
        GradientBlocks blocks = GradientBlocks.of(layer.g(), layer.pair().b(), layer.pair().a());
        double drift = Balance.drift(trace.perturbation().perturbations().getFirst(), layer.gradient());
        double tolerance = blocks.meanNorm() == 0 ? 0 : layer.tolerance() * Math.max(1, layer.g().normF() / blocks.meanNorm());
        return List.of(
                Measured.equal("rate = ρ(x + z)/√(x + y + 2z)", blocks.gain(layer.rho()), drift, tolerance,
                        layer.rho() * layer.g().normF()),
                Measured.atMost("it does not decrease: −rate ≤ 0", -drift / (layer.rho() * layer.g().normF()), tolerance, 0));
    }

    /// The flow of FMLoRA from an x three times as long as y, by Runge and Kutta's fourth-order steps.
    private static Counterexample grows() {
        SimpleMatrix target = new SimpleMatrix(2, 2, true, 1.0, 1, 0, 1);
        SmallModel model = new SmallModel(List.of(new SimpleMatrix(2, 2)), new SmallModel.WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                return Layer.square(weights.getFirst().minus(target)) / 2;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                return List.of(weights.getFirst().minus(target));
            }
        }, 1);
        LoraPair start = new LoraPair("w0", 1, new SimpleMatrix(1, 2, true, 1.0, 0), new SimpleMatrix(2, 1, true, 3.0, 0));
        LoraPair pair = start;
        double h = 0.01;
        for (int i = 0; i < 500; i++) {
            PairGradient k1 = flow(model, pair);
            PairGradient k2 = flow(model, moved(pair, k1, h / 2));
            PairGradient k3 = flow(model, moved(pair, k2, h / 2));
            PairGradient k4 = flow(model, moved(pair, k3, h));
            pair = moved(moved(moved(moved(pair, k1, h / 6), k2, h / 3), k3, h / 3), k4, h / 6);
        }
        return Counterexample.notAtMost("L = ½‖x·yᵀ − (1 1; 0 1)‖², x = (3 0), y = (1 0), s = 1, ρ = 0.1, flow to time 5",
                "½(‖x‖² − ‖y‖²), to be below its start", Balance.of(start), Balance.of(pair));
    }

    private static LoraPair moved(LoraPair pair, PairGradient g, double by) {
        return pair.withA(pair.a().minus(g.dA().scale(by))).withB(pair.b().minus(g.dB().scale(by)));
    }

    /// FMLoRA's gradient at (B̃, A).
    private static PairGradient flow(SmallModel model, LoraPair pair) {
        FmLora rule = FmLora.defaults();
        Trainables at = new Trainables(List.of(pair), List.of());
        return ((Trace.FmLoraTrace) rule.step(at, rule.initialState(at), inputs(0.1), Layer.sgd(),
                model).trace()).perturbedGradients().pairs()
                .getFirst();
    }

    private static List<Measured> loraSam(Rules rules, Random random) {
        SmallModel model = SmallModel.network(random);
        Trainables at = model.pairs(random, 1.5);
        List<Measured> measured = new ArrayList<>();
        LoraSam rule = LoraSam.defaults();
        for (double rho : new double[] {0.05, 1e-7}) {
            Trace.LoraSamTrace trace = (Trace.LoraSamTrace) rules.step(rule, at, rule.initialState(at), inputs(rho), Layer.sgd(),
                    model).trace();
            for (int j = 0; j < at.pairs().size(); j++) {
                LoraPair pair = at.pairs().get(j);
                PairGradient g = model.at(at).pairs().get(j);
                PairGradient perturbed = trace.perturbedGradients().pairs().get(j);
                double norm = Stacked.gradient(model.at(at)).normF();
                double size = pair.b().normF() * perturbed.dB().normF() + pair.a().normF() * perturbed.dA().normF();
                double rate = Balance.rate(pair, perturbed);
                measured.add(Measured.equal("rate = ‹ε_B, gB̃› − ‹ε_A, gÃ›", Layer.inner(trace.perturbationsB().get(j), perturbed.dB())
                        - Layer.inner(trace.perturbationsA().get(j), perturbed.dA()), rate, 1e-12, size));
                if (rho < 1e-6) {
                    double leading = (Layer.square(g.dB()) - Layer.square(g.dA())) / norm;
                    // The rate itself is rounded at 10⁻¹⁶ of its terms, and the next order is ρ times the loss's curvature.
                    measured.add(Measured.equal("rate/ρ at ρ = 10⁻⁷", leading, rate / rho, 1e-4, norm + size));
                }
            }
        }
        return measured;
    }

    private static List<Measured> conservation(Rules rules, Random random) {
        SmallModel model = SmallModel.network(random);
        Trainables at = model.pairs(random, -1.5);
        Lora rule = Lora.defaults();
        List<LoraPair> next = rules.step(rule, at, rule.initialState(at), inputs(0.05), Layer.sgd(), model).next().pairs();
        List<Measured> measured = new ArrayList<>();
        for (int j = 0; j < next.size(); j++) {
            LoraPair pair = at.pairs().get(j);
            PairGradient g = model.at(at).pairs().get(j);
            double size = Layer.square(pair.b()) + Layer.square(pair.a()) + Layer.square(g.dB()) + Layer.square(g.dA());
            measured.add(Measured.relative("rate along the flow", Balance.matrixRate(pair, g).normF(), 1e-13, size));
            SimpleMatrix expected = g.dB().transpose().mult(g.dB()).minus(g.dA().mult(g.dA().transpose())).scale(ETA * ETA);
            measured.add(Measured.equal("change by a step", expected, Balance.matrix(next.get(j)).minus(Balance.matrix(pair)), 1e-14,
                    size));
        }
        return measured;
    }
}
