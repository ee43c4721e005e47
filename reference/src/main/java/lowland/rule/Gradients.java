package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// The loss and its gradient at one point.
///
/// @param loss   mean over the optimiser step's whole batch
/// @param pairs  in the order of the trainables' pairs
/// @param whole  in the order of what is trained whole
/// @param others in the order of the trainables' others
public record Gradients(double loss, List<PairGradient> pairs, List<SimpleMatrix> whole, List<SimpleMatrix> others) {

    public Gradients {
        pairs = List.copyOf(pairs);
        whole = List.copyOf(whole);
        others = List.copyOf(others);
    }

    /// Without matrices that are trained whole.
    public Gradients(double loss, List<PairGradient> pairs, List<SimpleMatrix> others) {
        this(loss, pairs, List.of(), others);
    }

    /// The same of the first pairs only.
    Gradients ofFirst(int count) {
        return new Gradients(loss, pairs.subList(0, count), whole, others);
    }

    /// ‖(gA, gB, g_whole, g_others)‖ over everything. Not finite if any element is not.
    public double norm() {
        List<SimpleMatrix> all = new ArrayList<>(others);
        all.addAll(whole);
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
        return new Gradients(loss, scaledPairs, scaled(whole, factor), scaled(others, factor));
    }

    private static List<SimpleMatrix> scaled(List<SimpleMatrix> matrices, double factor) {
        List<SimpleMatrix> scaled = new ArrayList<>();
        for (SimpleMatrix matrix : matrices) {
            scaled.add(matrix.scale(factor));
        }
        return scaled;
    }
}
