package lowland.rule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ejml.simple.SimpleMatrix;

/// L = ½·Σ_j‖W_j − T_j‖² + ½·Σ_k‖O_k − P_k‖², with W_j = W0_j + Σ s·B·A over the pairs of its name.
///
/// @param start        W0 of each matrix
/// @param target       T of each matrix
/// @param otherTargets P of each other
record QuadraticOracle(Map<String, SimpleMatrix> start, Map<String, SimpleMatrix> target, List<SimpleMatrix> otherTargets)
        implements GradientOracle {

    /// W of every name.
    Map<String, SimpleMatrix> weights(Trainables trainables) {
        Map<String, SimpleMatrix> weights = new LinkedHashMap<>(start);
        for (LoraPair pair : trainables.pairs()) {
            weights.merge(pair.name(), pair.b().mult(pair.a()).scale(pair.scaling()), SimpleMatrix::plus);
        }
        return weights;
    }

    /// G = ∂L/∂W of one name.
    SimpleMatrix fullGradient(Trainables trainables, String name) {
        return weights(trainables).get(name).minus(target.get(name));
    }

    @Override
    public Gradients at(Trainables trainables) {
        double loss = 0;
        Map<String, SimpleMatrix> g = new LinkedHashMap<>();
        for (Map.Entry<String, SimpleMatrix> w : weights(trainables).entrySet()) {
            SimpleMatrix difference = w.getValue().minus(target.get(w.getKey()));
            loss += 0.5 * Layer.inner(difference, difference);
            g.put(w.getKey(), difference);
        }
        List<PairGradient> pairs = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            SimpleMatrix fullGradient = g.get(pair.name());
            pairs.add(new PairGradient(pair.b().transpose().mult(fullGradient).scale(pair.scaling()),
                    fullGradient.mult(pair.a().transpose()).scale(pair.scaling())));
        }
        List<SimpleMatrix> others = new ArrayList<>();
        for (int k = 0; k < otherTargets.size(); k++) {
            SimpleMatrix difference = trainables.others().get(k).minus(otherTargets.get(k));
            loss += 0.5 * Layer.inner(difference, difference);
            others.add(difference);
        }
        return new Gradients(loss, pairs, others);
    }
}
