package lowland.cli;

import lowland.Failure;
import lowland.cli.Method.Rule;
import lowland.descent.AdamW;
import lowland.descent.BarSchedule;
import lowland.descent.Descent;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;
import lowland.rule.UpdateRule;
import picocli.CommandLine.Option;

/// What makes a rule sharpness-aware. What is null was not given.
final class SharpnessOptions {
    @Option(names = "--rho", paramLabel = "RHO", description = {
        "Radius of the perturbation; 0 is LoRA. Of the factors' joint norm in lora-sam, of each layer's weight in fmlora and efmlora,"
            + " of all weights together in bi-lora and full-sam; flat-lora's noise has rho times the weight's norm at the end, rising from"
            + " 0: one rho is not one perturbation.",
        "Default: lora-sam 0.01, bi-lora 0.05 (Bi-LoRA, arXiv 2508.19564v1, on GLUE); flat-lora 0.05 (arXiv 2409.14396v2, its code);"
            + " fmlora, efmlora 0.05 (not given in the paper for these; arXiv 2508.00522v3 Table 5 tries it), full-sam 0.05 (our"
            + " choice: as those)."})
    Double rho;

    @Option(names = "--norm-scope", paramLabel = "global|layer|factor", description = {
        "Over what the perturbation's norm is taken: all layers, one adapted matrix, or one factor (lora-sam only, arXiv 2508.00522v3"
            + " Eq. 7).",
        "Default: lora-sam, full-sam global (SAM's own), fmlora, efmlora layer (Eq. 13 is per matrix); bi-lora has --auxiliary-clip in its"
            + " place, flat-lora's noise is of each layer."})
    NormScope scope;

    @Option(names = "--rho-schedule", paramLabel = "constant|cosine|inverse-sqrt", description = {
        "How rho changes over the run; inverse-sqrt is rho/sqrt(k+1) at step k (arXiv 2508.00522v3 Theorem 2).",
        "Default: constant (arXiv 2508.00522v3 Table 5)."})
    RhoSchedule.Shape schedule = RhoSchedule.Shape.CONSTANT;

    @Option(names = "--rho-final", paramLabel = "RHO", description = {
        "Where the cosine ends.", "Default: 0.2*rho (our choice: the ratio of the schedule in a public implementation of EFMLoRA)."})
    Double rhoFinal;

    @Option(names = "--perturb", paramLabel = "b|a", description = {
        "fmlora, efmlora: the factor that carries the perturbation.", "Default: b (arXiv 2508.00522v3 Eq. 15)."})
    Factor perturb;

    @Option(names = "--estimate", paramLabel = "b|a|mean", description = {
        "fmlora, efmlora: the full gradient from B's (arXiv 2508.00522v3 Eq. 10), A's (Eq. 11), or the mean of both (Eq. 12). b makes the"
            + " perturbation of B first-order exact: of all of its radius, none raises the linearised loss more.",
        "Default: mean (the paper's choice)."})
    Estimate estimate;

    @Option(names = "--ema", paramLabel = "BETA", description = {
        "efmlora: weight of the new term in the moving average, in (0, 1].",
        "Default: 0.9 (not given in the paper; a public implementation's value)."})
    Double ema;

    @Option(names = "--ema-start", paramLabel = "zero|first", description = {
        "efmlora: the average starts at 0, or at the first perturbation (arXiv 2508.00522v3 says both).",
        "Default: zero (our choice: Eq. 18 taken literally)."})
    EmaStart emaStart;

    @Option(names = "--auxiliary-rank", paramLabel = "R", description = {
        "bi-lora: rank of the second pair; 0 is LoRA.", "Default: 8 (arXiv 2508.19564v1, experiments)."})
    Integer auxiliaryRank;

    @Option(names = "--auxiliary-alpha", paramLabel = "ALPHA", description = {
        "bi-lora: s2 = alpha/rank of the second pair.", "Default: so that s2 = s (our choice: the paper folds s into the factors)."})
    Double auxiliaryAlpha;

    @Option(names = "--auxiliary-learning-rate", paramLabel = "ETA", description = {
        "bi-lora: learning rate of the ascent, under the same schedule.",
        "Default: the learning rate (arXiv 2508.19564v1: both alike)."})
    Double auxiliaryLearningRate;

