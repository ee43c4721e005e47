package lowland.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Session;
import lowland.program.State;
import lowland.random.CounterRandom;
import lowland.step.Linear;

/// Fixed random directions in the space of an encoder's linear weights, along which sessions are moved and put back exactly.
///
/// For each matrix W, of every layer, the k-th direction is Gaussian with a norm that is a given share of the matrix' own:
///
///     d_k = share·‖W‖_F·g/‖g‖_F      g_i standard normal, keyed (k, name of W, i)
///
/// The matrices are the frozen ones, W0. They are the same in every session of one checkpoint, so the directions are too,
/// whatever the method has learned on top. Holds one copy of the weights and one a direction.
public final class Directions {
    private final Map<State, float[][]> weights = new LinkedHashMap<>();
    private final List<Map<State, float[][]>> directions = new ArrayList<>();
    /// One buffer a matrix: a landscape moves them hundreds of times.
    private final Map<State, float[]> buffers = new LinkedHashMap<>();

    /// @param session holds the unmoved weights; it is only read
    /// @param linears whose weights are moved
    /// @param share   norm of a direction over the norm of the matrix
    public Directions(Session session, List<Linear> linears, int count, double share) {
        for (Linear linear : linears) {
            float[][] slices = new float[linear.layers()][];
            for (int layer = 0; layer < slices.length; layer++) {
                slices[layer] = session.read(linear.weight(), layer);
            }
            weights.put(linear.weight(), slices);
            buffers.put(linear.weight(), new float[slices[0].length]);
        }
        for (int k = 0; k < count; k++) {
            Map<State, float[][]> direction = new LinkedHashMap<>();
            for (Linear linear : linears) {
                float[][] slices = new float[linear.layers()][];
                for (int layer = 0; layer < slices.length; layer++) {
                    String name = linear.module(layer) + ".weight";
                    slices[layer] = gaussian(CounterRandom.tensorKey(k, name), weights.get(linear.weight())[layer], share);
                }
                direction.put(linear.weight(), slices);
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

    /// Sets the session's weights to W0 + Σ along_k·d_k. Directions beyond those that are named stay out.
    public void move(Session session, double... along) {
        weights.forEach((state, slices) -> {
            for (int layer = 0; layer < slices.length; layer++) {
                session.write(state, layer, moved(state, layer, along));
            }
        });
    }

    private float[] moved(State state, int layer, double[] along) {
        float[] w = weights.get(state)[layer];
        float[] moved = buffers.get(state);
        System.arraycopy(w, 0, moved, 0, w.length);
        for (int k = 0; k < along.length; k++) {
            float[] d = directions.get(k).get(state)[layer];
            float a = (float) along[k];
            for (int i = 0; i < moved.length && a != 0; i++) {
                moved[i] += a * d[i];
            }
        }
        return moved;
    }

    /// Puts W0 back, bit for bit.
    public void restore(Session session) {
        weights.forEach((state, slices) -> {
            for (int layer = 0; layer < slices.length; layer++) {
                session.write(state, layer, slices[layer]);
            }
        });
    }
}
