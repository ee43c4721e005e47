package lowland.step;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Moments;
import lowland.descent.Sgd;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.Factor;
import lowland.rule.FmLora;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.LoraPlus;
import lowland.rule.PairGradient;
import lowland.rule.PairMoments;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;

/// One step of the program beside the same step of the reference rule, quantity by quantity: each error over its bound.
///
/// Both sides are double; they differ by the order of sums, and by Gram matrices here, singular values there. With u = 2⁻⁵³:
///
/// - A gradient at the same point has the relative error τ = [#GRADIENT], 9,000u: products of inner size ≤ 12 in a chain of ≤ 12 make
///   150u, and sums whose terms cancel, and 1 − tanh², lose up to a digit or two.
///   It is relative to the factor's gradient, and to weight and bias together in the head: in a bias' alone all residuals cancel.
///   Below a loss of 1 it is τ divided by the loss: residuals, 1 − p or differences, are differences of terms of the size 1, and are not
///   larger than the loss (or its root).
/// - A perturbation made of it by pseudo-inverses, through Gram matrices, has the relative error κ²·(64u + τ), κ the largest ratio of
///   kept singular values of any factor; made without them, τ.
/// - A gradient at the perturbed point has, beside τ, [#CURVATURE] times the perturbation's relative error.
/// - What a descent makes of a gradient with an error δ (elementwise, δ = 2τ‖g‖): SGD η·δ; AdamW η·(1 + |m̂|/(√v̂ + ε))·δ/(√v̂ + ε), since
///   √v̂ is a norm of the gradients so far, with weights ≤ 1, and m̂ their mean, with weights ≤ 1.
/// - A norm ‖X·Y‖ from two Gram matrices has the absolute error (n + m)·u·(‖X‖·‖Y‖)²/‖X·Y‖, beside those of X and Y.
///
/// NaN is far from everything; an expected zero has the bound zero.
final class Agreement {
    /// Relative error of a gradient.
    static final double GRADIENT = 1e-12;
    /// How much of a perturbation's relative error is found again in the gradient at the perturbed point.
    static final double CURVATURE = 16;
    private static final double U = 0x1p-53;

    private final Map<String, Double> ratios = new LinkedHashMap<>();
    private final Trial trial;
    private final StepInputs inputs;
    private final ProgramRun run;

    private Agreement(Trial trial, StepInputs inputs, ProgramRun run) {
        this.trial = trial;
        this.inputs = inputs;
        this.run = run;
    }

    /// Compares a step that the program has just run with the reference's from the same point.
    static Agreement of(ProgramRun run, Trainables before, RuleState state, StepInputs inputs, StepResult expected) {
        Agreement agreement = new Agreement(run.trial(), inputs, run);
        switch (expected.trace()) {
            case Trace.LoraTrace trace -> agreement.descended(trace.gradients(), trace.gradientNorm(), GRADIENT, expected);
            case Trace.BarTrace trace -> agreement.descended(trace.gradients(), trace.gradientNorm(), GRADIENT, expected);
            case Trace.FlatLoraTrace trace -> {
                agreement.weightPerturbations(trace.perturbations(), GRADIENT);
                agreement.descended(trace.gradients(), trace.gradientNorm(), (1 + CURVATURE) * GRADIENT, expected);
            }
            case Trace.FullSamTrace trace -> {
                agreement.loss("first loss", trace.gradients().loss(), run.losses().getFirst(), GRADIENT);
                agreement.weightPerturbations(trace.perturbations(), 2 * GRADIENT);
                agreement.descended(trace.perturbedGradients(), trace.gradientNorm(), (1 + CURVATURE) * GRADIENT, expected);
            }
            case Trace.LoraSamTrace trace -> {
                agreement.loss("first loss", trace.gradients().loss(), run.losses().getFirst(), GRADIENT);
                agreement.perturbations(Factor.A, trace.perturbationsA(), GRADIENT);
                agreement.perturbations(Factor.B, trace.perturbationsB(), GRADIENT);
                agreement.perturbationNorm(before, trace.perturbed(), GRADIENT);
                agreement.descended(trace.perturbedGradients(), trace.gradientNorm(), (1 + CURVATURE) * GRADIENT, expected);
            }
            case Trace.FmLoraTrace trace -> {
                double error = perturbationError(before.pairs());
                agreement.loss("first loss", trace.gradients().loss(), run.losses().getFirst(), GRADIENT);
                agreement.perturbations(((FmLora) agreement.trial.rule()).perturbed(), trace.perturbation().perturbations(), error);
                agreement.perturbationNorm(before, trace.perturbed(), error);
                agreement.descended(trace.perturbedGradients(), trace.gradientNorm(), GRADIENT + CURVATURE * error, expected);
            }
            case Trace.EfmLoraTrace trace -> {
                agreement.perturbations(((EfmLora) agreement.trial.rule()).perturbed(), trace.average(),
                        perturbationError(trace.perturbed().pairs()));
                agreement.perturbationNorm(before, trace.perturbed(), GRADIENT);
                agreement.descended(trace.gradients(), trace.gradientNorm(), GRADIENT, expected);
            }
            case Trace.BiLoraTrace trace -> {
                int layers = before.pairs().size();
                Gradients primary = new Gradients(trace.gradients().loss(), trace.gradients().pairs().subList(0, layers),
                        trace.gradients().whole(), trace.gradients().others());
                agreement.descended(primary, trace.gradientNorm(), GRADIENT, expected);
                agreement.ascended((RuleState.Adversarial) state, trace, expected);
            }
            case Trace.Skipped trace -> throw new AssertionError("the reference skipped: " + trace);
        }
        return agreement;
    }

