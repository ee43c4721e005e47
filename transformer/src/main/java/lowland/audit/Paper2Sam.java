package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.rule.LoraPair;
import lowland.rule.LoraSam;
import lowland.rule.PairGradient;
import lowland.rule.StepInputs;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.theory.PerturbationSpace;
import lowland.theory.Projection;
import org.ejml.simple.SimpleMatrix;

/// P2 Eq. 1–6 and Prop. 3.1: LoRA-SAM and the space that its perturbation is confined to.
final class Paper2Sam {
    private static final double UNIT_ROUNDOFF = 0x1p-53;

    private Paper2Sam() {
    }

    static List<Claim> claims() {
        return List.of(
                Claim.refuted("paper2-eq1", "P2 Eq. 1–2",
                        "s can be incorporated into B and A",
                        "into the model, yes; at one ρ LoRA-SAM's first-order ε_W of (√s·B, √s·A) is that of (B, A, s) over √s",
                        1000, Paper2Sam::incorporated, Paper2Sam::smallerBall),
                Claim.holds("paper2-eq3", "P2 Eq. 3–4",
                        "ε_B = ρ·gB/F, ε_A = ρ·gA/F, F² = Σ‖gB‖² + ‖gA‖²: of joint norm ρ, whatever s is",
                        2000, Paper2Sam::joint),
                Claim.refuted("paper2-eq5", "P2 Eq. 5–6",
                        "ε_W is c·(G·AᵀA + B·BᵀG), as ε_B·ε_A is small beside B and A",
                        "ε_W − c·s²(G·AᵀA + B·BᵀG) = c²·s³·G·AᵀBᵀG exactly, c = ρ/F, and ‖ε_B·ε_A‖ ≤ ρ²/2; ε ≪ B fails at B = 0, where"
                                + " it is 0",
                        2000, Paper2Sam::crossTerm, Paper2Sam::notSmall),
                Claim.refuted("prop31", "P2 Prop. 3.1",
                        "LoRA-SAM's ε_W has the column space of B and the row space of A",
                        "Col(B·Bᵀ·G) ⊆ Col B and Row(G·AᵀA) ⊆ Row A, equal iff P_B·G has B's rank and G·P_A has A's; the first-order ε_W has"
                                + " Q_B·ε_W·Q_A = 0, rank ≤ 2R",
                        1000, Paper2Sam::confined, Paper2Sam::escapes));
    }

    private static Trace.LoraSamTrace trace(Rules rules, Layer layer) {
        LoraSam rule = LoraSam.defaults();
        Trainables at = layer.trainables();
        return (Trace.LoraSamTrace) rules.step(rule, at, rule.initialState(at), layer.inputs(), Layer.sgd(), layer.oracle()).trace();
    }

    private static SimpleMatrix firstOrder(Layer layer, Trace.LoraSamTrace trace) {
        return PerturbationSpace.firstOrder(layer.pair(), trace.perturbationsB().getFirst(), trace.perturbationsA().getFirst());
    }

    /// F of one layer.
    private static double norm(PairGradient g) {
        return Math.sqrt(Layer.square(g.dA()) + Layer.square(g.dB()));
    }

    private static Layer withScaling(Layer layer, double s) {
        return new Layer(new LoraPair("w", s, layer.pair().a(), layer.pair().b()), layer.g(), layer.rho());
    }

    private static Layer folded(Layer layer) {
        double root = Math.sqrt(layer.pair().scaling());
        return new Layer(new LoraPair("w", 1, layer.pair().a().scale(root), layer.pair().b().scale(root)), layer.g(), layer.rho());
    }

    private static List<Measured> incorporated(Rules rules, Random random) {
        Layer drawn = Layer.draw(random);
        double s = Math.abs(drawn.pair().scaling());
        Layer layer = withScaling(drawn, s);
        Layer folded = folded(layer);
        SimpleMatrix kept = firstOrder(layer, trace(rules, layer));
        SimpleMatrix small = firstOrder(folded, trace(rules, folded));
        // ε of the rule itself, against its definition.
        SimpleMatrix eB = layer.gradient().dB().scale(norm(layer.gradient()) == 0 ? 0 : layer.rho() / norm(layer.gradient()));
        return List.of(
                Measured.equal("s·B·A", layer.pair().weightChange(), folded.pair().weightChange(), 1e-14,
                        1 + layer.pair().weightChange().normF()),
                Measured.equal("ε_W of (√s·B, √s·A) = ε_W/√s", kept.divide(Math.sqrt(s)), small, 1e-12, kept.normF()),
                Measured.equal("ε_B", eB, trace(rules, layer).perturbationsB().getFirst(), 1e-13, layer.rho()));
    }

