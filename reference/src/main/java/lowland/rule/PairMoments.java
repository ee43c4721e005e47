package lowland.rule;

import java.util.ArrayList;
import java.util.List;
import lowland.descent.Moments;

/// The descent's moments of one pair's factors.
public record PairMoments(Moments a, Moments b) {

    static List<PairMoments> zeroLike(List<LoraPair> pairs) {
        List<PairMoments> moments = new ArrayList<>();
        for (LoraPair pair : pairs) {
            moments.add(new PairMoments(Moments.zeroLike(pair.a()), Moments.zeroLike(pair.b())));
        }
        return moments;
    }
}