    @Option(names = "--auxiliary-optimizer", paramLabel = "adamw|sgd", description = {
        "bi-lora: optimiser of the ascent, with the decay and betas of the descent.",
        "Default: adamw (our choice: arXiv 2508.19564v1 Eq. 9 prints plain ascent and leaves it open)."})
    DescentOptions.Optimizer auxiliaryOptimizer;

    @Option(names = "--auxiliary-direction", paramLabel = "ascend|descend|random", description = {
        "bi-lora: what the second pair does. Controls: descend, two pairs that both learn; random, drawn anew after each step and"
            + " brought to rho.",
        "Default: ascend (arXiv 2508.19564v1 Eq. 9)."})
    BiLora.Role role = BiLora.Role.ASCEND;

    @Option(names = "--auxiliary-clip", paramLabel = "global|layer|none", description = {
        "bi-lora: what is brought back to rho after each update: the norm over all layers, that of each layer, or nothing; the latter"
            + " two are controls.",
        "Default: global (arXiv 2508.19564v1 Eq. 10 and Algorithm 1)."})
    BiLora.Clip clip = BiLora.Clip.GLOBAL;

    @Option(names = "--bar-alpha", paramLabel = "ALPHA", description = {
        "lora-obar, lora-nbar: each step multiplies one factor of a layer by 1 + alpha*eta and the other by 1 - alpha*eta.",
        "Default: 0.25 (what arXiv 2508.19564v1 H.4 takes to compare with them)."})
    double barAlpha = BarSchedule.DEFAULT_ALPHA;

    @Option(names = "--bar-schedule", paramLabel = "constant|linear|cosine", description = {
        "lora-obar, lora-nbar: how alpha falls over the run.",
        "Default: linear (our choice among those that their paper, arXiv 2410.14802, names)."})
    Schedule.Shape barSchedule = BarSchedule.defaults().shape();

    @Option(names = "--learning-rate-ratio", paramLabel = "LAMBDA", description = {
        "lora-plus: B learns at lambda times the learning rate.",
        "Default: 16 (about what arXiv 2402.12354v1 recommends; LoRA-GA's configurations take it)."})
    double learningRateRatio = LoraPlus.DEFAULT_RATIO;

    /// Whether there is a perturbation whose radius counts.
    boolean perturbs(Rule method) {
        return method.perturbs() && (method != Rule.BI_LORA || auxiliaryRank(method) > 0);
    }

    /// 0 where nothing is perturbed.
    double rho(Rule method) {
        return !perturbs(method) ? 0 : rho == null ? method.defaultRho() : rho;
    }

    /// Null where nothing is perturbed.
    NormScope scope(Rule method) {
        return !perturbs(method) ? null : scope == null ? method.defaultScope() : scope;
    }

    RhoSchedule rhoSchedule(Rule method, int steps) {
        double from = rho(method);
        return rhoFinal == null || !perturbs(method) ? new RhoSchedule(schedule, from, steps)
                : new RhoSchedule(schedule, from, rhoFinal, steps);
    }

    int auxiliaryRank(Rule method) {
        return method != Rule.BI_LORA ? 0 : auxiliaryRank == null ? BiLora.DEFAULT_AUXILIARY_RANK : auxiliaryRank;
    }

    /// s₂ = s where no alpha is given: the same quotient by the same rule of scaling.
    double auxiliaryAlpha(Rule method, FactorOptions factors) {
        int rank = auxiliaryRank(method);
        if (rank == 0) {
            return 0;
        }
        return auxiliaryAlpha != null ? auxiliaryAlpha : switch (factors.scaling()) {
            case STANDARD -> factors.alpha() * rank / factors.rank();
            case RANK_STABILIZED -> factors.alpha() * Math.sqrt((double) rank / factors.rank());
        };
    }

    double auxiliaryLearningRate(double learningRate) {
        return auxiliaryLearningRate == null ? learningRate : auxiliaryLearningRate;
    }

