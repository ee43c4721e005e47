package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Descent;
import lowland.descent.Descent.Descended;
import lowland.descent.Moments;
import org.ejml.simple.SimpleMatrix;

/// The descent of every trained matrix, after the norm of their joint gradient was clipped.
///
///     g ← g·min(1, clipNorm/(‖g‖ + 10⁻⁶))       over pairs and others together
///
/// as `torch.nn.utils.clip_grad_norm_`, its 10⁻⁶ included: a clipped gradient's norm is a little below `clipNorm`.
///
/// @param next         the trainables after the step
/// @param moments      the moments after the step
/// @param gradientNorm ‖g‖ before clipping
/// @param clipped      whether the gradient was made smaller
record ClippedDescent(Trainables next, TrainableMoments moments, double gradientNorm, boolean clipped) {

    static ClippedDescent step(Trainables trainables, Gradients gradients, TrainableMoments moments,
                               double learningRate, StepInputs inputs, Descent descent) {
        return step(trainables, gradients, moments, learningRate, learningRate, inputs, descent);
    }

    /// The same with a learning rate for the A and one for the B.
    static ClippedDescent step(Trainables trainables, Gradients gradients, TrainableMoments moments,
                               double learningRateA, double learningRateB, StepInputs inputs, Descent descent) {
        double norm = gradients.norm();
        double factor = inputs.clipNorm() == 0 ? 1 : Math.min(1, inputs.clipNorm() / (norm + 1e-6));
        Gradients g = gradients.scale(factor);

        List<LoraPair> nextPairs = new ArrayList<>();
        List<PairMoments> nextPairMoments = new ArrayList<>();
        for (int j = 0; j < trainables.pairs().size(); j++) {
            LoraPair pair = trainables.pairs().get(j);
            PairMoments before = moments.pairs().get(j);
            Descended a = descent.step(pair.a(), g.pairs().get(j).dA(), before.a(), inputs.t(), learningRateA);
            Descended b = descent.step(pair.b(), g.pairs().get(j).dB(), before.b(), inputs.t(), learningRateB);
            nextPairs.add(pair.withA(a.p()).withB(b.p()));
            nextPairMoments.add(new PairMoments(a.moments(), b.moments()));
        }

        List<Descended> whole = step(trainables.whole(), g.whole(), moments.whole(), learningRateA, inputs, descent);
        List<Descended> others = step(trainables.others(), g.others(), moments.others(), inputs.otherLearningRate(), inputs, descent);
        return new ClippedDescent(
                new Trainables(nextPairs, whole.stream().map(Descended::p).toList(), others.stream().map(Descended::p).toList()),
                new TrainableMoments(nextPairMoments, whole.stream().map(Descended::moments).toList(),
                        others.stream().map(Descended::moments).toList()),
                norm, factor < 1);
    }

    private static List<Descended> step(List<SimpleMatrix> matrices, List<SimpleMatrix> gradients, List<Moments> moments,
                                        double learningRate, StepInputs inputs, Descent descent) {
        List<Descended> descended = new ArrayList<>();
        for (int k = 0; k < matrices.size(); k++) {
            descended.add(descent.step(matrices.get(k), gradients.get(k), moments.get(k), inputs.t(), learningRate));
        }
        return descended;
    }
}
