package lowland.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import lowland.random.CounterRandom;

/// Softmax attention over packed sequences, forward and backward: out = softmax(scale·Q·Kᵀ + bias)·V for each sequence and head.
///
/// q and out are `[query tokens, heads·width]`, k and v are `[key tokens, keyHeads·width]`, contiguous rows; head h reads key head
/// h / (heads / keyHeads). Sequence s holds the rows starts`[s]` … starts`[s + 1]` − 1 of its side. With a causal mask query i of nq sees
/// the keys j ≤ i + nk − nq: the ends of both are aligned. A query that sees no key gives zeros.
///
/// Dropout of probabilities is a counter-based mask, see [DropoutMask]: the key of query i of sequence s is `child(child(key, s), i)`,
/// and key j of head h is channel 65,536·h + j. A threshold of 0 drops nothing.
///
/// A bias `[2·span + 1, heads]` by distance is optional, see [#bias]: key j and query i of nq and nk lie j − (i + nk − nq) apart, what
/// is beyond ±span counts as that.
///
/// Probabilities are computed again in the backward pass; nothing of size queries × keys outlives a chunk of work. A sequence's bits depend
/// on that sequence alone: every operand of a head is copied to a worker's scratch, padded, and sums run over real tokens in a fixed
/// order. One instance serves one thread at a time; passes allocate nothing.
public final class Attention {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;
    /// Queries whose probabilities a worker holds at a time.
    private static final int BLOCK = 64;
    /// Floats of a large array: more than half a region of 1 MB.
    private static final int LEAST_LARGE = 1 << 17;

    private final Workers workers;
    private final int heads;
    private final int keyHeads;
    private final int width;
    private final boolean causal;
    private final float scale;
    private final int padWidth;
    private final int longest;
    private final int span;
    private final Room[] rooms;
    private final Workers.Chunk forwardChunk = this::forwardChunk;
    private final Workers.Chunk backwardChunk = this::backwardChunk;
    private final Workers.Chunk biasChunk = this::biasChunk;

    private float[] q;
    private int qo;
    private float[] k;
    private int ko;
    private float[] v;
    private int vo;
    private float[] out;
    private int oo;
    private float[] dq;
    private int dqo;
    private float[] dk;
    private int dko;
    private float[] dv;
    private int dvo;
    private float[] bias;
    private int bo;
    private float[] dBias;
    private int dbo;
    /// dBias of each sequence, `[sequences, heads, 2·span + 1]`.
    private float[] dBiases = new float[0];
    private int sequences;
    /// Chunks of a head's queries going forward: more than one where there are few heads.
    private int parts;
    private int[] queryStarts;
    private int[] keyStarts;
    private long key;
    private long threshold;
    private float kept;

    /// One worker's scratch: matrices in one array, since a large one starts where vectors do not cross cache lines, see [Lanes#FIRST]. Names
    /// are those of the equations; T is transposed.
    private final class Room {
        final float[] floats;
        final int query;
        final int dOut;
        final int result;
        final int key;
        final int keyT;
        final int value;
        final int valueT;
        final int dKey;
        final int dValue;
        final int p;
        final int dropped;
        final int dP;
        final float[] bias = new float[2 * span + 1];
        final long[] rowKeys = new long[BLOCK];
        private int end = Lanes.FIRST;

        Room() {
            int keys = Strips.padded(longest);
            int rows = Strips.padded(BLOCK);
            query = next(rows, padWidth);
            dOut = next(rows, padWidth);
            result = next(rows, padWidth);
            key = next(keys, padWidth);
            keyT = next(padWidth, keys);
            value = next(keys, padWidth);
            valueT = next(padWidth, keys);
            dKey = next(keys, padWidth);
            dValue = next(keys, padWidth);
            p = next(rows, keys);
            dropped = next(rows, keys);
            dP = next(rows, keys);
            floats = new float[Math.max(end, LEAST_LARGE)];
        }

