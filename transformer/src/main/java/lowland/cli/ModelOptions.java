package lowland.cli;

import lowland.train.Pretrained;
import picocli.CommandLine.Option;

/// The model while it trains.
final class ModelOptions {
    /// How `--init` is explained.
    static final String INIT = "Random weights of this size in place of a checkpoint's, to measure time and memory; --model then names a"
            + " folder with the tokenizer's files alone.";

    @Option(names = "--dropout", paramLabel = "P", description = {
        "Every dropout of the model; 0 switches them off.", "Default: the model's own (minilm: 0.1, as BERT was pretrained)."})
    Double dropout;

    @Option(names = "--label-smoothing", paramLabel = "P", description = {
        "Share of the target that is spread over all classes while training; a regression has none.", "Default: 0 (our choice: none is stated)."})
    double labelSmoothing;

    @Option(names = "--pooling", paramLabel = "mean|pooler|first", description = {
        "What the head sees of the token states: their mean; with BERT, the first through the checkpoint's pooler (frozen); with RoBERTa,"
            + " the first as it is, under a head with a dense layer.",
        "Default: the model's own (minilm: mean, as it was trained; else as transformers' classifiers: BERT pooler, RoBERTa first)."})
    String pooling;

    @Option(names = "--head-learning-rate", paramLabel = "ETA", description = {
        "Learning rate of the head.", "Default: the learning rate (the head trains with the same optimiser)."})
    Double headLearningRate;

    void check() {
        if (dropout != null) {
            Require.belowOne("--dropout", dropout);
        }
        Require.belowOne("--label-smoothing", labelSmoothing);
        if (headLearningRate != null) {
            Require.fromZero("--head-learning-rate", headLearningRate);
        }
    }

    /// The pooling's name in `task.json`.
    static String pooling(Pretrained pretrained) {
        return Choice.name(pretrained.pooling());
    }

    double headLearningRate(double learningRate) {
        return headLearningRate == null ? learningRate : headLearningRate;
    }
}
