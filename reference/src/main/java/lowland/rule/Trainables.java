package lowland.rule;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.ejml.simple.SimpleMatrix;

/// Everything that is trained.
///
/// @param pairs  the low-rank pairs; what a gradient oracle is given may hold several of one name
/// @param whole  matrices trained whole at the pairs' rate: DoRA's magnitudes, or all weights in full fine-tuning
/// @param others the head: trained at a rate of its own. Neither it nor what is whole is ever perturbed or in a perturbation's norm
public record Trainables(List<LoraPair> pairs, List<SimpleMatrix> whole, List<SimpleMatrix> others) {

    public Trainables {
        pairs = List.copyOf(pairs);
        whole = List.copyOf(whole);
        others = List.copyOf(others);
    }

    /// Without matrices that are trained whole.
    public Trainables(List<LoraPair> pairs, List<SimpleMatrix> others) {
        this(pairs, List.of(), others);
    }

    /// These, with further pairs after the present ones.
    public Trainables and(List<LoraPair> further) {
        List<LoraPair> all = new ArrayList<>(pairs);
        all.addAll(further);
        return new Trainables(all, whole, others);
    }

    /// These, with other pairs.
    public Trainables withPairs(List<LoraPair> newPairs) {
        return new Trainables(newPairs, whole, others);
    }

    /// For what a rule trains: a layer is one matrix with one pair.
    ///
    /// @throws IllegalArgumentException if two pairs have one name
    void requireDistinctNames() {
        Set<String> names = new HashSet<>();
        for (LoraPair pair : pairs) {
            if (!names.add(pair.name())) {
                throw new IllegalArgumentException("two pairs adapt " + pair.name()
                        + ": a rule trains one a matrix (Bi-LoRA's second pairs belong to its state)");
            }
        }
    }
}