    /// Error over bound of each quantity.
    Map<String, Double> ratios() {
        return ratios;
    }

    /// The quantities whose error exceeds its bound.
    List<String> rejected() {
        List<String> names = new ArrayList<>();
        ratios.forEach((name, ratio) -> {
            if (!(ratio <= 1)) {
                names.add(name);
            }
        });
        return names;
    }

    /// κ²·(64u + τ).
    static double perturbationError(List<LoraPair> pairs) {
        double condition = condition(pairs);
        return condition * condition * (64 * U + GRADIENT);
    }

    /// The largest ratio of a factor's singular values, those below 1e-8 of the largest left out: the pseudo-inverses' cut does so
    /// at 1e-6. Infinite if one lies in between and might be cut on one side only.
    static double condition(List<LoraPair> pairs) {
        double condition = 1;
        for (LoraPair pair : pairs) {
            for (SimpleMatrix factor : List.of(pair.a(), pair.b())) {
                SimpleSVD<SimpleMatrix> svd = factor.svd();
                double largest = svd.getSingleValue(0);
                for (double sigma : svd.getSingularValues()) {
                    if (sigma > 1e-8 * largest) {
                        condition = Math.max(condition, sigma < 1e-4 * largest ? Double.POSITIVE_INFINITY : largest / sigma);
                    }
                }
            }
        }
        return condition;
    }

    private void check(String name, double expected, double actual, double bound) {
        double error = Math.abs(expected - actual);
        ratios.merge(name, error == 0 ? 0 : error / bound >= 0 ? error / bound : Double.POSITIVE_INFINITY, Math::max);
    }

    private void check(String name, SimpleMatrix expected, SimpleMatrix actual, SimpleMatrix bound) {
        for (int i = 0; i < expected.getNumElements(); i++) {
            check(name, expected.get(i), actual.get(i), bound.get(i));
        }
    }

    /// ‖error‖ ≤ bound·‖expected‖.
    private void checkRelative(String name, SimpleMatrix expected, SimpleMatrix actual, double bound) {
        check(name, 0, expected.minus(actual).normF(), bound * expected.normF());
    }

    /// A loss is a mean of terms of the size 1 and above it.
    private void loss(String name, double expected, double actual, double relative) {
        check(name, expected, actual, relative * (1 + expected));
    }

    private void perturbations(Factor factor, List<SimpleMatrix> expected, double relative) {
        List<SimpleMatrix> actual = run.beside(trial.targets(), factor, LinearForm::perturbation);
        for (int j = 0; j < expected.size(); j++) {
            checkRelative("perturbation of " + factor, expected.get(j), actual.get(j), relative);
        }
    }

    /// ε of each weight, and the norm of all.
    private void weightPerturbations(List<SimpleMatrix> expected, double relative) {
        int index = 0;
        double squared = 0;
        for (Factors pair : trial.targets()) {
            lowland.program.State state = LinearForm.perturbation(pair.linear().weight());
            for (int layer = 0; layer < state.slices(); layer++, index++) {
                checkRelative("perturbation of W", expected.get(index), run.get(state, layer), relative);
                squared += Math.pow(expected.get(index).normF(), 2);
            }
        }
        check("perturbationNorm", Math.sqrt(squared), run.output("perturbationNorm"), 2 * relative * Math.sqrt(squared));
    }