        private int next(int rows, int columns) {
            int at = end;
            end = Math.addExact(at, Math.multiplyExact(rows, columns));
            return at;
        }
    }

    /// @param longest the most keys of a sequence
    /// @param scale usually 1/√width
    public Attention(Workers workers, int heads, int keyHeads, int width, boolean causal, float scale, int longest) {
        this(workers, heads, keyHeads, width, causal, scale, longest, 0);
    }

    /// @param span of the bias that [#bias] will set
    public Attention(Workers workers, int heads, int keyHeads, int width, boolean causal, float scale, int longest, int span) {
        if (keyHeads < 1 || width < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("heads " + heads + ", keyHeads " + keyHeads + ", width " + width
                + ": expected heads to be a multiple of keyHeads, and all positive");
        }
        this.workers = workers;
        this.heads = heads;
        this.keyHeads = keyHeads;
        this.width = width;
        this.causal = causal;
        this.scale = scale;
        this.longest = longest;
        this.span = span;
        padWidth = Strips.padded(width);
        rooms = new Room[workers.threads()];
        for (int i = 0; i < rooms.length; i++) {
            rooms[i] = new Room();
        }
    }

    /// Makes room for the bias' gradient over at most so many sequences.
    public void plan(int sequences) {
        int needed = Math.multiplyExact(sequences, heads * (2 * span + 1));
        if (dBiases.length < needed) {
            dBiases = new float[needed];
        }
    }

    /// Sets the bias of the passes that follow, and where the backward ones write its gradient; each may be null.
    public void bias(float[] bias, int bo, float[] dBias, int dbo) {
        this.bias = bias;
        this.bo = bo;
        this.dBias = dBias;
        this.dbo = dbo;
    }

    /// Writes out, nothing dropped.
    public void forward(float[] q, int qo, float[] k, int ko, float[] v, int vo, int[] queryStarts, int[] keyStarts, int sequences,
                        float[] out, int oo) {
        forward(q, qo, k, ko, v, vo, queryStarts, keyStarts, sequences, 0, 0, 1, out, oo);
    }

    /// Writes out.
    ///
    /// @param key of the masks of all sequences
    /// @param threshold below which the bits of a probability drop it
    /// @param kept by what a kept one is multiplied
    public void forward(float[] q, int qo, float[] k, int ko, float[] v, int vo, int[] queryStarts, int[] keyStarts, int sequences,
                        long key, long threshold, float kept, float[] out, int oo) {
        drop(key, threshold, kept);
        set(q, qo, k, ko, v, vo, queryStarts, keyStarts, sequences, out, oo);
        parts = Math.max(1, 2 * workers.threads() / Math.max(1, sequences * heads));
        workers.run(sequences * heads * parts, forwardChunk);
    }

    /// Writes dq, dk and dv from dOut, nothing dropped.
    public void backward(float[] q, int qo, float[] k, int ko, float[] v, int vo, int[] queryStarts, int[] keyStarts, int sequences,
                         float[] dOut, int doo, float[] dq, int dqo, float[] dk, int dko, float[] dv, int dvo) {
        backward(q, qo, k, ko, v, vo, queryStarts, keyStarts, sequences, 0, 0, 1, dOut, doo, dq, dqo, dk, dko, dv, dvo);
    }

    /// Writes dq, dk and dv from dOut, with the forward pass' masks.
    public void backward(float[] q, int qo, float[] k, int ko, float[] v, int vo, int[] queryStarts, int[] keyStarts, int sequences,
                         long key, long threshold, float kept, float[] dOut, int doo, float[] dq, int dqo, float[] dk, int dko,
                         float[] dv, int dvo) {
        drop(key, threshold, kept);
        set(q, qo, k, ko, v, vo, queryStarts, keyStarts, sequences, dOut, doo);
        this.dq = dq;
        this.dqo = dqo;
        this.dk = dk;
        this.dko = dko;
        this.dv = dv;
        this.dvo = dvo;
        workers.run(sequences * keyHeads, backwardChunk);
        if (dBias != null) {
            workers.run(heads, biasChunk);
        }
    }

