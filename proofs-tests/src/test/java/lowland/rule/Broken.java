package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import lowland.audit.Rules;
import lowland.descent.Descent;
import lowland.rule.RuleState.Adversarial;
import lowland.rule.RuleState.Averaging;
import lowland.rule.RuleState.Descending;
import lowland.rule.Trace.BiLoraTrace;
import lowland.rule.Trace.EfmLoraTrace;
import lowland.rule.Trace.FmLoraTrace;
import org.ejml.simple.SimpleMatrix;

/// Rules that are wrong in one way each. A claim must reject those that break it.
public enum Broken implements Rules {
    /// ρ = 0.
    PERTURBATION_DROPPED((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, withRho(inputs, 0), descent, oracle)),

    /// ρ is ten times what it is to be.
    RADIUS_TENFOLD((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, withRho(inputs, 10 * inputs.rho()), descent, oracle)),

    /// The perturbation goes downhill: the first gradient of a step is negated.
    DESCENT_FOR_ASCENT((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, inputs, descent,
            first(oracle, gradients -> gradients.scale(-1)))),

    /// The rule thinks that s = 1; the gradients have the true s.
    SCALING_MISSING((rule, at, state, inputs, descent, oracle) -> {
        StepResult result = rule.step(withScalings(at, null), withScalings(state, null), inputs, descent,
                trainables -> oracle.at(withScalings(trainables, at, state)));
        return new StepResult(withScalings(result.next(), at, state), withScalings(result.state(), state),
                withScalings(result.trace(), at, state), result.skipped());
    }),

    /// The gradients lack s.
    SCALING_MISSING_IN_GRADIENTS((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, inputs, descent, trainables -> {
        Gradients gradients = oracle.at(trainables);
        List<PairGradient> pairs = new ArrayList<>();
        for (int j = 0; j < gradients.pairs().size(); j++) {
            pairs.add(gradients.pairs().get(j).scale(1 / trainables.pairs().get(j).scaling()));
        }
        return new Gradients(gradients.loss(), pairs, gradients.others());
    })),

    /// A's perturbation for B's, and the estimate from the other factor's gradient.
    FACTORS_SWAPPED((rule, at, state, inputs, descent, oracle) -> switch (rule) {
        case FmLora fm -> fmLora(fm, at, state, inputs, descent, oracle, (pairs, gradients) -> swapped(fm, inputs.rho(), pairs, gradients));
        default -> rule.step(at, state, inputs, descent, oracle);
    }),

    /// One norm a layer, where one is over all layers, and one over both factors, where each has its own.
    OTHER_NORM_SCOPE((rule, at, state, inputs, descent, oracle) -> (switch (rule) {
        case LoraSam sam -> new LoraSam(sam.scope() == NormScope.GLOBAL ? NormScope.LAYER : NormScope.GLOBAL);
        case FmLora fm -> new FmLora(fm.scope() == NormScope.GLOBAL ? NormScope.LAYER : NormScope.GLOBAL, fm.estimate(), fm.perturbed());
        default -> rule;
    }).step(at, state, inputs, descent, oracle)),

    /// ε = ρ·sign(g)⊙g/‖g‖, as P1 Eq. 9 and 13 print it.
    SIGN_TIMES_G((rule, at, state, inputs, descent, oracle) -> switch (rule) {
        case LoraSam sam -> sam.step(at, state, inputs, descent, first(oracle, Broken::absolute));
        case FmLora fm -> fmLora(fm, at, state, inputs, descent, oracle, (pairs, gradients) -> {
            FactorPerturbation right = FactorPerturbation.of(fm.scope(), fm.estimate(), fm.perturbed(), inputs.rho(), pairs, gradients);
            List<SimpleMatrix> weights = right.weightPerturbations().stream().map(Broken::absolute).toList();
            return projected(right, weights, pairs);
        });
        default -> rule.step(at, state, inputs, descent, oracle);
    }),

    /// 10⁻⁶ added to ‖Ḡ‖.
    EPSILON_IN_NORM((rule, at, state, inputs, descent, oracle) -> switch (rule) {
        case FmLora fm -> fmLora(fm, at, state, inputs, descent, oracle, (pairs, gradients) -> {
            FactorPerturbation right = FactorPerturbation.of(fm.scope(), fm.estimate(), fm.perturbed(), inputs.rho(), pairs, gradients);
            List<SimpleMatrix> weights = new ArrayList<>();
            for (int j = 0; j < pairs.size(); j++) {
                weights.add(right.weightPerturbations().get(j).scale(right.norms().get(j) / (right.norms().get(j) + 1e-6)));
            }
            return projected(right, weights, pairs);
        });
        default -> rule.step(at, state, inputs, descent, oracle);
    }),

