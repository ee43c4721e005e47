package lowland.rule;

import static lowland.rule.Close.assertClose;
import static lowland.rule.Close.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.descent.Sgd;
import lowland.random.CounterRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// What FMLoRA's perturbation is measured against: full-space SAM, and the first-order exact perturbation of B; and Flat-LoRA's noise.
class YardstickProperties {

    @Provide
    Arbitrary<Layer> layers() {
        return Layer.any();
    }

    /// ε = ρ·G/‖G‖ and the gain ‹G, ε› = ρ‖G‖: FMLoRA's gain is never more, whatever its estimate.
    @Property(tries = 300)
    void fullSpaceSamGainsMost(@ForAll("layers") Layer layer) {
        StepInputs inputs = new StepInputs(1, 0.1, 0.1, layer.rho(), 0);
        FullSam rule = FullSam.defaults();
        StepResult result = rule.step(layer.trainables(), rule.initialState(layer.trainables()), inputs, Sgd.defaults(), layer.oracle());
        SimpleMatrix epsilon = ((Trace.FullSamTrace) result.trace()).perturbations().getFirst();
        assertClose(layer.g().scale(layer.rho() / layer.g().normF()), epsilon, 1e-14, layer.rho());
        double most = Layer.inner(layer.g(), epsilon);
        assertEquals(layer.rho() * layer.g().normF(), most, 1e-13 * most);
        for (Estimate estimate : Estimate.values()) {
            SimpleMatrix weight = change(new FmLora(NormScope.LAYER, estimate, Factor.B), layer);
            assertTrue(Layer.inner(layer.g(), weight) <= most * (1 + layer.tolerance()));
        }
    }

    /// ρ is the norm over all layers, or over each.
    @Property(tries = 100)
    void fullSpaceSamsNormScope(@ForAll long seed) {
        Problem problem = Problem.draw(3, 2, false, seed);
        StepInputs inputs = new StepInputs(1, 0.1, 0.1, 0.3, 0);
        for (NormScope scope : List.of(NormScope.GLOBAL, NormScope.LAYER)) {
            FullSam rule = new FullSam(scope);
            StepResult result = rule.step(problem.trainables(), problem.initialState(rule), inputs, Sgd.defaults(), problem.oracle());
            List<SimpleMatrix> epsilons = ((Trace.FullSamTrace) result.trace()).perturbations();
            if (scope == NormScope.GLOBAL) {
                assertEquals(0.3, Norm.of(epsilons), 1e-13);
            } else {
                epsilons.forEach(epsilon -> assertEquals(0.3, epsilon.normF(), 1e-13));
            }
        }
    }

    /// Eq. 10 alone is the first-order exact perturbation of B: with E_B = (ρ/|s|)·gB(AAᵀ)⁺/√tr(gB(AAᵀ)⁺gBᵀ) the change s·E_B·A has norm ρ
    /// and gains ρ‖G·P_A‖, the most that any change in the row space of A can.
    @Property(tries = 300)
    void equationTenIsFirstOrderExact(@ForAll("layers") Layer layer) {
        LoraPair pair = layer.pair();
        SimpleMatrix gB = layer.gradientAt(pair).dB();
        SimpleMatrix inverse = PseudoInverse.byHouseholder(pair.a());
        SimpleMatrix k = inverse.transpose().mult(inverse);
        double trace = gB.mult(k).mult(gB.transpose()).trace();
        SimpleMatrix change = change(new FmLora(NormScope.LAYER, Estimate.B, Factor.B), layer);
        double tolerance = layer.tolerance() * Layer.condition(pair.a());
        if (trace > 0) {
            SimpleMatrix exact = gB.mult(k).scale(layer.rho() / (Math.abs(pair.scaling()) * Math.sqrt(trace)))
                    .mult(pair.a()).scale(pair.scaling());
            assertClose(exact, change, tolerance, layer.rho());
            assertEquals(layer.rho(), change.normF(), tolerance * layer.rho());
        }
        double most = layer.rho() * layer.g().mult(layer.rowProjector()).normF();
        assertEquals(most, Layer.inner(layer.g(), change), tolerance * layer.rho() * layer.g().normF());
        assertTrue(Layer.inner(layer.g(), change(FmLora.defaults(), layer)) <= most + tolerance * layer.rho() * layer.g().normF());
    }

    /// s·E_B·A of a rule's first step.
    private static SimpleMatrix change(FmLora rule, Layer layer) {
        StepInputs inputs = new StepInputs(1, 0.1, 0.1, layer.rho(), 0);
        StepResult result = rule.step(layer.trainables(), rule.initialState(layer.trainables()), inputs, Sgd.defaults(), layer.oracle());
        SimpleMatrix e = ((Trace.FmLoraTrace) result.trace()).perturbation().perturbations().getFirst();
        return e.mult(layer.pair().a()).scale(layer.pair().scaling());
    }

