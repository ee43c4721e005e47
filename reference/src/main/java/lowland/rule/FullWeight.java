package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// A change of a whole weight in the form of a pair: I·X with s = 1, whose gradient in X is ∂L/∂W.
final class FullWeight {

    private FullWeight() {
    }

    /// The trainables with such a pair behind them for each of theirs.
    ///
    /// @param changes out×in, in the order of the pairs
    static Trainables addTo(Trainables trainables, List<SimpleMatrix> changes) {
        List<LoraPair> pairs = new ArrayList<>();
        for (int j = 0; j < changes.size(); j++) {
            SimpleMatrix change = changes.get(j);
            pairs.add(new LoraPair(trainables.pairs().get(j).name(), 1, change, SimpleMatrix.identity(change.getNumRows())));
        }
        return trainables.and(pairs);
    }
}
