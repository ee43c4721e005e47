package lowland.cli;

import lowland.Failure;
import picocli.CommandLine.Option;

/// How rows become steps.
final class DataOptions {
    /// The order of an epoch.
    enum Order { SHUFFLED, FILE }

    @Option(names = "--batch-size", paramLabel = "N", description = {
        "Rows of a batch.", "Default: 32 (Bi-LoRA, arXiv 2508.19564v1, on GLUE)."})
    int batchSize = 32;

    @Option(names = "--accumulate", paramLabel = "N", description = {
        "Batches of an optimiser step; the mean is over all their rows.", "Default: 1 (our choice: no more than asked for)."})
    int accumulate = 1;

    @Option(names = "--epochs", paramLabel = "N", description = {
        "Passes over the training rows.", "Default: 3 (Bi-LoRA, arXiv 2508.19564v1, on the large sets of GLUE)."})
    Integer epochs;

    @Option(names = "--steps", paramLabel = "N", description = {"Optimiser steps, in place of --epochs.", "Default: not used."})
    Integer steps;

    @Option(names = "--rows", paramLabel = "N", description = {
        "At most so many rows of each split, chosen by a hash of their texts, whatever the seed; to try things out.",
        "Default: not used."})
    Integer rows;

    @Option(names = "--order", paramLabel = "shuffled|file", description = {
        "Each epoch in an order of its own, or as in the file.", "Default: shuffled (our choice: files are often sorted by label)."})
    Order order = Order.SHUFFLED;

    @Option(names = "--max-length", paramLabel = "N", description = {
        "Tokens to which a row is cut, the longest side first; how many were cut is said.",
        "Default: nothing is cut, a longer text than the model takes is an error (our choice: nothing silent)."})
    int maxLength;

    @Option(names = "--max-tokens", paramLabel = "N", description = {
        "Splits a batch so that no part has more tokens: less memory, the same result without dropout.",
        "Default: not split (our choice: fewer, larger products are faster)."})
    int maxTokens;

    @Option(names = "--evaluate-every", paramLabel = "N", description = {
        "Steps between evaluations on dev; also where an adapter is saved.", "Default: once an epoch, and at the end (our choice)."})
    Integer evaluateEvery;

    @Option(names = "--seed", paramLabel = "N", description = {
        "Of the start, the order and the dropout.", "Default: 0 (our choice)."})
    long seed;

    void check() {
        Require.wholeFrom(1, "--batch-size", batchSize);
        Require.wholeFrom(1, "--accumulate", accumulate);
        Require.that((long) batchSize * accumulate <= Integer.MAX_VALUE, "--accumulate", accumulate, "fewer rows a step");
        Require.wholeFrom(0, "--max-length", maxLength);
        Require.wholeFrom(0, "--max-tokens", maxTokens);
        if (epochs != null) {
            Require.wholeFrom(1, "--epochs", epochs);
        }
        if (steps != null) {
            Require.wholeFrom(1, "--steps", steps);
        }
        if (rows != null) {
            Require.wholeFrom(1, "--rows", rows);
        }
        if (evaluateEvery != null) {
            Require.wholeFrom(1, "--evaluate-every", evaluateEvery);
        }
        if (epochs != null && steps != null) {
            throw Failure.usage("--epochs and --steps exclude each other: give one");
        }
    }

    int stepsPerEpoch(int rows) {
        return Math.ceilDiv(rows, batchSize * accumulate);
    }

    int steps(int rows) {
        long all = steps != null ? steps : (long) stepsPerEpoch(rows) * (epochs == null ? 3 : epochs);
        Require.that(all <= Integer.MAX_VALUE, "--epochs", epochs, "fewer");
        return (int) all;
    }
}
