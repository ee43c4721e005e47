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
/// @param rho the radius at each step
/// @param seed of the start, the order and the dropout
public record Settings(UpdateRule rule, RhoSchedule rho, Pairs pairs, Optimisation optimisation, Batching batching,
        Regularisation regularisation, long seed) {

    /// The low-rank pairs.
    ///
    /// @param targets last parts of the adapted modules' names, or `all-linear`
    /// @param auxiliary of Bi-LoRA's second pairs; other rules do not read it
    /// @param form of the first pairs; second ones are always plain
    public record Pairs(List<String> targets, Scaling scaling, Size primary, Size auxiliary, AdapterForm form) {

        /// No pair at all.
        public static final Pairs NONE = new Pairs(List.of(), new Size(1, 1));

        /// Plain pairs.
        public Pairs(List<String> targets, Scaling scaling, Size primary, Size auxiliary) {
            this(targets, scaling, primary, auxiliary, AdapterForm.LORA);
        }

        /// Standard scaling; second pairs, where there are any, as large as the first.
        public Pairs(List<String> targets, Size size) {
            this(targets, Scaling.STANDARD, size, size, AdapterForm.LORA);
        }
    }

    /// Of a low-rank pair: its rank, and the alpha of its scaling.
    public record Size(int rank, double alpha) {}

    /// How gradients become steps.
    ///
    /// @param learningRate η of the factors, before the schedule
    /// @param headLearningRate η of the head
    /// @param schedule of both, as long as the run
    /// @param clipNorm largest norm of the gradient; 0 is off
    public record Optimisation(Descent descent, double learningRate, double headLearningRate, Schedule schedule, double clipNorm) {}

    /// How rows become steps.
    ///
    /// @param rows of a micro-batch at most
    /// @param accumulate micro-batches of an optimiser step
    /// @param shuffled whether each epoch has an order of its own; else that of the file
    /// @param maxTokens tokens of a micro-batch at most; 0 for as many as its rows have
    public record Batching(int rows, int accumulate, boolean shuffled, int maxTokens) {

        /// Rows of an optimiser step.
        public int rowsPerStep() {
            return Math.multiplyExact(rows, accumulate);
        }

        /// The optimiser steps of one epoch over so many rows.
        public int stepsPerEpoch(int all) {
            return Math.ceilDiv(all, rowsPerStep());
        }
    }

    /// What keeps the model from learning its rows by heart.
    ///
    /// @param dropout of hidden states and probabilities while training; NaN for the model's own
    /// @param adapterDropout of the adapters' input while training
    /// @param smoothing of the labels
    public record Regularisation(double dropout, double adapterDropout, double smoothing) {
        public static final Regularisation NONE = new Regularisation(0, 0, 0);
    }

    /// For a model that only answers: its pairs, and how many rows it takes at a time.
    public static Settings answering(Pairs pairs, int rows) {
        return new Settings(Lora.defaults(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 1), pairs,
                new Optimisation(AdamW.defaults(), 0, 0, new Schedule(Schedule.Shape.CONSTANT, 1, 0), 0), new Batching(rows, 1, false, 0),
                Regularisation.NONE, 0);
    }

    /// Optimiser steps of the run.
    public int steps() {
        return optimisation.schedule().steps();
    }
}
