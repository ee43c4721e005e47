package lowland.step;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.operation.Mask;
import lowland.rule.Dora;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// A [Network]'s loss and gradients by dense matrices, derived by hand, without the program language:
///
///     h₀ = x·Firstᵀ
///     uₗ = mask ⊙ φ(hₗ·Upₗᵀ + bₗ)     hₗ₊₁ = hₗ + uₗ·Downₗᵀ
///     e = φ(h·Lastᵀ + b)              z = e·Headᵀ + c
///     loss = mean of (z − target)², or of −log softmax(z)_label
///
/// Each W is W0 + Σ s·B·A as one dense matrix, its gradient is G = δᵀ·(what the layer read), and from it gB = s·G·Aᵀ, gA = s·Bᵀ·G.
///
/// Under DoRA the first pair of a layer is inside its direction, see [Dora], a second one outside.
///
/// @param frozen weights and biases (1×n) by name, layers numbered: `stack.1.up.weight`
/// @param whole what the trainables' whole matrices are: weights and biases that take the place of frozen ones, or `stack.1.up.magnitude`
record DenseNetwork(Network network, Rows rows, Map<String, SimpleMatrix> frozen, List<String> whole) implements GradientOracle {

    @Override
    public Gradients at(Trainables trainables) {
        Map<String, SimpleMatrix> weights = new HashMap<>(frozen);
        Map<String, SimpleMatrix> magnitudes = new HashMap<>();
        for (int k = 0; k < whole.size(); k++) {
            (whole.get(k).endsWith(".magnitude") ? magnitudes : weights).put(whole.get(k), trainables.whole().get(k));
        }
        Map<LoraPair, Dora> directions = new IdentityHashMap<>();
        for (LoraPair pair : trainables.pairs()) {
            SimpleMatrix magnitude = magnitudes.remove(pair.name() + ".magnitude");
            if (magnitude != null) {
                directions.put(pair, Dora.of(weights.get(pair.name() + ".weight"), pair, magnitude));
                weights.put(pair.name() + ".weight", directions.get(pair).weight());
                continue;
            }
            weights.put(pair.name() + ".weight", weights.get(pair.name() + ".weight").plus(pair.weightChange()));
        }
        SimpleMatrix head = trainables.others().get(0);
        SimpleMatrix headBias = trainables.others().get(1);

        SimpleMatrix x = new SimpleMatrix(rows.count(), network.inputs());
        for (int i = 0; i < x.getNumElements(); i++) {
            x.set(i, rows.x()[i]);
        }
        List<SimpleMatrix> h = new ArrayList<>();
        List<SimpleMatrix> u = new ArrayList<>();
        h.add(x.mult(weights.get("first.weight").transpose()));
        for (int l = 0; l < network.layers(); l++) {
            SimpleMatrix wide = smooth(affine(h.get(l), weights.get("stack." + l + ".up.weight"), weights.get("stack." + l + ".up.bias")));
            u.add(wide);
            h.add(h.get(l).plus(wide.elementMult(mask(l)).mult(weights.get("stack." + l + ".down.weight").transpose())));
        }
        SimpleMatrix e = smooth(affine(h.getLast(), weights.get("last.weight"), weights.get("last.bias")));
        SimpleMatrix z = affine(e, head, headBias);

        SimpleMatrix dz = new SimpleMatrix(z.getNumRows(), z.getNumCols());
        double loss = network.regression() ? squaredError(z, dz) : crossEntropy(z, dz);

        Map<String, SimpleMatrix> fullGradients = new HashMap<>();
        SimpleMatrix dLast = dz.mult(head).elementMult(slope(e));
        fullGradients.put("last", dLast.transpose().mult(h.getLast()));
        SimpleMatrix dh = dLast.mult(weights.get("last.weight"));
        SimpleMatrix ones = new SimpleMatrix(1, z.getNumRows());
        ones.fill(1);
        fullGradients.put("last.bias", ones.mult(dLast));
        for (int l = network.layers() - 1; l >= 0; l--) {
            SimpleMatrix masked = u.get(l).elementMult(mask(l));
            fullGradients.put("stack." + l + ".down", dh.transpose().mult(masked));
            SimpleMatrix dWide = dh.mult(weights.get("stack." + l + ".down.weight")).elementMult(mask(l)).elementMult(slope(u.get(l)));
            fullGradients.put("stack." + l + ".up", dWide.transpose().mult(h.get(l)));
            fullGradients.put("stack." + l + ".up.bias", ones.mult(dWide));
            dh = dh.plus(dWide.mult(weights.get("stack." + l + ".up.weight")));
        }

        fullGradients.put("first", dh.transpose().mult(x));

        List<PairGradient> pairs = new ArrayList<>();
        Map<String, SimpleMatrix> magnitudeGradients = new HashMap<>();
        for (LoraPair pair : trainables.pairs()) {
            Dora direction = directions.get(pair);
            if (direction != null) {
                pairs.add(direction.pairGradient(fullGradients.get(pair.name())));
                magnitudeGradients.put(pair.name() + ".magnitude", direction.magnitudeGradient(fullGradients.get(pair.name())));
                continue;
            }
            SimpleMatrix g = fullGradients.get(pair.name()).scale(pair.scaling());
            pairs.add(new PairGradient(pair.b().transpose().mult(g), g.mult(pair.a().transpose())));
        }
        List<SimpleMatrix> ofWhole = new ArrayList<>();
        for (String name : whole) {
            ofWhole.add(name.endsWith(".magnitude") ? magnitudeGradients.get(name)
                    : fullGradients.get(name.replaceFirst("\\.weight$", "")));
        }
        return new Gradients(loss, pairs, ofWhole, List.of(dz.transpose().mult(e), ones.mult(dz)));
    }