    /// ‖ΔW‖ of ΔW = s·(B̃·Ã − B·A) = s·(ε_B·A + B̃·ε_A), as dense matrices.
    private void perturbationNorm(Trainables before, Trainables perturbed, double relative) {
        double squared = 0;
        double error = 0;
        for (int j = 0; j < before.pairs().size(); j++) {
            LoraPair old = before.pairs().get(j);
            LoraPair moved = perturbed.pairs().get(j);
            SimpleMatrix epsilonA = moved.a().minus(old.a());
            SimpleMatrix epsilonB = moved.b().minus(old.b());
            SimpleMatrix change = epsilonB.mult(old.a()).plus(moved.b().mult(epsilonA)).scale(old.scaling());
            double size = Math.abs(old.scaling()) * (epsilonB.normF() * old.a().normF() + moved.b().normF() * epsilonA.normF());
            double forming = U * Math.abs(old.scaling()) * 8 * (old.b().normF() * old.a().normF() + moved.b().normF() * old.a().normF());
            squared += change.normF() * change.normF();
            error += size * size * ((old.b().getNumRows() + old.a().getNumCols()) * U + relative) + forming * size;
        }
        double norm = Math.sqrt(squared);
        check("perturbationNorm", norm, run.output("perturbationNorm"), error == 0 ? 0 : error / norm);
    }

    /// Everything from the last gradient to the descended pairs and head.
    private void descended(Gradients gradients, double norm, double ofTerms, StepResult expected) {
        loss("loss", gradients.loss(), run.losses().getLast(), ofTerms);
        double relative = ofTerms / Math.min(1, gradients.loss());
        check("gradientNorm", norm, run.output("gradientNorm"), 2 * relative * norm);
        double clip = clip(norm);
        check("clip", clip, run.output("clip"), 2 * relative * clip);

        Trainables next = expected.next();
        Trainables actual = run.trainables();
        RuleState actualState = run.state();
        List<SimpleMatrix> dA = run.beside(trial.targets(), Factor.A, lowland.step.Gradients::of);
        List<SimpleMatrix> dB = run.beside(trial.targets(), Factor.B, lowland.step.Gradients::of);
        double drift = 0;
        double driftError = 0;
        for (int j = 0; j < next.pairs().size(); j++) {
            PairGradient g = gradients.pairs().get(j);
            checkRelative("gradient of A", g.dA(), dA.get(j), relative);
            checkRelative("gradient of B", g.dB(), dB.get(j), relative);
            LoraPair pair = next.pairs().get(j);
            PairMoments moments = expected.state().moments().pairs().get(j);
            PairMoments actualMoments = actualState.moments().pairs().get(j);
            SimpleMatrix boundA = step("A", trial.descent(), pair.a(), g.dA(), 2 * relative * clip * g.dA().normF(), clip, moments.a(),
                    actualMoments.a(), inputs.learningRate());
            SimpleMatrix boundB = step("B", trial.descent(), pair.b(), g.dB(), 2 * relative * clip * g.dB().normF(), clip, moments.b(),
                    actualMoments.b(), inputs.learningRate() * (trial.rule() instanceof LoraPlus plus ? plus.ratio() : 1));
            check("A", pair.a(), actual.pairs().get(j).a(), boundA);
            check("B", pair.b(), actual.pairs().get(j).b(), boundB);
            SimpleMatrix difference = pair.b().transpose().mult(pair.b()).minus(pair.a().mult(pair.a().transpose()));
            double a = pair.a().normF();
            double b = pair.b().normF();
            double error = 2 * (b * boundB.normF() + a * boundA.normF()) + 32 * U * (a * a + b * b);
            drift += difference.normF() * difference.normF();
            driftError += error * error;
        }
        check("drift", Math.sqrt(drift), run.output("drift"), Math.sqrt(driftError) + 8 * U * Math.sqrt(drift));

        List<SimpleMatrix> wholeGradients = run.whole(lowland.step.Gradients::of);
        for (int k = 0; k < next.whole().size(); k++) {
            SimpleMatrix g = gradients.whole().get(k);
            check("gradient of what is whole", 0, g.minus(wholeGradients.get(k)).normF(), relative * norm);
            SimpleMatrix bound = step("what is whole", trial.descent(), next.whole().get(k), g, 2 * relative * clip * norm, clip,
                    expected.state().moments().whole().get(k), actualState.moments().whole().get(k), inputs.learningRate());
            check("whole", next.whole().get(k), actual.whole().get(k), bound);
        }

        List<lowland.program.State> head = trial.network().head();
        double size = 0;
        for (SimpleMatrix other : gradients.others()) {
            size = Math.hypot(size, other.normF());
        }
        for (int k = 0; k < head.size(); k++) {
            SimpleMatrix g = gradients.others().get(k);
            check("gradient of the head", 0, g.minus(run.get(lowland.step.Gradients.of(head.get(k)), 0)).normF(), relative * size);
            SimpleMatrix bound = step("the head", trial.descent(), next.others().get(k), g, 2 * relative * clip * size, clip,
                    expected.state().moments().others().get(k), actualState.moments().others().get(k), inputs.otherLearningRate());
            check("head", next.others().get(k), actual.others().get(k), bound);
        }
    }

