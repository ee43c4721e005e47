package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Descent;
import lowland.random.CounterRandom;
import lowland.rule.RuleState.Noisy;
import lowland.rule.Trace.FlatLoraTrace;
import org.ejml.simple.SimpleMatrix;

/// Flat-LoRA: LoRA under random perturbations of the full weight.
///
/// Source: Li et al., "Flat-LoRA", arXiv 2409.14396v2 (not the Flat-LoRA of P1's first version, which is FMLoRA), and its code.
///
///     σ = ρ·½(1 − cos(π·p))                     p the share of the run that lies behind
///     ε_ij ~ N(0, σ²·‖W_i‖²/in)                 W = W0 + s·B·A
///     (gB, gA) = ∇L(W0 + s·B·A + ε)
///     (B, A) ← descent((B, A), (gB, gA))
///
/// | symbol | shape  |
/// |--------|--------|
/// | W, ε   | out×in |
///
/// So E‖ε‖² = σ²·‖W‖². One ε an optimiser step, the same for all its micro-batches. Departures: the code seeds a global generator from the
/// clock, and adds and subtracts ε in W's own precision; here ε is a function of [StepInputs#noiseKey], the layer's name and the place,
/// and a term of its own.
///
/// Edge: ρ = 0, and the first step of a run, are LoRA, bit for bit. One gradient evaluation a step.
public record FlatLora() implements UpdateRule {

    /// Flat-LoRA's code.
    public static final double DEFAULT_RHO = 0.05;

    public static FlatLora defaults() {
        return new FlatLora();
    }

    /// σ/ρ when this share of the run lies behind.
    public static double rise(double progress) {
        return 0.5 * (1 - StrictMath.cos(Math.PI * progress));
    }

    /// @param start W0 of each pair, out×in
    public Noisy initialState(Trainables trainables, List<SimpleMatrix> start) {
        trainables.requireDistinctNames();
        if (start.size() != trainables.pairs().size()) {
            throw new IllegalArgumentException("Flat-LoRA needs W0 of each of the " + trainables.pairs().size() + " pairs, got "
                    + start.size());
        }
        return new Noisy(TrainableMoments.zeroLike(trainables), start);
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        Noisy before = state.as(Noisy.class);
        int layers = trainables.pairs().size();

        double sigma = inputs.rho() * rise(inputs.progress());
        List<SimpleMatrix> perturbations = new ArrayList<>();
        for (int j = 0; j < layers; j++) {
            LoraPair pair = trainables.pairs().get(j);
            long key = CounterRandom.child(inputs.noiseKey(), CounterRandom.hash(pair.name()));
            perturbations.add(noise(key, sigma, before.start().get(j).plus(pair.weightChange())));
        }
        Gradients all = oracle.at(FullWeight.addTo(trainables, perturbations));
        if (!all.isFinite()) {
            return StepResult.skip(trainables, state, "loss or gradient at W0 + s B A + noise", all.loss());
        }
        Gradients gradients = all.ofFirst(layers);

        ClippedDescent descended =
                ClippedDescent.step(trainables, gradients, before.moments(), inputs.learningRate(), inputs, descent);

        return StepResult.of(descended.next(), new Noisy(descended.moments(), before.start()),
                new FlatLoraTrace(perturbations, gradients, descended.gradientNorm(), descended.clipped()));
    }

    /// ε of a weight; element i, row-major, is made of the i-th number under the key.
    private static SimpleMatrix noise(long key, double sigma, SimpleMatrix weight) {
        int in = weight.getNumCols();
        SimpleMatrix noise = weight.createLike();
        for (int row = 0; row < weight.getNumRows(); row++) {
            double deviation = sigma * Norm.of(weight.getRow(row)) / Math.sqrt(in);
            for (int column = 0; column < in; column++) {
                long bits = CounterRandom.child(key, (long) row * in + column);
                noise.set(row, column, deviation * CounterRandom.gaussian(bits));
            }
        }
        return noise;
    }
}
