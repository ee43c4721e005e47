package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.rule.GradientOracle;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// A loss of a few adapted weights that is small enough to be written down, gradients and all.
///
/// Pair j of a layer is named `wJ`; W_j = W0_j + Σ s·B·A over the pairs of that name.
///
/// @param start W0 of each layer
/// @param loss  of the weights, with its gradients by hand
/// @param tau   a Lipschitz constant of the gradient in all weights together; ∞ where none is known
record SmallModel(List<SimpleMatrix> start, WeightLoss loss, double tau) implements GradientOracle {

    /// A loss and ∂L/∂W of each layer.
    interface WeightLoss {
        double value(List<SimpleMatrix> weights);

        List<SimpleMatrix> gradients(List<SimpleMatrix> weights);
    }

    /// L = Σ ½‖W_j − T_j‖²: matrix factorisation.
    static SmallModel factorisation(Random random, int layers) {
        List<SimpleMatrix> start = new ArrayList<>();
        List<SimpleMatrix> target = new ArrayList<>();
        for (int j = 0; j < layers; j++) {
            int n = 2 + random.nextInt(5);
            int m = 2 + random.nextInt(5);
            start.add(Layer.normal(n, m, random));
            target.add(Layer.normal(n, m, random));
        }
        return new SmallModel(start, new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                double value = 0;
                for (SimpleMatrix g : gradients(weights)) {
                    value += Layer.square(g) / 2;
                }
                return value;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                List<SimpleMatrix> gradients = new ArrayList<>();
                for (int j = 0; j < weights.size(); j++) {
                    gradients.add(weights.get(j).minus(target.get(j)));
                }
                return gradients;
            }
        }, 1);
    }

    /// L = ½‹W − T, K·(W − T)›, K symmetric and positive definite: a quadratic that is not round.
    static SmallModel quadratic(Random random, int n, int m) {
        SimpleMatrix root = Layer.normal(n, n, random);
        SimpleMatrix k = root.mult(root.transpose()).divide(n).plus(SimpleMatrix.identity(n).scale(0.1));
        SimpleMatrix target = Layer.normal(n, m, random);
        return new SmallModel(List.of(Layer.normal(n, m, random)), new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                SimpleMatrix difference = weights.getFirst().minus(target);
                return Layer.inner(difference, k.mult(difference)) / 2;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                return List.of(k.mult(weights.getFirst().minus(target)));
            }
        }, k.svd(true).getSingleValue(0));
    }

    /// L = mean over rows of log(1 + exp(−y·‹w, x›)), W 1×m or each of its n rows a problem of its own: logistic regression.
    static SmallModel logistic(Random random, int n, int m) {
        int rows = 8;
        SimpleMatrix x = Layer.normal(m, rows, random);
        SimpleMatrix sign = new SimpleMatrix(n, rows);
        for (int i = 0; i < sign.getNumElements(); i++) {
            sign.set(i, random.nextBoolean() ? 1 : -1);
        }
        double largest = x.svd(true).getSingleValue(0);
        return new SmallModel(List.of(Layer.normal(n, m, random)), new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                SimpleMatrix margin = weights.getFirst().mult(x).elementMult(sign);
                double value = 0;
                for (int i = 0; i < margin.getNumElements(); i++) {
                    value += Math.max(0, -margin.get(i)) + Math.log1p(Math.exp(-Math.abs(margin.get(i))));
                }
                return value / rows;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                SimpleMatrix margin = weights.getFirst().mult(x).elementMult(sign);
                SimpleMatrix slope = margin.createLike();
                for (int i = 0; i < margin.getNumElements(); i++) {
                    slope.set(i, -sign.get(i) / (1 + Math.exp(margin.get(i))) / rows);
                }
                return List.of(slope.mult(x.transpose()));
            }
        }, largest * largest / 4 / rows);
    }

    /// L + ‹D, W›, of one layer: a batch whose gradient is off by D.
    SmallModel tilted(SimpleMatrix d) {
        return new SmallModel(start, new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                return loss.value(weights) + Layer.inner(d, weights.getFirst());
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                return List.of(loss.gradients(weights).getFirst().plus(d));
            }
        }, tau);
    }

    /// L = 0 of one layer of n×m: batches of it have nothing but their noise.
    static SmallModel flat(int n, int m) {
        return new SmallModel(List.of(new SimpleMatrix(n, m)), new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                return 0;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                return List.of(new SimpleMatrix(n, m));
            }
        }, 0);
    }

    /// L = ½‖W1·tanh(W0·X) − Y‖²: a network of two layers.
    static SmallModel network(Random random) {
        int in = 2 + random.nextInt(4);
        int hidden = 2 + random.nextInt(4);
        int out = 1 + random.nextInt(3);
        SimpleMatrix x = Layer.normal(in, 5, random);
        SimpleMatrix y = Layer.normal(out, 5, random);
        return new SmallModel(List.of(Layer.normal(hidden, in, random), Layer.normal(out, hidden, random)), new WeightLoss() {
            @Override
            public double value(List<SimpleMatrix> weights) {
                return Layer.square(weights.get(1).mult(tanh(weights.get(0).mult(x))).minus(y)) / 2;
            }

            @Override
            public List<SimpleMatrix> gradients(List<SimpleMatrix> weights) {
                SimpleMatrix h = tanh(weights.get(0).mult(x));
                SimpleMatrix dOut = weights.get(1).mult(h).minus(y);
                SimpleMatrix dHidden = weights.get(1).transpose().mult(dOut);
                SimpleMatrix slope = h.elementMult(h).scale(-1).plus(1);
                return List.of(dHidden.elementMult(slope).mult(x.transpose()), dOut.mult(h.transpose()));
            }
        }, Double.POSITIVE_INFINITY);
    }

    private static SimpleMatrix tanh(SimpleMatrix x) {
        SimpleMatrix y = x.createLike();
        for (int i = 0; i < x.getNumElements(); i++) {
            y.set(i, Math.tanh(x.get(i)));
        }
        return y;
    }

    /// A pair on every layer, all factors drawn.
    Trainables pairs(Random random, double scaling) {
        List<LoraPair> pairs = new ArrayList<>();
        for (int j = 0; j < start.size(); j++) {
            SimpleMatrix w = start.get(j);
            int rank = 1 + random.nextInt(Math.min(w.getNumRows(), w.getNumCols()));
            pairs.add(new LoraPair("w" + j, scaling, Layer.normal(rank, w.getNumCols(), random),
                    Layer.normal(w.getNumRows(), rank, random)));
        }
        return new Trainables(pairs, List.of());
    }

    private static int layer(LoraPair pair) {
        return Integer.parseInt(pair.name().substring(1));
    }

    List<SimpleMatrix> weights(Trainables trainables) {
        List<SimpleMatrix> weights = new ArrayList<>(start);
        for (LoraPair pair : trainables.pairs()) {
            weights.set(layer(pair), weights.get(layer(pair)).plus(pair.weightChange()));
        }
        return weights;
    }

    /// ∂L/∂W of each layer.
    List<SimpleMatrix> fullGradients(Trainables trainables) {
        return loss.gradients(weights(trainables));
    }

    @Override
    public Gradients at(Trainables trainables) {
        List<SimpleMatrix> weights = weights(trainables);
        List<SimpleMatrix> full = loss.gradients(weights);
        List<PairGradient> pairs = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            SimpleMatrix g = full.get(layer(pair));
            pairs.add(new PairGradient(pair.b().transpose().mult(g).scale(pair.scaling()),
                    g.mult(pair.a().transpose()).scale(pair.scaling())));
        }
        return new Gradients(loss.value(weights), pairs, List.of());
    }
}
