package lowland.train;

import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.rule.Scaling;

/// What a demonstration does, in fixed numbers: nothing depends on how long something takes.
///
/// @param title         of the task
/// @param steps         optimiser steps of every method (but those that take more at a time, see [DemoMethod#steps])
/// @param batchSize     rows of a step
/// @param learningRate  of the factors
/// @param headLearningRate of the head
/// @param trainRows     a fixed sample of the training rows at most, the same for the head on frozen features and for every method
/// @param warmUp        untimed steps of each method before the first, on a model that is thrown away
/// @param devRows       rows of the dev curve, a fixed sample
/// @param devEvery      steps between its points
/// @param sharpnessRows training rows for the sharpness, a fixed sample
/// @param directions    random directions of the sharpness, each taken both ways
/// @param share         norm of a direction over the norm of each matrix
/// @param landscapeRows of the sharpness' rows, those that the landscape is of
/// @param side          points of the landscape along each direction
/// @param reach         how far it goes, in lengths of a direction
public record DemoPlan(String title, List<DemoMethod> methods, List<Long> seeds, int steps, int batchSize, double learningRate,
        double headLearningRate, int trainRows, int warmUp, int devRows, int devEvery, int sharpnessRows, int directions, double share,
        int landscapeRows, int side, double reach) {

    /// Verb supersense.
    ///
    /// Steps, batch and rate were chosen on rows left out of training, for a gain over the frozen features that is clear and quickly made: on
    /// four draws of 4,000 such rows, two seeds each, LoRA gained 1.8 to 2.4 points and Bi-LoRA 1.6 to 2.3 (each ± 0.4 to 0.5) in 100
    /// steps; the 160 of `--full` on two draws 2.4 and 3.0, and 2.5 and 2.9. (The head then had weights for MiniLM's three dead channels.)
    public static DemoPlan verbSupersense(List<DemoMethod> methods, List<Long> seeds, boolean full) {
        return full
                ? new DemoPlan("verb supersense", methods, seeds, 160, 16, 2e-3, 1e-3, 2560, 2, 64, 40, 96, 2, 0.01, 32, 7, 30)
                : new DemoPlan("verb supersense", methods, seeds, 100, 16, 2e-3, 1e-3, 1600, 2, 48, 25, 64, 2, 0.01, 32, 5, 30);
    }

    /// Gloss match, of `--full`.
    public static DemoPlan glossMatch(List<DemoMethod> methods, List<Long> seeds) {
        return new DemoPlan("gloss match", methods, seeds, 40, 16, 3e-3, 1e-3, 640, 2, 64, 20, 48, 2, 0.01, 32, 5, 30);
    }

    /// The settings of one run: rank 8, alpha 16, all linear layers, AdamW, linear schedule, clipped at 1; no dropout, since a run sees
    /// no row twice (LoRA at twice the steps each twice).
    public Settings settings(DemoMethod method, long seed) {
        int count = steps * method.steps();
        return new Settings(method.rule(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, method.rho(), count),
                method.layers().size() > 0 ? Settings.Pairs.NONE : new Settings.Pairs(List.of("all-linear"), Scaling.STANDARD,
                        new Settings.Size(8, 16), new Settings.Size(8, 16), method.form()),
                new Settings.Optimisation(AdamW.defaults(), method.rate() * learningRate, headLearningRate,
                        Schedule.withWarmupShare(Schedule.Shape.LINEAR, count, 0.06), 1),
                new Settings.Batching(batchSize, 1, true, 0), Settings.Regularisation.NONE, seed);
    }

    /// The work, in rows that pass forward once; a gradient counts as two.
    long work(DemoTask task) {
        long train = Math.min(trainRows, task.train().size());
        long perStep = 0;
        for (DemoMethod method : methods) {
            perStep += (long) method.steps() * method.gradients() * 2 * batchSize;
        }
        long evaluated = task.test().size() + (long) devPoints() * Math.min(devRows, task.dev().size())
                + (2L * directions + 1) * Math.min(sharpnessRows, train);
        long plane = (long) side * side * Math.min(landscapeRows, train);
        return train + task.test().size() + warmUp * perStep
                + seeds.size() * (steps * perStep + methods.size() * evaluated) + methods.size() * plane;
    }

    int devPoints() {
        return Math.ceilDiv(steps, devEvery);
    }
}
