package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.descent.Sgd;
import lowland.rule.Trace.FmLoraTrace;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// P1's equations for the full gradient and its perturbation, against projectors that are made without a pseudo-inverse.
class FmLoraProperties {

    @Provide
    Arbitrary<Layer> layers() {
        return Layer.any();
    }

    /// Eq. 10 is G·P_A, not G.
    @Property(tries = 300)
    void equation10IsTheProjectionOntoTheRowsOfA(@ForAll("layers") Layer layer) {
        SimpleMatrix estimate = Estimate.B.of(layer.pair(), layer.gradientAt(layer.pair()));
        assertClose(layer.g().mult(layer.rowProjector()), estimate, layer.tolerance(), layer.g().normF());
    }

    /// Eq. 11 is P_B·G, 0 at B = 0.
    @Property(tries = 300)
    void equation11IsTheProjectionOntoTheColumnsOfB(@ForAll("layers") Layer layer) {
        SimpleMatrix estimate = Estimate.A.of(layer.pair(), layer.gradientAt(layer.pair()));
        assertClose(layer.columnProjector().mult(layer.g()), estimate, layer.tolerance(), layer.g().normF());
    }

    /// Eq. 12 is the mean of both.
    @Property(tries = 300)
    void equation12IsTheMean(@ForAll("layers") Layer layer) {
        SimpleMatrix estimate = Estimate.MEAN.of(layer.pair(), layer.gradientAt(layer.pair()));
        SimpleMatrix mean = layer.g().mult(layer.rowProjector()).plus(layer.columnProjector().mult(layer.g())).divide(2);
        assertClose(mean, estimate, layer.tolerance(), layer.g().normF());
    }

    /// Eq. 13: ‖E_W‖ = ρ along Ḡ. With x = ‖G·P_A‖², y = ‖P_B·G‖², z = ‖P_B·G·P_A‖², a = ‖P_B·G·Q_A‖²:
    /// ‖Ḡ‖ = ½√(x+y+2z), ‖s·E_B·A‖ = ρ√((x+3z)/(x+y+2z)), ‹G, s·E_B·A› = ρ(x+z)/√(x+y+2z), ‖s·E_B·A − E_W‖ = ρ·½√a/‖Ḡ‖.
    @Property(tries = 300)
    void normsAndGain(@ForAll("layers") Layer layer) {
        FactorPerturbation e = step(layer, Factor.B).perturbation();
        SimpleMatrix g = layer.g();
        SimpleMatrix rows = g.mult(layer.rowProjector());
        SimpleMatrix both = layer.columnProjector().mult(rows);
        SimpleMatrix columns = layer.columnProjector().mult(g);
        double x = Layer.inner(rows, rows);
        double y = Layer.inner(columns, columns);
        double z = Layer.inner(both, both);
        if (x == 0 && y == 0) {
            assertEquals(0, e.norms().getFirst());
            return;
        }
        double rho = layer.rho();
        double tolerance = layer.tolerance();
        double norm = Math.sqrt(x + y + 2 * z) / 2;
        SimpleMatrix effective = e.perturbations().getFirst().mult(layer.pair().a()).scale(layer.pair().scaling());
        SimpleMatrix weightPerturbation = e.weightPerturbations().getFirst();
        // The perturbation is a direction: an error of Ḡ is relative to ‖G‖ and divided by ‖Ḡ‖.
        double direction = tolerance * Math.max(1, g.normF() / norm);

        assertClose(norm, e.norms().getFirst(), tolerance, g.normF());
        assertClose(rho, weightPerturbation.normF(), 1e-14, rho);
        assertClose(rho * Math.sqrt((x + 3 * z) / (x + y + 2 * z)), effective.normF(), direction, rho);
        assertClose(rho * (x + z) / Math.sqrt(x + y + 2 * z), Layer.inner(g, effective), direction, rho * g.normF());
        assertTrue(Layer.inner(g, effective) <= rho * rows.normF() * (1 + direction));
        assertClose(rho * columns.minus(both).normF() / 2 / norm, effective.minus(weightPerturbation).normF(), direction, rho);
    }

    /// Eq. 15 is the argmin over E of ‖s·E·A − E_W‖ of least norm: the residual is orthogonal to all E·A, and E has no part that A kills.
    @Property(tries = 300)
    void equation15IsLeastSquares(@ForAll("layers") Layer layer) {
        FactorPerturbation e = step(layer, Factor.B).perturbation();
        SimpleMatrix a = layer.pair().a();
        SimpleMatrix eb = e.perturbations().getFirst();
        SimpleMatrix residual = eb.mult(a).scale(layer.pair().scaling()).minus(e.weightPerturbations().getFirst());
        assertClose(new SimpleMatrix(eb.getNumRows(), eb.getNumCols()), residual.mult(a.transpose()), layer.tolerance(),
                layer.rho() * a.normF());
        assertClose(eb, eb.mult(Layer.columnProjector(a)), layer.tolerance(), eb.normF());
    }