    /// E‖ε‖² = σ²·‖W‖², row by row; the same key gives the same noise, another layer or key another; it rises from 0 to ρ.
    @Example
    void noiseIsScaledByRows() {
        Random random = new Random(5);
        LoraPair pair = new LoraPair("a", 2, Layer.normal(2, 700, random), Layer.normal(3, 2, random));
        SimpleMatrix start = Layer.normal(3, 700, random);
        SimpleMatrix weight = start.plus(pair.weightChange());
        SimpleMatrix noise = noise(pair, start, 0.3, 1, 9);
        for (int row = 0; row < 3; row++) {
            // A mean of 700 squares deviates by √(2/700) = 0.053 of itself: five deviations.
            double expected = 0.3 * 0.3 * Math.pow(weight.getRow(row).normF(), 2);
            assertEquals(expected, Math.pow(noise.getRow(row).normF(), 2), 5 * 0.0535 * expected);
        }
        assertSameBits(noise, noise(pair, start, 0.3, 1, 9));
        SimpleMatrix another = noise(pair, start, 0.3, 1, 10);
        SimpleMatrix otherLayer = noise(new LoraPair("b", 2, pair.a(), pair.b()), start, 0.3, 1, 9);
        // Independent ones are nearly orthogonal: 2,100 products.
        assertEquals(0, Layer.inner(noise, another) / (noise.normF() * another.normF()), 5 / Math.sqrt(2100));
        assertEquals(0, Layer.inner(noise, otherLayer) / (noise.normF() * otherLayer.normF()), 5 / Math.sqrt(2100));
        assertClose(noise.scale(0.5), noise(pair, start, 0.3, 0.5, 9), 1e-15, noise.normF());
        assertEquals(0, noise(pair, start, 0.3, 0, 9).normF());
        assertEquals(0, FlatLora.rise(0));
        assertEquals(1, FlatLora.rise(1));
    }

    /// Element (i, j) is made of the number i·in + j under the key of the step and the layer's name.
    @Example
    void noiseIsCounted() {
        Random random = new Random(6);
        LoraPair pair = new LoraPair("a", 2, Layer.normal(2, 5, random), Layer.normal(3, 2, random));
        SimpleMatrix start = Layer.normal(3, 5, random);
        SimpleMatrix weight = start.plus(pair.weightChange());
        SimpleMatrix noise = noise(pair, start, 0.3, 1, 9);
        long key = CounterRandom.child(9, CounterRandom.hash("a"));
        for (int i = 0; i < 3; i++) {
            double deviation = 0.3 * weight.getRow(i).normF() / Math.sqrt(5);
            for (int j = 0; j < 5; j++) {
                assertEquals(deviation * CounterRandom.gaussian(CounterRandom.child(key, i * 5 + j)), noise.get(i, j), 1e-14);
            }
        }
    }

    private static SimpleMatrix noise(LoraPair pair, SimpleMatrix start, double rho, double progress, long key) {
        Trainables trainables = new Trainables(List.of(pair), List.of());
        FlatLora rule = FlatLora.defaults();
        GradientOracle zero = at -> new Gradients(0, at.pairs().stream()
                .map(p -> new PairGradient(p.a().createLike(), p.b().createLike())).toList(), List.of());
        StepResult result = rule.step(trainables, rule.initialState(trainables, List.of(start)),
                new StepInputs(1, 0.1, 0.1, rho, 0).at(progress, key), AdamW.defaults(), zero);
        return ((Trace.FlatLoraTrace) result.trace()).perturbations().getFirst();
    }

    /// Full fine-tuning is the descent of every weight along its own gradient.
    @Example
    void fullFineTuningDescends() {
        Random random = new Random(3);
        List<SimpleMatrix> weights = List.of(Layer.normal(3, 4, random), Layer.normal(1, 4, random));
        List<SimpleMatrix> gradients = List.of(Layer.normal(3, 4, random), Layer.normal(1, 4, random));
        Trainables trainables = new Trainables(List.of(), weights, List.of());
        FullFineTuning rule = FullFineTuning.defaults();
        Trainables next = rule.step(trainables, rule.initialState(trainables), new StepInputs(1, 0.1, 7, 0, 0), Sgd.defaults(),
                _ -> new Gradients(1, List.of(), gradients, List.of())).next();
        for (int k = 0; k < 2; k++) {
            assertClose(weights.get(k).minus(gradients.get(k).scale(0.1)), next.whole().get(k), 1e-15, weights.get(k).normF());
        }
        StepResult skipped = rule.step(trainables, rule.initialState(trainables), new StepInputs(1, 0.1, 7, 0, 0), Sgd.defaults(),
                _ -> new Gradients(Double.NaN, List.of(), gradients, List.of()));
        assertTrue(skipped.skipped() && skipped.next() == trainables);
    }
}
