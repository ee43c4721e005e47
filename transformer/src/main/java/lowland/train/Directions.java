package lowland.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Session;
import lowland.random.CounterRandom;
import lowland.step.Linear;

/// Fixed random directions in the space of an encoder's linear weights, along which models are moved.
///
/// For each matrix W0 of the checkpoint, of every layer, the k-th direction is Gaussian with a norm that is a given share of the matrix' own:
///
///     d_k = share·‖W0‖_F·g/‖g‖_F      g_i standard normal, keyed (k, name of W, i)
///
/// They are the same whatever a method has learned; each method is moved from its own weights, see [#from].
public final class Directions {
    private final List<Map<Linear, float[][]>> directions = new ArrayList<>();

    /// @param session holds the checkpoint's weights; it is only read
    /// @param linears whose weights are moved
    /// @param share   norm of a direction over the norm of the matrix
    public Directions(Session session, List<Linear> linears, int count, double share) {
        for (int k = 0; k < count; k++) {
            Map<Linear, float[][]> direction = new LinkedHashMap<>();
            for (Linear linear : linears) {
                float[][] slices = new float[linear.layers()][];
                for (int layer = 0; layer < slices.length; layer++) {
                    slices[layer] = gaussian(CounterRandom.tensorKey(k, linear.module(layer) + ".weight"),
                            session.read(linear.weight(), layer), share);
                }
                direction.put(linear, slices);
            }
            directions.add(direction);
        }
    }

    private static float[] gaussian(long key, float[] weight, double share) {
        double[] g = new double[weight.length];
        double norm = 0;
        double own = 0;
        for (int i = 0; i < g.length; i++) {
            g[i] = CounterRandom.gaussian(CounterRandom.child(key, i));
            norm += g[i] * g[i];
            own += (double) weight[i] * weight[i];
        }
        double scale = share * Math.sqrt(own) / Math.sqrt(norm);
        float[] scaled = new float[g.length];
        for (int i = 0; i < g.length; i++) {
            scaled[i] = (float) (scale * g[i]);
        }
        return scaled;
    }

    /// How many there are.
    public int count() {
        return directions.size();
    }

    /// A model as it is now, to be moved from there: full fine-tuning has changed its weights, PiSSA and LoRA-GA took their start out of them.
    public Moved from(Training training) {
        return new Moved(training);
    }

    /// A model away from its own weights, until it is closed.
    public final class Moved implements AutoCloseable {
        private final Training training;
        private final Map<Linear, float[][]> weights = new LinkedHashMap<>();
        /// One buffer a matrix: a landscape moves them hundreds of times.
        private final Map<Linear, float[]> buffers = new LinkedHashMap<>();

        private Moved(Training training) {
            this.training = training;
            for (Linear linear : directions.getFirst().keySet()) {
                float[][] slices = new float[linear.layers()][];
                for (int layer = 0; layer < slices.length; layer++) {
                    slices[layer] = training.session().read(linear.weight(), layer);
                }
                weights.put(linear, slices);
                buffers.put(linear, new float[slices[0].length]);
            }
        }

        /// Sets the weights to W + Σ along_k·d_k. Directions beyond those that are named stay out.
        public void to(double... along) {
            weights.forEach((linear, slices) -> {
                for (int layer = 0; layer < slices.length; layer++) {
                    training.writeWeight(linear, layer, moved(linear, layer, along));
                }
            });
        }

        private float[] moved(Linear linear, int layer, double[] along) {
            float[] w = weights.get(linear)[layer];
            float[] moved = buffers.get(linear);
            System.arraycopy(w, 0, moved, 0, w.length);
            for (int k = 0; k < along.length; k++) {
                float[] d = directions.get(k).get(linear)[layer];
                float a = (float) along[k];
                for (int i = 0; i < moved.length && a != 0; i++) {
                    moved[i] += a * d[i];
                }
            }
            return moved;
        }

        /// Puts W back, bit for bit.
        @Override
        public void close() {
            weights.forEach((linear, slices) -> {
                for (int layer = 0; layer < slices.length; layer++) {
                    training.writeWeight(linear, layer, slices[layer]);
                }
            });
        }
    }
}