    private double clip(double norm) {
        return inputs.clipNorm() == 0 ? 1 : Math.min(1, inputs.clipNorm() / (norm + 1e-6));
    }

    /// Compares moments and gives the elementwise bound of the parameter.
    ///
    /// @param delta error of an element of the clipped gradient
    private SimpleMatrix step(String what, Descent descent, SimpleMatrix next, SimpleMatrix gradient, double delta, double clip,
            Moments moments, Moments actualMoments, double learningRate) {
        SimpleMatrix first = next.createLike();
        SimpleMatrix second = next.createLike();
        SimpleMatrix bound = next.createLike();
        for (int i = 0; i < next.getNumElements(); i++) {
            double m = Math.abs(moments.first().get(i));
            double v = moments.second().get(i);
            double g = clip * Math.abs(gradient.get(i));
            double rounding = 8 * U * Math.abs(next.get(i));
            switch (descent) {
                case AdamW adamW -> {
                    double root = Math.sqrt(v / (1 - StrictMath.pow(adamW.beta2(), inputs.t()))) + adamW.epsilon();
                    double direction = m / (1 - StrictMath.pow(adamW.beta1(), inputs.t())) / root;
                    // The mean may have cancelled: its rounding is that of its largest term, which is at most root·√t.
                    first.set(i, (1 - adamW.beta1()) * delta + 8 * U * (m + g));
                    second.set(i, (1 - adamW.beta2()) * (2 * g + delta) * delta + 8 * U * v);
                    bound.set(i, rounding + learningRate * ((1 + direction) * delta / root + 32 * U * (1 + direction)));
                }
                case Sgd _ -> {
                    first.set(i, delta + 8 * U * (m + g + Math.abs(next.get(i))));
                    bound.set(i, rounding + learningRate * first.get(i));
                }
            }
        }
        check("moments of " + what, moments.first(), actualMoments.first(), first);
        check("moments of " + what, moments.second(), actualMoments.second(), second);
        return bound;
    }

