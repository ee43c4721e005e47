package lowland.cli;

import lowland.Failure;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import picocli.CommandLine.Option;

/// The base optimiser.
final class DescentOptions {
    /// Names of optimisers.
    enum Optimizer { ADAMW, SGD }

    @Option(names = "--optimizer", paramLabel = "adamw|sgd", description = {
        "Loshchilov and Hutter, arXiv 1711.05101v3, decay decoupled; or gradient descent with momentum.",
        "Default: adamw (both papers' experiments)."})
    Optimizer optimizer = Optimizer.ADAMW;

    @Option(names = "--learning-rate", paramLabel = "ETA", description = {
        "Learning rate of the factors.",
        "Default: 5e-4 (Bi-LoRA, arXiv 2508.19564v1, T5-base on GLUE; small models may take more, such as 3e-3 for minilm)."})
    double learningRate = 5e-4;

    @Option(names = "--weight-decay", paramLabel = "LAMBDA", description = {
        "Of every trained value. adamw: p <- p - eta*(lambda*p + ...), decoupled. sgd: as PyTorch's, lambda*p is added to the gradient"
            + " and so enters the momentum; without momentum that is the same.", "Default: 0 (our choice: none is stated)."})
    double weightDecay;

    @Option(names = "--beta1", paramLabel = "BETA", description = {
        "What AdamW's running average of gradients keeps of itself at each step.", "Default: 0.9 (PyTorch's)."})
    double beta1 = 0.9;

    @Option(names = "--beta2", paramLabel = "BETA", description = {
        "The same of its average of squared gradients.", "Default: 0.999 (PyTorch's)."})
    double beta2 = 0.999;

    @Option(names = "--adam-epsilon", paramLabel = "EPS", description = {
        "Added to the root of AdamW's average of squares, so that nothing is divided by 0.", "Default: 1e-8 (PyTorch's)."})
    double adamEpsilon = 1e-8;

    @Option(names = "--momentum", paramLabel = "MU", description = {
        "sgd: momentum.", "Default: 0 (plain descent, as arXiv 2508.19564v1 Eq. 9)."})
    double momentum;

    @Option(names = "--schedule", paramLabel = "constant|linear|cosine", description = {
        "The learning rate after the warm-up, as Hugging Face's schedules.", "Default: linear (Hugging Face's default)."})
    Schedule.Shape schedule = Schedule.Shape.LINEAR;

    @Option(names = "--warmup", paramLabel = "SHARE", description = {
        "Share of the steps over which the learning rate rises from 0.", "Default: 0.06 (Hu et al., arXiv 2106.09685v2, RoBERTa on GLUE)."})
    Double warmup;

    @Option(names = "--warmup-steps", paramLabel = "N", description = {
        "The same in steps, in place of --warmup.", "Default: not used."})
    Integer warmupSteps;

    @Option(names = "--clip-norm", paramLabel = "NORM", description = {
        "Largest norm of the joint gradient; Bi-LoRA's second pairs are clipped apart; 0 is off.", "Default: 1 (Hugging Face's)."})
    double clipNorm = 1;

    void check() {
        Require.fromZero("--learning-rate", learningRate);
        Require.fromZero("--weight-decay", weightDecay);
        Require.belowOne("--beta1", beta1);
        Require.belowOne("--beta2", beta2);
        Require.positive("--adam-epsilon", adamEpsilon);
        Require.belowOne("--momentum", momentum);
        Require.fromZero("--clip-norm", clipNorm);
        if (warmup != null) {
            Require.that(warmup >= 0 && warmup <= 1, "--warmup", warmup, "a share from 0 to 1, or --warmup-steps");
        }
        if (warmupSteps != null) {
            Require.wholeFrom(0, "--warmup-steps", warmupSteps);
        }
        if (warmup != null && warmupSteps != null) {
            throw Failure.usage("--warmup and --warmup-steps exclude each other: give one");
        }
    }

    Descent descent() {
        return switch (optimizer) {
            case ADAMW -> new AdamW(beta1, beta2, adamEpsilon, weightDecay);
            case SGD -> new Sgd(momentum, weightDecay);
        };
    }

    Schedule schedule(int steps) {
        if (warmupSteps != null && warmupSteps > steps) {
            throw Failure.usage("--warmup-steps " + warmupSteps + ": the run has " + steps + " steps only");
        }
        return warmupSteps != null ? new Schedule(schedule, steps, warmupSteps)
                : Schedule.withWarmupShare(schedule, steps, warmup == null ? 0.06 : warmup);
    }
}
