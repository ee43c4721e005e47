package lowland.train;

import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.rule.Lora;
import lowland.rule.Scaling;
import lowland.rule.UpdateRule;

/// Everything that a training run depends on besides its model and data.
///
/// @param method the name of the rule on the command line
/// @param targets last parts of the adapted modules' names, or `all-linear`
/// @param auxiliaryRank rank of Bi-LoRA's second pair; 0 is LoRA
/// @param learningRate η of the factors, before the schedule
/// @param headLearningRate η of the head
/// @param steps optimiser steps
/// @param clipNorm largest norm of the gradient; 0 is off
/// @param batchSize rows of a micro-batch at most
/// @param accumulate micro-batches of an optimiser step
/// @param shuffled whether each epoch has an order of its own; else that of the file
/// @param maxLength tokens to which a text is cut; 0 cuts nothing
/// @param maxTokens tokens of a micro-batch at most; 0 for as many as its rows have
/// @param dropout of hidden states and probabilities while training; NaN for the model's own
/// @param smoothing of the labels
/// @param adapterDropout of the adapters' input while training
public record Settings(String method, UpdateRule rule, Descent descent, int rank, double alpha, Scaling scaling, List<String> targets,
        int auxiliaryRank, double auxiliaryAlpha, double learningRate, double headLearningRate, Schedule schedule, RhoSchedule rhoSchedule,
        int steps, double clipNorm, int batchSize, int accumulate, boolean shuffled, int maxLength, int maxTokens, double dropout,
        double smoothing, long seed, double adapterDropout) {

    /// Without dropout of the adapters' input.
    public Settings(String method, UpdateRule rule, Descent descent, int rank, double alpha, Scaling scaling, List<String> targets,
            int auxiliaryRank, double auxiliaryAlpha, double learningRate, double headLearningRate, Schedule schedule,
            RhoSchedule rhoSchedule, int steps, double clipNorm, int batchSize, int accumulate, boolean shuffled, int maxLength,
            int maxTokens, double dropout, double smoothing, long seed) {
        this(method, rule, descent, rank, alpha, scaling, targets, auxiliaryRank, auxiliaryAlpha, learningRate, headLearningRate, schedule,
                rhoSchedule, steps, clipNorm, batchSize, accumulate, shuffled, maxLength, maxTokens, dropout, smoothing, seed, 0);
    }

    /// For a model that only answers: the factors' sizes, and how many rows it takes at a time.
    public static Settings answering(int rank, double alpha, Scaling scaling, List<String> targets, int batchSize, int maxLength) {
        return new Settings("lora", Lora.defaults(), AdamW.defaults(), rank, alpha, scaling, targets, 0, 0, 0, 0,
                new Schedule(Schedule.Shape.CONSTANT, 1, 0), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 0, 1), 1, 0, batchSize, 1, false,
                maxLength, 0, 0, 0, 0);
    }

    /// Rows of an optimiser step.
    public int rowsPerStep() {
        return Math.multiplyExact(batchSize, accumulate);
    }

    /// The optimiser steps of one epoch over so many rows.
    public int stepsPerEpoch(int rows) {
        return Math.ceilDiv(rows, rowsPerStep());
    }
}