    private void drop(long key, long threshold, float kept) {
        this.key = key;
        this.threshold = threshold;
        this.kept = kept;
    }

    private void set(float[] q, int qo, float[] k, int ko, float[] v, int vo, int[] queryStarts, int[] keyStarts, int sequences,
                     float[] out, int oo) {
        this.q = q;
        this.qo = qo;
        this.k = k;
        this.ko = ko;
        this.v = v;
        this.vo = vo;
        this.queryStarts = queryStarts;
        this.keyStarts = keyStarts;
        this.out = out;
        this.oo = oo;
        this.sequences = sequences;
        for (int s = 0; s < sequences; s++) {
            if (keyStarts[s + 1] - keyStarts[s] > longest) {
                throw new IllegalArgumentException("sequence " + s + " has " + (keyStarts[s + 1] - keyStarts[s]) + " keys, at most "
                    + longest + " were planned");
            }
        }
    }

    private void forwardChunk(int chunk, int worker) {
        int s = chunk / (heads * parts);
        int head = chunk / parts % heads;
        int keyHead = head / (heads / keyHeads);
        int nq = queryStarts[s + 1] - queryStarts[s];
        int nk = keyStarts[s + 1] - keyStarts[s];
        int keys = Strips.padded(nk);
        int blocks = (nq + BLOCK - 1) / BLOCK;
        int from = chunk % parts * blocks / parts * BLOCK;
        int to = Math.min(nq, (chunk % parts + 1) * blocks / parts * BLOCK);
        if (from >= to) {
            return;
        }
        Room room = rooms[worker];
        float[] floats = room.floats;
        transposedHead(k, ko, keyStarts[s], nk, keyHead, floats, room.key, room.keyT);
        head(v, vo, keyStarts[s], nk, keyHead, keyHeads, floats, room.value);
        for (int first = from; first < to; first += BLOCK) {
            int some = Math.min(BLOCK, nq - first);
            int row = queryStarts[s] + first;
            probabilities(room, row, some, first, nq, nk, head);
            if (threshold > 0) {
                rowKeys(room, s, head, first, some);
                drop(room, room.p, room.p, keys, some);
            }
            fill(floats, room.result, rows(some) * padWidth, 0f);
            Strips.accumulate(floats, room.p, keys, 1, room.value, padWidth, nk, room.result, padWidth, rows(some), padWidth);
            for (int i = 0; i < some; i++) {
                System.arraycopy(floats, room.result + i * padWidth, out, oo + at(row + i, head, heads), width);
            }
        }
    }