    /// The mirror image: transposing everything and perturbing A gives the transposed perturbation.
    @Property(tries = 300)
    void perturbingAIsTheMirrorImage(@ForAll("layers") Layer layer) {
        LoraPair pair = layer.pair();
        Layer mirrored = new Layer(new LoraPair("w", pair.scaling(), pair.b().transpose(), pair.a().transpose()),
                layer.g().transpose(), layer.rho());
        FactorPerturbation e = step(layer, Factor.B).perturbation();
        FactorPerturbation mirror = step(mirrored, Factor.A).perturbation();
        SimpleMatrix eb = e.perturbations().getFirst();
        double direction = layer.tolerance() * Math.max(1, layer.g().normF() / Math.max(e.norms().getFirst(), Double.MIN_NORMAL));
        assertClose(eb, mirror.perturbations().getFirst().transpose(), direction * Layer.condition(pair.a()), eb.normF());
    }

    /// The perturbation is of degree 0 in the loss: gradients times 2ᵏ give the same bits.
    @Property(tries = 200)
    void scalingTheLossChangesNothing(@ForAll("layers") Layer layer) {
        FactorPerturbation e = step(layer, Factor.B).perturbation();
        FactorPerturbation scaled = step(new Layer(layer.pair(), layer.g().scale(0x1p40), layer.rho()), Factor.B).perturbation();
        assertSameBits(e.perturbations().getFirst(), scaled.perturbations().getFirst());
    }

    /// The second gradient is at B + E_B; the descent starts from B with that gradient.
    @Property(tries = 200)
    void descendsFromTheOldFactorsWithTheGradientAtThePerturbedOnes(@ForAll("layers") Layer layer) {
        SimpleMatrix target = Layer.normal(layer.g().getNumRows(), layer.g().getNumCols(), new Random(7));
        QuadraticOracle oracle = new QuadraticOracle(Map.of("w", layer.g()), Map.of("w", target), List.of());
        for (Factor factor : Factor.values()) {
            FmLora rule = new FmLora(NormScope.LAYER, Estimate.MEAN, factor);
            Trainables from = layer.trainables();
            StepInputs inputs = new StepInputs(1, 0.1, 0.1, layer.rho(), 0);
            StepResult result = rule.step(from, rule.initialState(from), inputs, Sgd.defaults(), oracle);
            FmLoraTrace trace = (FmLoraTrace) result.trace();
            LoraPair pair = layer.pair();
            SimpleMatrix e = trace.perturbation().perturbations().getFirst();
            LoraPair moved = factor == Factor.B ? pair.withB(pair.b().plus(e)) : pair.withA(pair.a().plus(e));
            PairGradient g = oracle.at(new Trainables(List.of(moved), List.of())).pairs().getFirst();
            LoraPair next = result.next().pairs().getFirst();
            assertSameBits(pair.b().minus(g.dB().scale(0.1)), next.b());
            assertSameBits(pair.a().minus(g.dA().scale(0.1)), next.a());
        }
    }

    /// Over N equal layers: ρ each, or ρ in all.
    @Property(tries = 100)
    void normScope(@ForAll("layers") Layer layer) {
        PairGradient g = layer.gradientAt(layer.pair());
        List<LoraPair> pairs = List.of(layer.pair(), layer.pair(), layer.pair(), layer.pair());
        List<PairGradient> gradients = List.of(g, g, g, g);
        for (NormScope scope : List.of(NormScope.LAYER, NormScope.GLOBAL)) {
            FactorPerturbation e = FactorPerturbation.of(scope, Estimate.MEAN, Factor.B, layer.rho(), pairs, gradients);
            double squares = 0;
            for (SimpleMatrix w : e.weightPerturbations()) {
                squares += Layer.inner(w, w);
            }
            double expected = e.norms().getFirst() == 0 ? 0 : layer.rho() * (scope == NormScope.LAYER ? 2 : 1);
            assertClose(expected, Math.sqrt(squares), 1e-14, layer.rho());
        }
    }

    @Example
    void zeroGradientGivesZeroPerturbation() {
        LoraPair pair = new LoraPair("w", 2, Layer.normal(3, 5, new Random(1)), Layer.normal(4, 3, new Random(2)));
        Layer layer = new Layer(pair, new SimpleMatrix(4, 5), 0.5);
        assertEquals(0, step(layer, Factor.B).perturbation().perturbations().getFirst().elementMaxAbs());
        assertEquals(0, step(layer, Factor.A).perturbation().perturbations().getFirst().elementMaxAbs());
    }

    /// A B that is tiny but not zero counts in full, as the projector onto its columns does not know its size.
    @Property(tries = 100)
    void sizeOfBDoesNotMatter(@ForAll("layers") Layer layer) {
        LoraPair tiny = layer.pair().withB(layer.pair().b().scale(0x1p-600));
        SimpleMatrix e = step(layer, Factor.B).perturbation().perturbations().getFirst();
        assertSameBits(e, step(new Layer(tiny, layer.g(), layer.rho()), Factor.B).perturbation().perturbations().getFirst());
    }

    @Example
    void factorScopeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FmLora(NormScope.FACTOR, Estimate.MEAN, Factor.B));
    }

    @Example
    void defaults() {
        assertEquals(new FmLora(NormScope.LAYER, Estimate.MEAN, Factor.B), FmLora.defaults());
        assertEquals(0.05, FmLora.DEFAULT_RHO);
    }

    private static FmLoraTrace step(Layer layer, Factor perturbed) {
        FmLora rule = new FmLora(NormScope.LAYER, Estimate.MEAN, perturbed);
        Trainables from = layer.trainables();
        return (FmLoraTrace) rule.step(from, rule.initialState(from), new StepInputs(1, 0.1, 0.1, layer.rho(), 0),
                Sgd.defaults(), layer.oracle()).trace();
    }
}