    /// Bi-LoRA's second pairs.
    private void ascended(RuleState.Adversarial before, Trace.BiLoraTrace trace, StepResult expected) {
        BiLora rule = (BiLora) trial.rule();
        int layers = before.auxiliaries().size();
        double norm = trace.auxiliaryGradientNorm();
        double clip = clip(norm);
        check("auxiliary gradientNorm", norm, run.output("auxiliary gradientNorm"), 2 * GRADIENT * norm);
        check("auxiliary clip", clip, run.output("auxiliary clip"), 2 * GRADIENT * clip);
        RuleState.Adversarial next = (RuleState.Adversarial) expected.state();
        RuleState.Adversarial actual = (RuleState.Adversarial) run.state();
        double rate = rule.auxiliaryLearningRateRatio() * inputs.learningRate();
        List<SimpleMatrix> boundsA = new ArrayList<>();
        List<SimpleMatrix> boundsB = new ArrayList<>();
        List<Double> squares = new ArrayList<>();
        List<Double> errors = new ArrayList<>();
        double beforeSquared = 0;
        double beforeError = 0;
        for (int j = 0; j < layers; j++) {
            PairGradient g = trace.gradients().pairs().get(layers + j);
            LoraPair ascended = trace.ascended().get(j);
            PairMoments moments = next.auxiliaryMoments().get(j);
            PairMoments actualMoments = actual.auxiliaryMoments().get(j);
            if (rule.role() == BiLora.Role.RANDOM) {
                boundsA.add(ascended.a().createLike());
                boundsB.add(ascended.b().createLike());
            } else {
                boundsA.add(step("A2", rule.auxiliaryDescent(), ascended.a(), g.dA(), 2 * GRADIENT * clip * g.dA().normF(), clip,
                        moments.a(), actualMoments.a(), rate));
                boundsB.add(step("B2", rule.auxiliaryDescent(), ascended.b(), g.dB(), 2 * GRADIENT * clip * g.dB().normF(), clip,
                        moments.b(), actualMoments.b(), rate));
            }
            double s = rule.scaleInNorm() ? Math.abs(ascended.scaling()) : 1;
            double a = ascended.a().normF();
            double b = ascended.b().normF();
            squares.add(Math.pow(s * ascended.b().mult(ascended.a()).normF(), 2));
            errors.add(2 * s * s * a * b * (boundsB.getLast().normF() * a + b * boundsA.getLast().normF()) + products(ascended, s));
            LoraPair old = trace.merged().pairs().get(layers + j);
            beforeSquared += Math.pow(old.weightChange().normF(), 2);
            beforeError += products(old, old.scaling());
        }
        double perturbationNorm = Math.sqrt(beforeSquared);
        check("perturbationNorm", perturbationNorm, run.output("perturbationNorm"), beforeError == 0 ? 0 : beforeError / perturbationNorm);
        double squared = sum(squares);
        double c = Math.sqrt(squared);
        check("c", trace.c(), run.output("c"), inputs.rho() == 0 ? 0 : relative(sum(errors), squared) * c);
        double normA = 0;
        double normB = 0;
        double boundA = 0;
        double boundB = 0;
        double worst = 0;
        for (int j = 0; j < layers; j++) {
            double norm2 = switch (rule.clip()) {
                case GLOBAL -> squared;
                case LAYER -> squares.get(j);
                case NONE -> 0;
            };
            double relative = switch (rule.clip()) {
                case GLOBAL -> relative(sum(errors), squared);
                case LAYER -> relative(errors.get(j), squares.get(j));
                case NONE -> 0;
            };
            double ratio = inputs.rho() / Math.sqrt(norm2);
            double factor = inputs.rho() == 0 ? 0 : Math.sqrt(rule.role() == BiLora.Role.RANDOM ? ratio : Math.min(1, ratio));
            LoraPair pair = next.auxiliaries().get(j);
            LoraPair found = actual.auxiliaries().get(j);
            normA += Math.pow(pair.a().normF(), 2);
            normB += Math.pow(pair.b().normF(), 2);
            check("A2", pair.a(), found.a(), boundsA.get(j).scale(factor).plus(sizes(pair.a()).scale(relative + 8 * U)));
            check("B2", pair.b(), found.b(), boundsB.get(j).scale(factor).plus(sizes(pair.b()).scale(relative + 8 * U)));
            worst = Math.max(worst, relative);
            boundA += factor * boundsA.get(j).normF();
            boundB += factor * boundsB.get(j).normF();
        }
        check("auxiliaryNormA", Math.sqrt(normA), run.output("auxiliaryNormA"), boundA + (worst + 32 * U) * Math.sqrt(normA));
        check("auxiliaryNormB", Math.sqrt(normB), run.output("auxiliaryNormB"), boundB + (worst + 32 * U) * Math.sqrt(normB));
    }

    private static double sum(List<Double> terms) {
        return terms.stream().mapToDouble(Double::doubleValue).sum();
    }

    private static double relative(double error, double squared) {
        return error == 0 ? 0 : error / squared;
    }

    /// |x| of each element.
    private static SimpleMatrix sizes(SimpleMatrix matrix) {
        return matrix.elementOp((int _, int _, double x) -> Math.abs(x));
    }

    /// (n + m)·u·(s·‖B‖·‖A‖)².
    private static double products(LoraPair pair, double s) {
        return (pair.b().getNumRows() + pair.a().getNumCols()) * U * Math.pow(s * pair.b().normF() * pair.a().normF(), 2);
    }
}
