package lowland.rule;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.ejml.simple.SimpleMatrix;

/// Everything that is trained.
///
/// @param pairs  the low-rank pairs; what a gradient oracle is given may hold several of one name
/// @param others head, biases, magnitudes: trained, never perturbed, in no perturbation's norm
public record Trainables(List<LoraPair> pairs, List<SimpleMatrix> others) {

    public Trainables {
        pairs = List.copyOf(pairs);
        others = List.copyOf(others);
    }

    /// These, with further pairs after the present ones.
    public Trainables and(List<LoraPair> further) {
        List<LoraPair> all = new ArrayList<>(pairs);
        all.addAll(further);
        return new Trainables(all, others);
    }

    /// These, with other pairs.
    public Trainables withPairs(List<LoraPair> newPairs) {
        return new Trainables(newPairs, others);
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
