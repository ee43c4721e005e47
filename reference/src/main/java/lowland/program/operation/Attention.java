package lowland.program.operation;

import java.util.ArrayList;
import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// Softmax attention within each sequence of a packed batch (Vaswani et al., arXiv 1706.03762v7, Eq. 1), a head at a time:
///
///     y = P·v,  P = mask ⊙ softmax(q·kᵀ/√D + bias)
///
/// | value       | shape       |                                                                  |
/// |-------------|-------------|------------------------------------------------------------------|
/// | q, y        | [Q, H·D]    | queries of all sequences, one behind the other                   |
/// | k, v        | [K, Hk·D]   | keys and values; head h reads key head h·Hk/H                    |
/// | queryStarts | [N+1]       | sequence n owns the queries starts_n ≤ i < starts_{n+1}          |
/// | keyStarts   | [N+1]       | likewise for keys                                                |
///
/// Causal: the last query sees the last key; the query i steps before it sees the keys up to i steps before that.
/// `mask` drops probabilities, or is null.
///
/// `bias` [2·span + 1, H] is added to the scores, or is null: row span + d for a key that lies d behind the query, d from −span to
/// span; what is farther counts as ±span. The last query stands at the last key, as for the causal mask. A bias by distance serves every
/// sequence of a packed batch, of whatever length, where one by query and key would be a matrix a sequence; and T5's (arXiv
/// 1910.10683v4, §2.1) is one: its table [buckets, H] gathered by the bucket of each distance, with span the distance from which all share
/// the last bucket. That table may train: the derivative adds up over all pairs at a distance, over sequences, and over the layers
/// that share the bias. ALiBi's (arXiv 2108.12409v2) −slope_h·|d| is a frozen one with span the longest sequence − 1.
public record Attention(Value q, Value k, Value v, Value queryStarts, Value keyStarts, int heads, int keyHeads, boolean causal, Mask mask,
        Value bias, Value y) implements Operation {

    public static Shape shape(Value q, Value k, Value v, Value queryStarts, Value keyStarts, int heads, int keyHeads, Value bias) {
        Require.rank("attention", q, ElementType.REAL, 2);
        Require.rank("attention", k, ElementType.REAL, 2);
        Require.same("attention", k, v);
        Require.that(heads > 0 && keyHeads > 0 && heads % keyHeads == 0 && q.shape().fixed(1) % heads == 0
                && q.shape().fixed(1) / heads * keyHeads == k.shape().fixed(1), "attention",
                "heads " + heads + " and key heads " + keyHeads + " that divide the channels", q, k);
        Require.that(SegmentMean.segments("attention", queryStarts).equals(SegmentMean.segments("attention", keyStarts)), "attention",
                "as many query starts as key starts", queryStarts, keyStarts);
        if (bias != null) {
            Require.rank("attention", bias, ElementType.REAL, 2);
            Require.that(bias.shape().fixed(0) % 2 == 1 && bias.shape().fixed(1) == heads, "attention",
                    "a bias [2*span + 1, " + heads + "]", bias);
        }
        return q.shape();
    }

    @Override
    public List<Value> inputs() {
        List<Value> inputs = new ArrayList<>(List.of(q, k, v, queryStarts, keyStarts));
        if (mask != null) {
            inputs.add(mask.key());
        }
        if (bias != null) {
            inputs.add(bias);
        }
        return List.copyOf(inputs);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        int width = m.extent(q, 1) / heads;
        int keyChannels = keyHeads * width;
        double[] v = m.reals(this.v);
        double[] y = m.reals(this.y);
        int[] keyStarts = m.ints(this.keyStarts);
        eachQuery(m, queryStarts, (n, h, i) -> {
            double[] p = probabilities(m, n, h, i);
            int keyHead = h * keyHeads / heads;
            for (int d = 0; d < width; d++) {
                double sum = 0;
                for (int j = 0; j < p.length; j++) {
                    sum += p[j] * dropped(m, n, h, i, j) * v[(keyStarts[n] + j) * keyChannels + keyHead * width + d];
                }
                y[i * heads * width + h * width + d] = sum;
            }
        });
    }

    /// Something done for sequence n, head h and (absolute) query row i.
    public interface Query {
        void at(int n, int h, int i);
    }

    /// Visits every query row of every head, sequence by sequence.
    public void eachQuery(Memory m, Value starts, Query query) {
        int[] rows = m.ints(starts);
        for (int n = 0; n + 1 < m.extent(starts, 0); n++) {
            for (int h = 0; h < heads; h++) {
                for (int i = rows[n]; i < rows[n + 1]; i++) {
                    query.at(n, h, i);
                }
            }
        }
    }

    /// How many keys of sequence n, from its first, the query row i sees.
    public int seen(Memory m, int n, int i) {
        int keys = m.ints(keyStarts)[n + 1] - m.ints(keyStarts)[n];
        return causal ? Math.max(0, keys - (m.ints(queryStarts)[n + 1] - 1 - i)) : keys;
    }

    /// The farthest distance that the bias tells apart.
    public int span() {
        return (bias.shape().fixed(0) - 1) / 2;
    }

    /// Where the bias of key j of sequence n for query row i stands in its array.
    public int biasIndex(Memory m, int n, int h, int i, int j) {
        int keys = m.ints(keyStarts)[n + 1] - m.ints(keyStarts)[n];
        int distance = j - (keys - (m.ints(queryStarts)[n + 1] - i));
        return (span() + Math.clamp(distance, -span(), span())) * heads + h;
    }

    /// The bias of key j of sequence n for query row i.
    public double biased(Memory m, int n, int h, int i, int j) {
        return bias == null ? 0 : m.reals(bias)[biasIndex(m, n, h, i, j)];
    }

    /// The softmax over the keys that query row i of sequence n sees; its length is their number. Dropout is not in it.
    double[] probabilities(Memory m, int n, int h, int i) {
        int width = m.extent(q, 1) / heads;
        int keyChannels = keyHeads * width;
        int keyHead = h * keyHeads / heads;
        double[] q = m.reals(this.q);
        double[] k = m.reals(this.k);
        int keyStart = m.ints(keyStarts)[n];
        int seen = seen(m, n, i);
        double[] scores = new double[seen];
        for (int j = 0; j < seen; j++) {
            double sum = 0;
            for (int d = 0; d < width; d++) {
                sum += q[i * heads * width + h * width + d] * k[(keyStart + j) * keyChannels + keyHead * width + d];
            }
            scores[j] = sum / Math.sqrt(width) + biased(m, n, h, i, j);
        }
        double normaliser = CrossEntropy.logSumExp(scores, 0, seen);
        for (int j = 0; j < seen; j++) {
            scores[j] = StrictMath.exp(scores[j] - normaliser);
        }
        return scores;
    }

    /// The mask's factor of key j of sequence n for query row i.
    public double dropped(Memory m, int n, int h, int i, int j) {
        if (mask == null) {
            return 1;
        }
        int position = i - m.ints(queryStarts)[n];
        return mask.factor(Mask.row(Mask.key(m.ints(mask.key())), mask.site(), m.layer(), n, position), Mask.channel(h, j));
    }

    @Override
    public void differentiate(Tape tape) {
        boolean biasTrains = bias != null && tape.wants(bias);
        List<Value> gradients = tape.record().attentionBackward(this, tape.gradient(y), biasTrains);
        List<Value> wanted = biasTrains ? List.of(q, k, v, bias) : List.of(q, k, v);
        for (int i = 0; i < wanted.size(); i++) {
            if (tape.wants(wanted.get(i))) {
                tape.add(wanted.get(i), gradients.get(i));
            }
        }
    }

    @Override
    public String attributes() {
        return heads + " heads" + (keyHeads == heads ? "" : ", " + keyHeads + " key heads") + (causal ? ", causal" : "")
                + (mask == null ? "" : ", " + mask) + (bias == null ? "" : ", bias by distance up to " + span());
    }
}