    /// @throws Failure (exit code 2) if a value is out of range or contradicts the method
    void check(Rule method, double learningRate) {
        if (rho != null) {
            Require.fromZero("--rho", rho);
        }
        if (rhoFinal != null) {
            Require.fromZero("--rho-final", rhoFinal);
        }
        if (scope != null && (scope == NormScope.FACTOR && method != Rule.LORA_SAM && method.perturbs()
                || scope != NormScope.GLOBAL && method == Rule.BI_LORA || scope != NormScope.LAYER && method == Rule.FLAT_LORA)) {
            throw Failure.usage("--norm-scope " + Choice.name(scope) + " does not fit --method " + Choice.name(method) + ": "
                    + (method == Rule.BI_LORA ? "what is clipped is set with --auxiliary-clip"
                    : method == Rule.FLAT_LORA ? "its noise is of each layer" : "its norm is of the whole weight, choose global or layer"));
        }
        if (role == BiLora.Role.RANDOM && clip != BiLora.Clip.GLOBAL) {
            throw Failure.usage("--auxiliary-clip " + Choice.name(clip) + " does not fit --auxiliary-direction random, which is brought to"
                    + " rho over all layers: leave one out");
        }
        if (ema != null) {
            Require.that(ema > 0 && ema <= 1, "--ema", ema, "a number above 0, up to 1");
        }
        Require.fromZero("--bar-alpha", barAlpha);
        Require.that(!method.balances() || barAlpha * learningRate < 1, "--bar-alpha", barAlpha,
                "a number below 1/learning rate, so that no factor turns round");
        Require.fromZero("--learning-rate-ratio", learningRateRatio);
        Require.wholeFrom(0, "--auxiliary-rank", auxiliaryRank(method));
        if (auxiliaryAlpha != null) {
            Require.that(Double.isFinite(auxiliaryAlpha) && auxiliaryAlpha != 0, "--auxiliary-alpha", auxiliaryAlpha,
                    "a finite number that is not 0");
        }
        Require.fromZero("--auxiliary-learning-rate", auxiliaryLearningRate(learningRate));
        if (learningRate == 0 && auxiliaryLearningRate(0) > 0) {
            throw Failure.usage("--auxiliary-learning-rate " + auxiliaryLearningRate + " beside --learning-rate 0: give both, or none");
        }
    }

    UpdateRule rule(Rule method, DescentOptions descent) {
        Estimate from = estimate == null ? Estimate.MEAN : estimate;
        Factor carrier = perturb == null ? Factor.B : perturb;
        return switch (method) {
            case FULL -> FullFineTuning.defaults();
            case LORA, ADAPTER_PFEIFFER, ADAPTER_HOULSBY, ADAPTER_LIN -> Lora.defaults();
            case FLAT_LORA -> FlatLora.defaults();
            case FULL_SAM -> new FullSam(scope(method));
            case LORA_PLUS -> new LoraPlus(learningRateRatio);
            case LORA_OBAR -> new LoraOBar(new BarSchedule(barSchedule, barAlpha));
            case LORA_NBAR -> new LoraNBar(new BarSchedule(barSchedule, barAlpha));
            case LORA_SAM -> new LoraSam(scope(method));
            case FMLORA -> new FmLora(scope(method), from, carrier);
            case EFMLORA -> new EfmLora(scope(method), from, carrier, ema == null ? 0.9 : ema, emaStart == null ? EmaStart.ZERO : emaStart);
            case BI_LORA -> auxiliaryRank(method) == 0 ? Lora.defaults()
                    : new BiLora(auxiliaryDescent(descent), ratio(descent.learningRate), true, role, clip);
        };
    }

    DescentOptions.Optimizer auxiliaryOptimizer() {
        return auxiliaryOptimizer == null ? DescentOptions.Optimizer.ADAMW : auxiliaryOptimizer;
    }

    private Descent auxiliaryDescent(DescentOptions descent) {
        return switch (auxiliaryOptimizer()) {
            case ADAMW -> new AdamW(descent.beta1, descent.beta2, descent.adamEpsilon, descent.weightDecay);
            case SGD -> new Sgd(descent.momentum, descent.weightDecay);
        };
    }

    private double ratio(double learningRate) {
        return auxiliaryLearningRate == null || learningRate == 0 ? 1 : auxiliaryLearningRate / learningRate;
    }
}