    private static Counterexample smallerBall() {
        Layer layer = new Layer(new LoraPair("w", 16, new SimpleMatrix(1, 2, true, 1.0, 0), new SimpleMatrix(2, 1)),
                new SimpleMatrix(2, 2, true, 1.0, 2, 3, 4), 0.1);
        return Counterexample.notEqual("s = 16, A = (1 0), B = 0, G = (1 2; 3 4), ρ = 0.1", "‖ε_W‖ with s in the factors, to be as without",
                firstOrder(layer, trace(Rules.LITERAL, layer)).normF(), firstOrder(folded(layer),
                        trace(Rules.LITERAL, folded(layer))).normF());
    }

    private static List<Measured> joint(Rules rules, Random random) {
        SmallModel model = SmallModel.factorisation(random, 1 + random.nextInt(3));
        Trainables at = model.pairs(random, 2);
        double rho = 0.05;
        LoraSam rule = LoraSam.defaults();
        Trace.LoraSamTrace trace = (Trace.LoraSamTrace) rules.step(rule, at, rule.initialState(at), new StepInputs(1, 0.1, 0.1, rho, 0),
                Layer.sgd(), model).trace();
        SimpleMatrix g = Stacked.gradient(model.at(at));
        SimpleMatrix e = Stacked.alternating(trace.perturbationsB(), trace.perturbationsA());
        // A sum of N squares is off by N·u, its root by half of that, and each element by a few more.
        double ofAll = (g.getNumElements() + 8) * UNIT_ROUNDOFF;
        Layer layer = Layer.draw(random);
        Layer plain = withScaling(layer, 1);
        Layer louder = withScaling(layer, 7);
        Trace.LoraSamTrace one = trace(rules, plain);
        Trace.LoraSamTrace seven = trace(rules, louder);
        double ofLayer = (layer.pair().a().getNumElements() + layer.pair().b().getNumElements() + layer.g().getNumRows()
                + layer.g().getNumCols() + 8) * UNIT_ROUNDOFF;
        return List.of(
                Measured.equal("‖(ε_B, ε_A)‖ = ρ", rho, e.normF(), 2 * ofAll, rho),
                Measured.equal("(ε_B, ε_A) = ρ·g/F", g.scale(rho / g.normF()), e, 2 * ofAll, rho),
                Measured.equal("ε_B at s = 7 and s = 1", one.perturbationsB().getFirst(), seven.perturbationsB().getFirst(), 2 * ofLayer,
                        layer.rho()),
                Measured.equal("ε_A at s = 7 and s = 1", one.perturbationsA().getFirst(), seven.perturbationsA().getFirst(), 2 * ofLayer,
                        layer.rho()));
    }

    private static List<Measured> crossTerm(Rules rules, Random random) {
        Layer layer = Layer.draw(random);
        LoraPair pair = layer.pair();
        double s = pair.scaling();
        Trace.LoraSamTrace trace = trace(rules, layer);
        SimpleMatrix eB = trace.perturbationsB().getFirst();
        SimpleMatrix eA = trace.perturbationsA().getFirst();
        double f = trace.normsB().getFirst();
        double c = f == 0 ? 0 : layer.rho() / f;
        SimpleMatrix a = pair.a();
        SimpleMatrix b = pair.b();
        SimpleMatrix g = layer.g();
        SimpleMatrix first = g.mult(a.transpose()).mult(a).plus(b.mult(b.transpose()).mult(g)).scale(c * s * s);
        SimpleMatrix cross = g.mult(a.transpose()).mult(b.transpose()).mult(g).scale(c * c * s * s * s);
        SimpleMatrix weight = PerturbationSpace.weightPerturbation(pair, eB, eA);
        double size = Math.abs(s) * (a.normF() + eA.normF()) * (b.normF() + eB.normF());
        // A chain of products is off by u times the sum of its inner sizes, relative to the product of the norms; each side has one.
        double rounding = 2 * (g.getNumRows() + g.getNumCols() + a.getNumRows() + 8) * UNIT_ROUNDOFF;
        double firstSize = Math.abs(c) * s * s * g.normF() * (Layer.square(a) + Layer.square(b));
        double crossSize = c * c * Math.abs(s * s * s) * Layer.square(g) * a.normF() * b.normF();
        Trace.LoraSamTrace doubled = trace(rules, new Layer(pair, g, 2 * layer.rho()));
        SimpleMatrix product = eB.mult(eA);
        return List.of(
                Measured.equal("ε_W", first.plus(cross), weight, rounding, size + firstSize + crossSize),
                Measured.equal("s·(ε_B·A + B·ε_A)", first, firstOrder(layer, trace), rounding, firstSize),
                Measured.equal("s·ε_B·ε_A", cross, product.scale(s), rounding, crossSize),
                Measured.atMost("‖ε_B·ε_A‖ ≤ ρ²/2", product.normF(), layer.rho() * layer.rho() / 2, 1e-12),
                Measured.equal("four times as large at 2ρ", product.scale(4),
                        doubled.perturbationsB().getFirst().mult(doubled.perturbationsA().getFirst()), 1e-12, product.normF()));
    }

