package lowland.audit;

import java.util.List;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// A problem that a page has room for: L = ½‖W − T‖², W = W0 + Σ s·B·A, W 2×3, rank 1, factors past their start.
public final class TinyProblem implements GradientOracle {
    private static final SimpleMatrix W0 = new SimpleMatrix(2, 3, true, 1, 0, 0, 0, 1, 0);
    private static final SimpleMatrix TARGET = new SimpleMatrix(2, 3, true, 2, 1, -1, 0, 3, 1);
    private static final double SCALING = 2;

    /// W0, 2×3.
    public SimpleMatrix weight() {
        return W0;
    }

    /// T, 2×3.
    public SimpleMatrix target() {
        return TARGET;
    }

    /// The pair that is trained.
    public Trainables start() {
        return new Trainables(List.of(pair(new double[] {1, 0.5, -0.5}, 0.25, -0.5)), List.of());
    }

    /// Bi-LoRA's second pair, at its start.
    public List<LoraPair> second() {
        return List.of(pair(new double[] {0.5, -1, 0.25}, 0, 0));
    }

    private static LoraPair pair(double[] a, double... b) {
        return new LoraPair("W", SCALING, new SimpleMatrix(1, 3, true, a), new SimpleMatrix(2, 1, true, b));
    }

    @Override
    public Gradients at(Trainables trainables) {
        SimpleMatrix w = W0;
        for (LoraPair pair : trainables.pairs()) {
            w = w.plus(pair.weightChange());
        }
        SimpleMatrix g = w.minus(TARGET);
        List<PairGradient> pairs = trainables.pairs().stream().map(pair -> new PairGradient(
                pair.b().transpose().mult(g).scale(pair.scaling()), g.mult(pair.a().transpose()).scale(pair.scaling()))).toList();
        return new Gradients(Layer.square(g) / 2, pairs, List.of());
    }
}
