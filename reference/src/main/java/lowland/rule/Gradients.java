package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// The loss and its gradient at one point.
///
/// @param loss   mean over the optimiser step's whole batch
/// @param pairs  in the order of the trainables' pairs
/// @param others in the order of the trainables' others
public record Gradients(double loss, List<PairGradient> pairs, List<SimpleMatrix> others) {

    public Gradients {
        pairs = List.copyOf(pairs);
        others = List.copyOf(others);
    }

    /// ‖(gA, gB, g_others)‖ over everything. Not finite if any element is not.
    public double norm() {
        List<SimpleMatrix> all = new ArrayList<>(others);
        for (PairGradient pair : pairs) {
            all.add(pair.dA());
            all.add(pair.dB());
        }
        return Norm.of(all);
    }

    /// Whether loss and gradient can be used: both finite.
    public boolean isFinite() {
        return Double.isFinite(loss) && Double.isFinite(norm());
    }

    Gradients scale(double factor) {
        List<PairGradient> scaledPairs = new ArrayList<>();
        for (PairGradient pair : pairs) {
            scaledPairs.add(pair.scale(factor));
        }
        List<SimpleMatrix> scaledOthers = new ArrayList<>();
        for (SimpleMatrix other : others) {
            scaledOthers.add(other.scale(factor));
        }
        return new Gradients(loss, scaledPairs, scaledOthers);
    }
}