    private static Counterexample notSmall() {
        Layer layer = new Layer(new LoraPair("w", 1, new SimpleMatrix(1, 2, true, 1.0, 0), new SimpleMatrix(2, 1)),
                new SimpleMatrix(2, 2, true, 1.0, 2, 3, 4), 0.1);
        return Counterexample.notAtMost("LoRA's start, B = 0; A = (1 0), G = (1 2; 3 4), ρ = 0.1", "‖ε_B‖, to be small beside ‖B‖ = 0", 0,
                trace(Rules.LITERAL, layer).perturbationsB().getFirst().normF());
    }

    private static List<Measured> confined(Rules rules, Random random) {
        Layer drawn = Layer.draw(random);
        int n = drawn.g().getNumRows();
        int m = drawn.g().getNumCols();
        int full = Math.min(n, m);
        int rank = new int[] {full, Math.min(2, full), 1, 0}[random.nextInt(4)];
        SimpleMatrix g = rank == 0 ? new SimpleMatrix(n, m) : rank == full ? drawn.g()
                : Layer.normal(n, rank, random).mult(Layer.normal(rank, m, random));
        Layer layer = new Layer(drawn.pair(), g, drawn.rho());
        LoraPair pair = layer.pair();
        Trace.LoraSamTrace trace = trace(rules, layer);
        SimpleMatrix fromB = pair.b().mult(trace.perturbationsA().getFirst());
        SimpleMatrix fromA = trace.perturbationsB().getFirst().mult(pair.a());
        SimpleMatrix first = firstOrder(layer, trace);
        double tolerance = layer.tolerance();
        SimpleMatrix gA = layer.gradient().dA();
        List<Measured> measured = new ArrayList<>(List.of(
                Measured.relative("Col(B·ε_A) ⊆ Col B", Projection.outsideColumns(fromB, pair.b()), tolerance, fromB.normF()),
                Measured.relative("Row(ε_B·A) ⊆ Row A", Projection.outsideRows(fromA, pair.a()), tolerance, fromA.normF()),
                Measured.relative("Q_B·ε_W·Q_A = 0 to first order", PerturbationSpace.outsideBoth(first, pair), tolerance, first.normF()),
                Measured.atMost("rank of the first-order ε_W ≤ 2R", Projection.rank(first), 2 * pair.a().getNumRows(), 0)));
        equality("Col(B·ε_A) = Col B iff rank(P_B·G) = rank B", pair.b(), fromB, Projection.ontoColumns(pair.b()).mult(g), measured);
        equality("Row(ε_B·A) = Row A iff rank(G·P_A) = rank A", pair.a().transpose(), fromA.transpose(),
                Projection.ontoColumns(pair.a().transpose()).mult(g.transpose()), measured);
        if (rank > 0 && gA.normF() > 0) {
            measured.add(Measured.equal("ε_A = ρ·gA/F", gA.scale(layer.rho() / norm(layer.gradient())), trace.perturbationsA().getFirst(),
                    1e-13,
                    layer.rho()));
        }
        return measured;
    }

    /// Where the columns of `within`, x·xᵀ·G times a number, are those of x. If they are fewer, some column of x is outside by at least
    /// σ⁺_min(x) ≥ ‖x‖/(√R·κ) > 10⁻⁴·‖x‖; if they are all, by rounding times κ² and what G adds, which is kept below 10⁵.
    private static void equality(String what, SimpleMatrix x, SimpleMatrix within, SimpleMatrix projected, List<Measured> measured) {
        double condition = Layer.condition(x);
        if (condition * condition * Layer.condition(projected) <= 1e5) {
            boolean equal = Projection.outsideColumns(x, within) <= 1e-6 * x.normF();
            measured.add(Measured.that(what, equal == (Projection.rank(projected) == Projection.rank(x))));
        }
    }

    /// A and B see one row and one column; the cross term reaches the corner that both leave out.
    private static Counterexample escapes() {
        Layer layer = new Layer(new LoraPair("w", 1, new SimpleMatrix(1, 2, true, 1.0, 0), new SimpleMatrix(2, 1, true, 1.0, 0)),
                new SimpleMatrix(2, 2, true, 1.0, 2, 3, 4), 0.1);
        Trace.LoraSamTrace trace = trace(Rules.LITERAL, layer);
        SimpleMatrix weight = PerturbationSpace.weightPerturbation(layer.pair(), trace.perturbationsB().getFirst(),
                trace.perturbationsA().getFirst());
        return Counterexample.notEqual("A = (1 0), B = (1 0)ᵀ, s = 1, G = (1 2; 3 4), ρ = 0.1", "‖Q_B·ε_W·Q_A‖, cross term included", 0,
                PerturbationSpace.outsideBoth(weight, layer.pair()));
    }
}