    private static SimpleMatrix affine(SimpleMatrix x, SimpleMatrix weight, SimpleMatrix bias) {
        SimpleMatrix y = x.mult(weight.transpose());
        for (int i = 0; i < y.getNumRows(); i++) {
            for (int j = 0; j < y.getNumCols(); j++) {
                y.set(i, j, y.get(i, j) + bias.get(j));
            }
        }
        return y;
    }

    private SimpleMatrix smooth(SimpleMatrix x) {
        SimpleMatrix y = x.copy();
        for (int i = 0; network.smooth() && i < y.getNumElements(); i++) {
            y.set(i, StrictMath.tanh(x.get(i)));
        }
        return y;
    }

    /// φ' where φ = y.
    private SimpleMatrix slope(SimpleMatrix y) {
        SimpleMatrix slope = y.copy();
        for (int i = 0; i < y.getNumElements(); i++) {
            slope.set(i, network.smooth() ? 1 - y.get(i) * y.get(i) : 1);
        }
        return slope;
    }

    private SimpleMatrix mask(int layer) {
        SimpleMatrix mask = new SimpleMatrix(rows.count(), network.hidden());
        mask.fill(1);
        if (network.dropout() > 0) {
            Mask dropped = new Mask(network.dropout(), 7, KEY);
            for (int i = 0; i < mask.getNumRows(); i++) {
                long row = Mask.row(Mask.key(rows.maskKey()), 7, layer, i, 0);
                for (int j = 0; j < mask.getNumCols(); j++) {
                    mask.set(i, j, dropped.factor(row, j));
                }
            }
        }
        return mask;
    }

    private static final lowland.program.Value KEY = new lowland.program.Value(0, "maskKey", lowland.program.ElementType.INT,
            lowland.program.Shape.of(2), 0);

    private double squaredError(SimpleMatrix z, SimpleMatrix dz) {
        double loss = 0;
        for (int i = 0; i < rows.count(); i++) {
            double difference = z.get(i) - rows.targets()[i];
            loss += difference * difference / rows.count();
            dz.set(i, 2 * difference / rows.count());
        }
        return loss;
    }

    private double crossEntropy(SimpleMatrix z, SimpleMatrix dz) {
        double loss = 0;
        for (int i = 0; i < rows.count(); i++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < z.getNumCols(); k++) {
                largest = Math.max(largest, z.get(i, k));
            }
            double total = 0;
            for (int k = 0; k < z.getNumCols(); k++) {
                total += StrictMath.exp(z.get(i, k) - largest);
            }
            for (int k = 0; k < z.getNumCols(); k++) {
                double probability = StrictMath.exp(z.get(i, k) - largest) / total;
                dz.set(i, k, (probability - (k == rows.labels()[i] ? 1 : 0)) / rows.count());
            }
            loss += (largest + StrictMath.log(total) - z.get(i, rows.labels()[i])) / rows.count();
        }
        return loss;
    }
}
