package lowland.program.operation;

import java.util.Arrays;
import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The gradients of [Attention] in q, k and v, and in its bias if `dBias` is not null. The probabilities P (before dropout, with mask
/// factors M) are computed again:
///
///     dv = (M ⊙ P)ᵀ·G     dP = M ⊙ (G·vᵀ)     dS = P ⊙ (dP − rowsum(P ⊙ dP))     dq = dS·k/√D     dk = dSᵀ·q/√D
///     dBias_{d,h} = Σ dS over the queries of head h, of all sequences, and their keys at distance d
public record AttentionBackward(Attention forward, Value g, Value dq, Value dk, Value dv, Value dBias) implements Operation {
    public static void check(Attention forward, Value g, boolean biasTrains) {
        Require.that(!biasTrains || forward.bias() != null, "attentionBackward", "a bias to be differentiated", g);
        Require.shape("attentionBackward", g, ElementType.REAL, forward.q().shape().extents().toArray(lowland.program.Extent[]::new));
    }

    @Override
    public List<Value> inputs() {
        List<Value> inputs = new java.util.ArrayList<>(forward.inputs());
        inputs.add(g);
        return List.copyOf(inputs);
    }

    @Override
    public List<Value> outputs() {
        return dBias == null ? List.of(dq, dk, dv) : List.of(dq, dk, dv, dBias);
    }

    @Override
    public void interpret(Memory m) {
        int heads = forward.heads();
        int width = m.extent(forward.q(), 1) / heads;
        int keyChannels = forward.keyHeads() * width;
        double[] q = m.reals(forward.q());
        double[] k = m.reals(forward.k());
        double[] v = m.reals(forward.v());
        double[] g = m.reals(this.g);
        double[] dq = m.reals(this.dq);
        double[] dk = m.reals(this.dk);
        double[] dv = m.reals(this.dv);
        Arrays.fill(dq, 0);
        Arrays.fill(dk, 0);
        Arrays.fill(dv, 0);
        double[] dBias = this.dBias == null ? null : m.reals(this.dBias);
        if (dBias != null) {
            Arrays.fill(dBias, 0);
        }
        int[] keyStarts = m.ints(forward.keyStarts());
        forward.eachQuery(m, forward.queryStarts(), (n, h, i) -> {
            double[] p = forward.probabilities(m, n, h, i);
            double[] dp = new double[p.length];
            int query = i * heads * width + h * width;
            int keyOffset = h * forward.keyHeads() / heads * width;
            double mean = 0;
            for (int j = 0; j < p.length; j++) {
                int key = (keyStarts[n] + j) * keyChannels + keyOffset;
                double factor = forward.dropped(m, n, h, i, j);
                double sum = 0;
                for (int d = 0; d < width; d++) {
                    sum += g[query + d] * v[key + d];
                    dv[key + d] += factor * p[j] * g[query + d];
                }
                dp[j] = factor * sum;
                mean += p[j] * dp[j];
            }
            for (int j = 0; j < p.length; j++) {
                int key = (keyStarts[n] + j) * keyChannels + keyOffset;
                double dScore = p[j] * (dp[j] - mean);
                if (dBias != null) {
                    dBias[forward.biasIndex(m, n, h, i, j)] += dScore;
                }
                double ds = dScore / Math.sqrt(width);
                for (int d = 0; d < width; d++) {
                    dq[query + d] += ds * k[key + d];
                    dk[key + d] += ds * q[query + d];
                }
            }
        });
    }

    @Override
    public String attributes() {
        return forward.attributes();
    }

}
