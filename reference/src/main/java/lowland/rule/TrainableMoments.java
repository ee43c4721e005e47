package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Moments;
import org.ejml.simple.SimpleMatrix;

/// The descent's moments of everything that is trained, in the order of the trainables.
public record TrainableMoments(List<PairMoments> pairs, List<Moments> others) {

    public TrainableMoments {
        pairs = List.copyOf(pairs);
        others = List.copyOf(others);
    }

    static TrainableMoments zeroLike(Trainables trainables) {
        List<Moments> others = new ArrayList<>();
        for (SimpleMatrix other : trainables.others()) {
            others.add(Moments.zeroLike(other));
        }
        return new TrainableMoments(PairMoments.zeroLike(trainables.pairs()), others);
    }
}