    /// dV = (M∘P)ᵀ·dO, dP = M∘(dO·Vᵀ), dS = P∘(dP − Σⱼ P∘dP), dQ = scale·dS·K, dK = dSᵀ·(scale·Q), M the mask.
    /// dK and dV add up over query blocks, then query heads.
    private void backwardChunk(int chunk, int worker) {
        int s = chunk / keyHeads;
        int keyHead = chunk % keyHeads;
        int nq = queryStarts[s + 1] - queryStarts[s];
        int nk = keyStarts[s + 1] - keyStarts[s];
        int keys = Strips.padded(nk);
        Room room = rooms[worker];
        float[] floats = room.floats;
        transposedHead(k, ko, keyStarts[s], nk, keyHead, floats, room.key, room.keyT);
        transposedHead(v, vo, keyStarts[s], nk, keyHead, floats, room.value, room.valueT);
        fill(floats, room.dKey, keys * padWidth, 0f);
        fill(floats, room.dValue, keys * padWidth, 0f);
        int group = heads / keyHeads;
        for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
            int biases = (s * heads + head) * (2 * span + 1);
            if (dBias != null) {
                fill(dBiases, biases, 2 * span + 1, 0f);
            }
            for (int first = 0; first < nq; first += BLOCK) {
                int some = Math.min(BLOCK, nq - first);
                int row = queryStarts[s] + first;
                probabilities(room, row, some, first, nq, nk, head);
                head(out, oo, row, some, head, heads, floats, room.dOut);
                fill(floats, room.dP, rows(some) * keys, 0f);
                Strips.accumulate(floats, room.dOut, padWidth, 1, room.valueT, keys, width, room.dP, keys, rows(some), keys);
                if (threshold > 0) {
                    rowKeys(room, s, head, first, some);
                    drop(room, room.p, room.dropped, keys, some);
                    drop(room, room.dP, room.dP, keys, some);
                }
                int weights = threshold > 0 ? room.dropped : room.p;
                Strips.accumulate(floats, weights, 1, keys, room.dOut, padWidth, some, room.dValue, padWidth, rows(nk), padWidth);
                for (int i = 0; i < some; i++) {
                    scoreGradient(floats, room.p + i * keys, room.dP + i * keys, keys);
                    if (dBias != null) {
                        int position = first + i + nk - nq;
                        addByDistance(floats, room.dP + i * keys, position, seen(position, nk), biases);
                    }
                }
                fill(floats, room.result, rows(some) * padWidth, 0f);
                Strips.accumulate(floats, room.dP, keys, 1, room.key, padWidth, nk, room.result, padWidth, rows(some), padWidth);
                Strips.accumulate(floats, room.dP, 1, keys, room.query, padWidth, some, room.dKey, padWidth, rows(nk), padWidth);
                for (int i = 0; i < some; i++) {
                    Elementwise.scale(scale, floats, room.result + i * padWidth, dq, dqo + at(row + i, head, heads), width);
                }
            }
        }
        for (int j = 0; j < nk; j++) {
            System.arraycopy(floats, room.dKey + j * padWidth, dk, dko + at(keyStarts[s] + j, keyHead, keyHeads), width);
            System.arraycopy(floats, room.dValue + j * padWidth, dv, dvo + at(keyStarts[s] + j, keyHead, keyHeads), width);
        }
    }

    /// Fills room.query with scale·Q and room.p with the probabilities of `some` queries, zero past the keys that each may see.
    private void probabilities(Room room, int row, int some, int first, int nq, int nk, int head) {
        int keys = Strips.padded(nk);
        float[] floats = room.floats;
        for (int i = 0; i < some; i++) {
            Elementwise.scale(scale, q, qo + at(row + i, head, heads), floats, room.query + i * padWidth, width);
        }
        fill(floats, room.p, rows(some) * keys, 0f);
        Strips.accumulate(floats, room.query, padWidth, 1, room.keyT, keys, width, room.p, keys, rows(some), keys);
        if (bias != null) {
            for (int d = 0; d < room.bias.length; d++) {
                room.bias[d] = bias[bo + d * heads + head];
            }
        }
        for (int i = 0; i < some; i++) {
            int position = first + i + nk - nq;
            int seen = seen(position, nk);
            int at = room.p + i * keys;
            if (bias != null) {
                addBias(room, at, position, seen);
            }
            fill(floats, at + seen, keys - seen, Float.NEGATIVE_INFINITY);
            if (seen == 0) {
                fill(floats, at, keys, 0f);
            } else {
                float max = Softmax.max(floats, at, keys);
                float sum = Softmax.exponentials(floats, at, keys, max, floats, at);
                Elementwise.scale(1f / sum, floats, at, floats, at, keys);
            }
        }
    }

    /// How many of nk keys, from the first, the query at a position sees.
    private int seen(int position, int nk) {
        return causal ? Math.max(0, Math.min(nk, position + 1)) : nk;
    }

    /// Adds the bias of each key to a row of scores: the first entry up to `span` before the query, the last from `span` behind it.
    private void addBias(Room room, int at, int position, int seen) {
        int near = Math.clamp(position - span, 0, seen);
        int far = Math.clamp(position + span, near, seen);
        for (int j = 0; j < near; j++) {
            room.floats[at + j] += room.bias[0];
        }
        for (int j = near; j < far; j++) {
            room.floats[at + j] += room.bias[j - position + span];
        }
        for (int j = far; j < seen; j++) {
            room.floats[at + j] += room.bias[2 * span];
        }
    }

    /// Adds a row of dS to a sequence's gradient of the bias, likewise.
    private void addByDistance(float[] dS, int at, int position, int seen, int biases) {
        int near = Math.clamp(position - span, 0, seen);
        int far = Math.clamp(position + span, near, seen);
        for (int j = 0; j < near; j++) {
            dBiases[biases] += dS[at + j];
        }
        for (int j = near; j < far; j++) {
            dBiases[biases + j - position + span] += dS[at + j];
        }
        for (int j = far; j < seen; j++) {
            dBiases[biases + 2 * span] += dS[at + j];
        }
    }

    /// One head's gradient of the bias: the sequences' in order.
    private void biasChunk(int head, int worker) {
        int rows = 2 * span + 1;
        for (int d = 0; d < rows; d++) {
            float sum = 0;
            for (int s = 0; s < sequences; s++) {
                sum += dBiases[(s * heads + head) * rows + d];
            }
            dBias[dbo + d * heads + head] = sum;
        }
    }

    /// dS = P∘(dP − Σⱼ P∘dP), in place of dP.
    private static void scoreGradient(float[] floats, int p, int dP, int n) {
        FloatVector sum = FloatVector.zero(V);
        for (int j = 0; j < n; j += L) {
            sum = FloatVector.fromArray(V, floats, p + j).fma(FloatVector.fromArray(V, floats, dP + j), sum);
        }
        float mean = Lanes.sum(sum);
        for (int j = 0; j < n; j += L) {
            FloatVector.fromArray(V, floats, dP + j).sub(mean).mul(FloatVector.fromArray(V, floats, p + j)).intoArray(floats, dP + j);
        }
    }

    /// The keys of the masks of `some` queries of a head.
    private void rowKeys(Room room, int s, int head, int first, int some) {
        long sequence = CounterRandom.child(key, s);
        for (int i = 0; i < some; i++) {
            room.rowKeys[i] = DropoutMask.skip(CounterRandom.child(sequence, first + i), (long) head << 16);
        }
    }

    private void drop(Room room, int from, int to, int keys, int some) {
        DropoutMask.apply(room.floats, from, room.rowKeys, 0, threshold, kept, room.floats, to, keys, 0, some);
    }

    private int rows(int n) {
        return (n + Strips.ROWS - 1) / Strips.ROWS * Strips.ROWS;
    }

    private int at(int token, int head, int ofHeads) {
        return (token * ofHeads + head) * width;
    }

    private static void fill(float[] array, int at, int n, float value) {
        Arrays.fill(array, at, at + n, value);
    }

    /// Copies one head's rows, [#padWidth] apart. What lies between is computed with, never kept.
    private void head(float[] from, int fo, int row, int n, int head, int ofHeads, float[] to, int at) {
        for (int i = 0; i < n; i++) {
            System.arraycopy(from, fo + at(row + i, head, ofHeads), to, at + i * padWidth, width);
        }
    }

    /// Copies one key head's rows, and from there transposed, `[width][padded n]`; columns past n are zero, so that no other sequence's NaN
    /// stays there.
    private void transposedHead(float[] from, int fo, int row, int n, int head, float[] to, int at, int transposed) {
        int keys = Strips.padded(n);
        head(from, fo, row, n, head, keyHeads, to, at);
        fill(to, at + n * padWidth, (keys - n) * padWidth, 0f);
        Transpose.copy(to, at, padWidth, keys, width, to, transposed, keys);
    }
}