    /// Aᵀ for A⁺: E_B = (1/s)·E_W·Aᵀ.
    TRANSPOSE_FOR_INVERSE((rule, at, state, inputs, descent, oracle) -> switch (rule) {
        case FmLora fm -> fmLora(fm, at, state, inputs, descent, oracle, (pairs, gradients) -> {
            FactorPerturbation right = FactorPerturbation.of(fm.scope(), fm.estimate(), fm.perturbed(), inputs.rho(), pairs, gradients);
            List<SimpleMatrix> perturbations = new ArrayList<>();
            for (int j = 0; j < pairs.size(); j++) {
                perturbations.add(right.weightPerturbations().get(j).mult(pairs.get(j).a().transpose()).divide(pairs.get(j).scaling()));
            }
            return new FactorPerturbation(right.fullGradients(), right.norms(), right.weightPerturbations(), perturbations);
        });
        default -> rule.step(at, state, inputs, descent, oracle);
    }),

    /// EFMLoRA's E_t made with B_{t−1} in place of B̃.
    ESTIMATE_FROM_UNPERTURBED_B((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        if (!(rule instanceof EfmLora efm)) {
            return right;
        }
        EfmLoraTrace trace = (EfmLoraTrace) right.trace();
        FactorPerturbation e = FactorPerturbation.of(efm.scope(), efm.estimate(), efm.perturbed(), inputs.rho(), at.pairs(),
                trace.gradients().pairs());
        List<SimpleMatrix> average = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            average.add(state.as(Averaging.class).average().get(j).scale(1 - efm.ema()).plus(e.perturbations().get(j).scale(efm.ema())));
        }
        return new StepResult(right.next(), new Averaging(right.state().moments(), average), new EfmLoraTrace(trace.perturbed(),
                trace.gradients(), e, trace.gradientNorm(), trace.clipped(), average), false);
    }),

    /// β and 1 − β changed over.
    EMA_WEIGHTS_SWAPPED((rule, at, state, inputs, descent, oracle) -> (rule instanceof EfmLora efm
            ? new EfmLora(efm.scope(), efm.estimate(), efm.perturbed(), 1 - efm.ema(), efm.start()) : rule)
            .step(at, state, inputs, descent, oracle)),

    /// The second gradient is the first one again.
    FIRST_GRADIENT_TWICE((rule, at, state, inputs, descent, oracle) -> {
        Gradients[] kept = new Gradients[1];
        return rule.step(at, state, inputs, descent, trainables -> kept[0] == null ? kept[0] = oracle.at(trainables) : kept[0]);
    }),

    /// The descent climbs: A and B move along their gradients.
    ASCENT_FOR_DESCENT((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        List<LoraPair> next = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair from = at.pairs().get(j);
            LoraPair pair = right.next().pairs().get(j);
            next.add(pair.withA(from.a().scale(2).minus(pair.a())).withB(from.b().scale(2).minus(pair.b())));
        }
        return new StepResult(right.next().withPairs(next), right.state(), right.trace(), false);
    }),

    /// One gradient more than needed.
    EXTRA_GRADIENT((rule, at, state, inputs, descent, oracle) -> {
        oracle.at(at);
        return rule.step(at, state, inputs, descent, oracle);
    }),

    /// The descent starts from the perturbed factors.
    NOT_RESTORED((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        List<LoraPair> perturbed = switch (right.trace()) {
            case Trace.LoraSamTrace trace -> trace.perturbed().pairs();
            case FmLoraTrace trace -> trace.perturbed().pairs();
            case EfmLoraTrace trace -> trace.perturbed().pairs();
            default -> at.pairs();
        };
        List<LoraPair> next = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair pair = right.next().pairs().get(j);
            next.add(pair.withA(pair.a().plus(perturbed.get(j).a().minus(at.pairs().get(j).a())))
                    .withB(pair.b().plus(perturbed.get(j).b().minus(at.pairs().get(j).b()))));
        }
        return new StepResult(right.next().withPairs(next), right.state(), right.trace(), false);
    }),

    /// A steps half as far as B.
    RATES_DIFFER((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        List<LoraPair> next = new ArrayList<>();
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair pair = right.next().pairs().get(j);
            next.add(pair.withA(pair.a().plus(at.pairs().get(j).a()).scale(0.5)));
        }
        return new StepResult(right.next().withPairs(next), right.state(), right.trace(), false);
    }),

    /// Bi-LoRA's second pair descends too.
    SECOND_PAIR_DESCENDS((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, inputs, descent, trainables -> {
        Gradients gradients = oracle.at(trainables);
        List<PairGradient> pairs = new ArrayList<>(gradients.pairs());
        for (int j = at.pairs().size(); j < pairs.size(); j++) {
            pairs.set(j, pairs.get(j).scale(-1));
        }
        return new Gradients(gradients.loss(), pairs, gradients.others());
    })),

    /// Bi-LoRA's second pair ascends along the gradient at the first pair's new place.
    SECOND_PAIR_AFTER_FIRST((rule, at, state, inputs, descent, oracle) -> {
        if (!(rule instanceof BiLora)) {
            return rule.step(at, state, inputs, descent, oracle);
        }
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        StepResult late = rule.step(at, state, inputs, descent, trainables -> {
            List<LoraPair> moved = new ArrayList<>(trainables.pairs());
            for (int j = 0; j < right.next().pairs().size(); j++) {
                moved.set(j, right.next().pairs().get(j));
            }
            return oracle.at(trainables.withPairs(moved));
        });
        return new StepResult(right.next(), late.state(), late.trace(), false);
    }),

    /// Bi-LoRA without its clip.
    CLIP_MISSING((rule, at, state, inputs, descent, oracle) -> rule.step(at, state, rule instanceof BiLora ? withRho(inputs, 1e12) : inputs,
            descent, oracle)),

    /// Bi-LoRA's clip a layer: ρ/√N each.
    CLIP_PER_LAYER((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        if (!(right.trace() instanceof BiLoraTrace trace)) {
            return right;
        }
        double rho = inputs.rho() / Math.sqrt(at.pairs().size());
        return withSecond(right, trace.ascended().stream().map(pair -> clipped(pair, rho, 0.5)).toList());
    }),

    /// Bi-LoRA's clip shrinks B2 alone.
    CLIP_OF_B_ALONE((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        if (!(right.trace() instanceof BiLoraTrace trace) || trace.c() <= inputs.rho()) {
            return right;
        }
        return withSecond(right, trace.ascended().stream().map(pair -> pair.withB(pair.b().scale(inputs.rho() / trace.c()))).toList());
    }),

    /// Bi-LoRA's ρ never below 10⁻³.
    RADIUS_NEVER_ZERO((rule, at, state, inputs, descent, oracle) -> rule.step(at, state,
            withRho(inputs, Math.max(1e-3, inputs.rho())), descent, oracle)),

    /// Bi-LoRA perturbs with noise in place of the second pair's product.
    NOISE_FOR_SECOND_PAIR((rule, at, state, inputs, descent, oracle) -> {
        StepResult right = rule.step(at, state, inputs, descent, oracle);
        if (!(right.trace() instanceof BiLoraTrace trace)) {
            return right;
        }
        List<LoraPair> merged = new ArrayList<>(trace.merged().pairs());
        for (int j = at.pairs().size(); j < merged.size(); j++) {
            LoraPair pair = merged.get(j);
            merged.set(j, pair.withB(Layer.normal(pair.b().getNumRows(), pair.b().getNumCols(), new java.util.Random(j))));
        }
        return new StepResult(right.next(), right.state(), new BiLoraTrace(trace.merged().withPairs(merged), trace.gradients(),
                trace.gradientNorm(), trace.clipped(), trace.auxiliaryGradientNorm(), trace.auxiliaryClipped(), trace.ascended(), trace.c(),
                trace.clippedToRho()), false);
    });

    private final Rules rules;

    Broken(Rules rules) {
        this.rules = rules;
    }

    @Override
    public StepResult step(UpdateRule rule, Trainables trainables, RuleState state, StepInputs inputs, Descent descent,
            GradientOracle oracle) {
        return rules.step(rule, trainables, state, inputs, descent, oracle);
    }

    // ---- what they are made of ----

    private static StepInputs withRho(StepInputs inputs, double rho) {
        return new StepInputs(inputs.t(), inputs.learningRate(), inputs.otherLearningRate(), rho, inputs.clipNorm(), inputs.progress(),
                inputs.noiseKey());
    }

    /// The oracle with its first answer changed.
    private static GradientOracle first(GradientOracle oracle, UnaryOperator<Gradients> change) {
        boolean[] asked = new boolean[1];
        return trainables -> {
            Gradients gradients = oracle.at(trainables);
            boolean first = !asked[0];
            asked[0] = true;
            return first ? change.apply(gradients) : gradients;
        };
    }

    private static SimpleMatrix absolute(SimpleMatrix x) {
        SimpleMatrix y = x.createLike();
        for (int i = 0; i < x.getNumElements(); i++) {
            y.set(i, Math.abs(x.get(i)));
        }
        return y;
    }

    private static Gradients absolute(Gradients gradients) {
        return new Gradients(gradients.loss(),
                gradients.pairs().stream().map(g -> new PairGradient(absolute(g.dA()), absolute(g.dB()))).toList(), gradients.others());
    }

    /// FMLoRA's step with another perturbation.
    private static StepResult fmLora(FmLora rule, Trainables at, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle,
            BiFunction<List<LoraPair>, List<PairGradient>, FactorPerturbation> perturbation) {
        Gradients gradients = oracle.at(at);
        FactorPerturbation e = perturbation.apply(at.pairs(), gradients.pairs());
        Trainables moved = at.withPairs(FactorPerturbation.addTo(at.pairs(), rule.perturbed(), e.perturbations()));
        Gradients perturbed = oracle.at(moved);
        ClippedDescent descended = ClippedDescent.step(at, perturbed, state.moments(), inputs.learningRate(), inputs, descent);
        return new StepResult(descended.next(), new Descending(descended.moments()),
                new FmLoraTrace(gradients, e, moved, perturbed, descended.gradientNorm(), descended.clipped()), false);
    }

    /// A perturbation of B with these E_W.
    private static FactorPerturbation projected(FactorPerturbation right, List<SimpleMatrix> weights, List<LoraPair> pairs) {
        List<SimpleMatrix> perturbations = new ArrayList<>();
        for (int j = 0; j < pairs.size(); j++) {
            perturbations.add(weights.get(j).mult(PseudoInverse.bySvd(pairs.get(j).a())).divide(pairs.get(j).scaling()));
        }
        return new FactorPerturbation(right.fullGradients(), right.norms(), weights, perturbations);
    }

    /// The estimate from one factor alone, the one that was not asked for.
    private static FactorPerturbation swapped(FmLora rule, double rho, List<LoraPair> pairs, List<PairGradient> gradients) {
        Estimate other = rule.estimate() == Estimate.A ? Estimate.B : Estimate.A;
        return FactorPerturbation.of(rule.scope(), other, rule.perturbed(), rho, pairs, gradients);
    }

    private static LoraPair clipped(LoraPair pair, double rho, double power) {
        double c = pair.weightChange().normF();
        double factor = c > rho ? Math.pow(rho / c, power) : 1;
        return pair.withA(pair.a().scale(factor)).withB(pair.b().scale(factor));
    }

    private static StepResult withSecond(StepResult result, List<LoraPair> second) {
        Adversarial state = result.state().as(Adversarial.class);
        return new StepResult(result.next(), new Adversarial(state.moments(), second, state.auxiliaryMoments()), result.trace(), false);
    }

    private static LoraPair withScaling(LoraPair pair, double s) {
        return new LoraPair(pair.name(), s, pair.a(), pair.b());
    }

    /// Pairs with the scalings of others, or 1.
    private static List<LoraPair> withScalings(List<LoraPair> pairs, List<LoraPair> of) {
        List<LoraPair> scaled = new ArrayList<>();
        for (int j = 0; j < pairs.size(); j++) {
            scaled.add(withScaling(pairs.get(j), of == null ? 1 : of.get(j).scaling()));
        }
        return scaled;
    }

    private static Trainables withScalings(Trainables trainables, List<LoraPair> of) {
        return trainables.withPairs(withScalings(trainables.pairs(), of));
    }

    /// The scalings of the primary pairs, and behind them those of Bi-LoRA's.
    private static Trainables withScalings(Trainables trainables, Trainables at, RuleState state) {
        List<LoraPair> of = new ArrayList<>(at.pairs());
        if (state instanceof Adversarial adversarial) {
            of.addAll(adversarial.auxiliaries());
        }
        return withScalings(trainables, of);
    }

    private static RuleState withScalings(RuleState state, RuleState of) {
        return state instanceof Adversarial a ? new Adversarial(a.moments(),
                withScalings(a.auxiliaries(), of == null ? null : of.as(Adversarial.class).auxiliaries()), a.auxiliaryMoments()) : state;
    }

    private static Trace withScalings(Trace trace, Trainables at, RuleState state) {
        return switch (trace) {
            case FmLoraTrace t -> new FmLoraTrace(t.gradients(), t.perturbation(), withScalings(t.perturbed(), at, state),
                    t.perturbedGradients(), t.gradientNorm(), t.clipped());
            case BiLoraTrace t -> new BiLoraTrace(withScalings(t.merged(), at, state), t.gradients(), t.gradientNorm(), t.clipped(),
                    t.auxiliaryGradientNorm(), t.auxiliaryClipped(),
                    withScalings(t.ascended(), state.as(Adversarial.class).auxiliaries()), t.c(), t.clippedToRho());
            default -> trace;
        };
    }
}
