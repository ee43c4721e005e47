package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Moments;
import org.ejml.simple.SimpleMatrix;

/// The descent's moments of everything that is trained, in the order of the trainables.
public record TrainableMoments(List<PairMoments> pairs, List<Moments> whole, List<Moments> others) {

    public TrainableMoments {
        pairs = List.copyOf(pairs);
        whole = List.copyOf(whole);
        others = List.copyOf(others);
    }

    static TrainableMoments zeroLike(Trainables trainables) {
        return new TrainableMoments(PairMoments.zeroLike(trainables.pairs()), zeroLike(trainables.whole()), zeroLike(trainables.others()));
    }

    private static List<Moments> zeroLike(List<SimpleMatrix> matrices) {
        List<Moments> moments = new ArrayList<>();
        for (SimpleMatrix matrix : matrices) {
            moments.add(Moments.zeroLike(matrix));
        }
        return moments;
    }
}
