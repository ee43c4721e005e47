package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.random.CounterRandom;
import lowland.rule.RuleState.Adversarial;
import lowland.rule.Trace.BiLoraTrace;
import org.ejml.simple.SimpleMatrix;

/// Bi-LoRA: a second, auxiliary pair ascends and is the adversarial perturbation of the full weight while the first descends.
///
/// Source: P2 (Bi-LoRA, arXiv 2508.19564v1) Eq. 7–10 and Algorithm 1.
///
///     min over (B1, A1)  max over (B2, A2), ‖s2·B2·A2‖ ≤ ρ,  of L(W0 + s1·B1·A1 + s2·B2·A2)     Eq. 7–8
///
///     1.  (gB1, gA1, gB2, gA2) = ∇L(W0 + s1·B1·A1 + s2·B2·A2)     one evaluation
///     2.  (B1, A1) ← descent((B1, A1), (gB1, gA1))                Eq. 9: all four
///         (B2, A2) ← descent((B2, A2), (−gB2, −gA2))              from the old values
///     3.  c = √(Σ_layers ‖s2·B2·A2‖²)
///         if c > ρ:  B2 ← √(ρ/c)·B2,  A2 ← √(ρ/c)·A2              Eq. 10, all layers
///
/// | symbol | shape | | symbol | shape |
/// |--------|-------|-|--------|-------|
/// | B1     | n×R   | | B2     | n×R2  |
/// | A1     | R×m   | | A2     | R2×m  |
///
/// Departures and errata. P2 folds s into B and A, which rescales the ball: here c is of s2·B2·A2, what is really added to W,
/// unless `scaleInNorm` is off. P2 Eq. 9 prints plain gradient descent and ascent and leaves the optimiser open: `auxiliaryDescent` gets
/// the negated gradient, so its moments are those of −g and its decay still shrinks; it shares Adam's t, and its moments are not
/// rescaled by the clip. The two groups' gradients are clipped apart, so that the ascent does not change the descent. The A2 must start
/// unlike the A1 (P2 does not say so): else, with equal rates, the pairs cancel in W until the clip acts. Proposition 4.1's "independent
/// of Col(B1)" does not hold in general.
///
/// Edge: at ρ = 0 the second pairs count as zero from the step's start, whatever they were, and are B2 = A2 = 0 after it, without c: the
/// step is LoRA's. Until ‖s2·B2·A2‖ first reaches ρ it is smaller.
/// At the usual start B2 = 0 the first step of the primary pairs is LoRA's.
/// Evaluate, save and merge without the auxiliary pairs. One gradient evaluation a step.
///
/// Controls, each with one thing changed: the second pair descends too ([Role#DESCEND], v2's "Dual-LoRA"), or is drawn anew after every
/// step, standard normal and brought to c = ρ from either side ([Role#RANDOM]: is it the adversary that counts, or any noise?); the clip
/// is of each layer ([Clip#LAYER], then √N·ρ over N layers) or does not act at all ([Clip#NONE], then ρ only says whether there is a
/// second pair).
///
/// @param auxiliaryDescent           the ascent's optimiser, its weight decay inside
/// @param auxiliaryLearningRateRatio the ascent's learning rate, η2/η1 ≥ 0
/// @param scaleInNorm                whether c has s2 inside: ‖s2·B2·A2‖ or ‖B2·A2‖
/// @param role                       what the second pair does
/// @param clip                       what is brought back to ρ
public record BiLora(Descent auxiliaryDescent, double auxiliaryLearningRateRatio, boolean scaleInNorm, Role role, Clip clip)
        implements UpdateRule {

    /// What the second pair does.
    public enum Role { ASCEND, DESCEND, RANDOM }

    /// What is brought back to ρ after every update: the norm over all layers (Eq. 10), that of each layer, or nothing.
    public enum Clip { GLOBAL, LAYER, NONE }

    /// P2's value on GLUE.
    public static final double DEFAULT_RHO = 0.05;

    /// P2's r2.
    public static final int DEFAULT_AUXILIARY_RANK = 8;

    public BiLora {
        if (role == Role.RANDOM && clip != Clip.GLOBAL) {
            throw new IllegalArgumentException("a random second pair is brought to rho over all layers: its clip is global, not "
                    + clip.name().toLowerCase(java.util.Locale.ROOT));
        }
        if (!(auxiliaryLearningRateRatio >= 0 && Double.isFinite(auxiliaryLearningRateRatio))) {
            throw new IllegalArgumentException("the auxiliary learning rate's ratio to the primary one must be finite and not negative, is "
                    + auxiliaryLearningRateRatio);
        }
    }

    /// The paper's: ascent, and one clip over all layers.
    public BiLora(Descent auxiliaryDescent, double auxiliaryLearningRateRatio, boolean scaleInNorm) {
        this(auxiliaryDescent, auxiliaryLearningRateRatio, scaleInNorm, Role.ASCEND, Clip.GLOBAL);
    }

    /// AdamW without decay at the primary's learning rate, s2 in the norm.
    public static BiLora defaults() {
        return new BiLora(AdamW.defaults(), 1, true);
    }

    /// @param trainables  the primary pairs, and the others
    /// @param auxiliaries one a primary pair, in the same order; of any rank; see [Initialization#auxiliaryPair]
    public Adversarial initialState(Trainables trainables, List<LoraPair> auxiliaries) {
        trainables.requireDistinctNames();
        requireMatching(trainables.pairs(), auxiliaries);
        return new Adversarial(TrainableMoments.zeroLike(trainables), auxiliaries, PairMoments.zeroLike(auxiliaries));
    }

    @Override
    public StepResult step(Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle) {
        double rho = inputs.rho();
        Adversarial before = rho == 0 ? emptied(state.as(Adversarial.class)) : state.as(Adversarial.class);
        int layers = trainables.pairs().size();

        Trainables merged = trainables.and(before.auxiliaries());
        Gradients gradients = oracle.at(merged);
        if (!gradients.isFinite()) {
            return StepResult.skip(trainables, before, "loss or gradient at W0 + s1 B1 A1 + s2 B2 A2", gradients.loss());
        }
        Gradients primary = gradients.ofFirst(layers);
        Gradients auxiliary = new Gradients(gradients.loss(), gradients.pairs().subList(layers, 2 * layers), List.of());

        ClippedDescent descended =
                ClippedDescent.step(trainables, primary, before.moments(), inputs.learningRate(), inputs, descent);
        ClippedDescent ascended = ClippedDescent.step(
                new Trainables(before.auxiliaries(), List.of()), role == Role.ASCEND ? auxiliary.scale(-1) : auxiliary,
                new TrainableMoments(before.auxiliaryMoments(), List.of(), List.of()),
                auxiliaryLearningRateRatio * inputs.learningRate(), inputs, auxiliaryDescent);
        List<LoraPair> ascendedPairs = role == Role.RANDOM ? drawn(before.auxiliaries(), inputs.noiseKey()) : ascended.next().pairs();
        List<PairMoments> auxiliaryMoments = role == Role.RANDOM ? before.auxiliaryMoments() : ascended.moments().pairs();

        double c = rho == 0 ? 0 : norm(ascendedPairs);
        if (!Double.isFinite(c)) {
            return StepResult.skip(trainables, before, "norm c of the auxiliary pairs", gradients.loss());
        }
        List<LoraPair> auxiliaries = rho == 0 ? zero(ascendedPairs) : clipped(ascendedPairs, c, rho);

        return StepResult.of(descended.next(), new Adversarial(descended.moments(), auxiliaries, auxiliaryMoments),
                new BiLoraTrace(merged, gradients, descended.gradientNorm(), descended.clipped(),
                        ascended.gradientNorm(), ascended.clipped(), ascendedPairs, c, rho > 0 && !auxiliaries.equals(ascendedPairs)));
    }

    /// Eq. 10, or its controls.
    private List<LoraPair> clipped(List<LoraPair> ascended, double c, double rho) {
        List<LoraPair> clipped = new ArrayList<>();
        for (LoraPair pair : ascended) {
            double norm = switch (clip) {
                case GLOBAL -> c;
                case LAYER -> norm(List.of(pair));
                case NONE -> 0;
            };
            double factor = Math.sqrt(rho / norm);
            boolean acts = norm > rho || role == Role.RANDOM && norm > 0;
            clipped.add(acts ? pair.withA(pair.a().scale(factor)).withB(pair.b().scale(factor)) : pair);
        }
        return clipped;
    }

    /// Pairs of standard normal numbers; element i of a tensor, row-major, is the i-th number under the key of the tensor's name.
    private static List<LoraPair> drawn(List<LoraPair> pairs, long noiseKey) {
        List<LoraPair> drawn = new ArrayList<>();
        for (LoraPair pair : pairs) {
            drawn.add(pair.withA(normal(pair.a(), noiseKey, pair.name() + ".auxiliary.lora_A.weight"))
                    .withB(normal(pair.b(), noiseKey, pair.name() + ".auxiliary.lora_B.weight")));
        }
        return drawn;
    }

    private static SimpleMatrix normal(SimpleMatrix like, long noiseKey, String tensor) {
        long key = CounterRandom.child(noiseKey, CounterRandom.hash(tensor));
        SimpleMatrix normal = like.createLike();
        for (int i = 0; i < normal.getNumElements(); i++) {
            normal.set(i, CounterRandom.gaussian(CounterRandom.child(key, i)));
        }
        return normal;
    }

    /// c = √(Σ_layers ‖s2·B2·A2‖²), or without s2.
    private double norm(List<LoraPair> auxiliaries) {
        List<SimpleMatrix> changes = new ArrayList<>();
        for (LoraPair pair : auxiliaries) {
            changes.add(scaleInNorm ? pair.weightChange() : pair.b().mult(pair.a()));
        }
        return Norm.of(changes);
    }

    private static Adversarial emptied(Adversarial state) {
        return new Adversarial(state.moments(), zero(state.auxiliaries()), state.auxiliaryMoments());
    }

    private static List<LoraPair> zero(List<LoraPair> pairs) {
        List<LoraPair> zero = new ArrayList<>();
        for (LoraPair pair : pairs) {
            zero.add(pair.withA(new SimpleMatrix(pair.a().getNumRows(), pair.a().getNumCols()))
                    .withB(new SimpleMatrix(pair.b().getNumRows(), pair.b().getNumCols())));
        }
        return zero;
    }

    private static void requireMatching(List<LoraPair> primary, List<LoraPair> auxiliaries) {
        if (auxiliaries.size() != primary.size()) {
            throw new IllegalArgumentException("Bi-LoRA needs an auxiliary pair for each of the " + primary.size()
                    + " pairs, got " + auxiliaries.size());
        }
        for (int j = 0; j < primary.size(); j++) {
            LoraPair one = primary.get(j);
            LoraPair two = auxiliaries.get(j);
            if (!one.name().equals(two.name()) || one.a().getNumCols() != two.a().getNumCols()
                    || one.b().getNumRows() != two.b().getNumRows()) {
                throw new IllegalArgumentException("auxiliary pair " + j + " must adapt the " + one.b().getNumRows() + "×"
                        + one.a().getNumCols() + " matrix " + one.name() + ", adapts the " + two.b().getNumRows() + "×"
                        + two.a().getNumCols() + " matrix " + two.name());
            }
        }
    }
}
