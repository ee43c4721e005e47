package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Softmax attention and its derivatives, a work-item a query row and head, or a key row and key head: every gradient is gathered by the
/// one who owns it, so there are no atomics and one order of summation. Scores are computed again in every pass; what the passes share of
/// a query row is its largest score, the sum of its exponentials and the mean of dP.
///
/// Operands of all kernels: q, k, v, queryStarts, keyStarts, key, bias, then y; or g, dq, dk, dv, dBias, statistics [Q, H, 3].
final class Attention {
    private Attention() {}

    /// The sequence that owns a row.
    static int sequence(IntArray ints, int starts, int i) {
        int n = 0;
        while (ints.get(starts + n + 1) <= i) {
            n++;
        }
        return n;
    }

    static float inner(FloatArray work, int a, int b, int width) {
        float sum = 0f;
        for (int d = 0; d < width; d++) {
            sum += work.get(a + d) * work.get(b + d);
        }
        return sum;
    }

    /// Where the bias of a pair at this distance stands.
    static int biased(int bias, int span, int heads, int h, int distance) {
        return bias + (span + Math.max(-span, Math.min(span, distance))) * heads + h;
    }

    static float score(FloatArray work, int q, int k, int width, float scale, int bias, int span, int heads, int h, int distance) {
        float result = inner(work, q, k, width) * scale;
        if (span >= 0) {
            result += work.get(biased(bias, span, heads, h, distance));
        }
        return result;
    }

    /// The mask's factor of key j for a query row.
    static float factor(long mask, int h, int j, long threshold, float kept) {
        float result = 1f;
        if (threshold >= 0L) {
            result = RandomBits.upper(RandomBits.child(mask, ((long) h << 16) + j)) >= threshold ? kept : 0f;
        }
        return result;
    }

    static long mask(IntArray ints, int key, long threshold, int site, int layer, int n, int position) {
        long mask = 0L;
        if (threshold >= 0L) {
            mask = RandomBits.row(RandomBits.key(ints.get(key), ints.get(key + 1)), site, layer, n, position);
        }
        return mask;
    }

    static void kernelAttention(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int rowsAt,
            int heads, int keyHeads, int width, int causal, int span, int site, long threshold, float kept, float scale) {
        int row = Row.of(c.globalIdx, control, table, at);
        int item = c.globalIdx;
        if (item < control.get(rowsAt) * heads * table.get(row)) {
            int i = item / heads;
            int h = item - i * heads;
            int starts = table.get(row + 4);
            int keyStarts = table.get(row + 5);
            int n = sequence(ints, starts, i);
            int left = ints.get(starts + n + 1) - i;
            int firstKey = ints.get(keyStarts + n);
            int keys = ints.get(keyStarts + n + 1) - firstKey;
            int seen = causal == 1 ? Math.max(0, keys - left + 1) : keys;
            int q = table.get(row + 1) + item * width;
            int stride = keyHeads * width;
            int offset = firstKey * stride + h * keyHeads / heads * width;
            int k = table.get(row + 2) + offset;
            int v = table.get(row + 3) + offset;
            int bias = table.get(row + 7);
            int y = table.get(row + 8) + item * width;
            long mask = mask(ints, table.get(row + 6), threshold, site, control.get(Row.LAYER), n, i - ints.get(starts + n));
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < seen; j++) {
                float s = score(work, q, k + j * stride, width, scale, bias, span, heads, h, j - keys + left);
                largest = s > largest ? s : largest;
            }
            for (int d = 0; d < width; d++) {
                work.set(y + d, 0f);
            }
            float sum = 0f;
            for (int j = 0; j < seen; j++) {
                float e = TornadoMath.exp(score(work, q, k + j * stride, width, scale, bias, span, heads, h, j - keys + left) - largest);
                sum += e;
                float p = e * factor(mask, h, j, threshold, kept);
                for (int d = 0; d < width; d++) {
                    work.set(y + d, work.get(y + d) + p * work.get(v + j * stride + d));
                }
            }
            if (seen > 0) {
                for (int d = 0; d < width; d++) {
                    work.set(y + d, work.get(y + d) / sum);
                }
            }
        }
    }

    /// dq, and the statistics of the row.
    static void kernelAttentionQueries(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at,
            int rowsAt, int heads, int keyHeads, int width, int causal, int span, int site, long threshold, float kept, float scale) {
        int row = Row.of(c.globalIdx, control, table, at);
        int item = c.globalIdx;
        if (item < control.get(rowsAt) * heads * table.get(row)) {
            int i = item / heads;
            int h = item - i * heads;
            int starts = table.get(row + 4);
            int keyStarts = table.get(row + 5);
            int n = sequence(ints, starts, i);
            int left = ints.get(starts + n + 1) - i;
            int firstKey = ints.get(keyStarts + n);
            int keys = ints.get(keyStarts + n + 1) - firstKey;
            int seen = causal == 1 ? Math.max(0, keys - left + 1) : keys;
            int q = table.get(row + 1) + item * width;
            int stride = keyHeads * width;
            int offset = firstKey * stride + h * keyHeads / heads * width;
            int k = table.get(row + 2) + offset;
            int v = table.get(row + 3) + offset;
            int bias = table.get(row + 7);
            int g = table.get(row + 8) + item * width;
            int dq = table.get(row + 9) + item * width;
            int statistics = table.get(row + 13) + item * 3;
            long mask = mask(ints, table.get(row + 6), threshold, site, control.get(Row.LAYER), n, i - ints.get(starts + n));
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < seen; j++) {
                float s = score(work, q, k + j * stride, width, scale, bias, span, heads, h, j - keys + left);
                largest = s > largest ? s : largest;
            }
            float sum = 0f;
            float weighted = 0f;
            for (int j = 0; j < seen; j++) {
                float e = TornadoMath.exp(score(work, q, k + j * stride, width, scale, bias, span, heads, h, j - keys + left) - largest);
                sum += e;
                weighted += e * (factor(mask, h, j, threshold, kept) * inner(work, g, v + j * stride, width));
            }
            float mean = weighted / sum;
            for (int d = 0; d < width; d++) {
                work.set(dq + d, 0f);
            }
            for (int j = 0; j < seen; j++) {
                float s = score(work, q, k + j * stride, width, scale, bias, span, heads, h, j - keys + left);
                float p = TornadoMath.exp(s - largest) / sum;
                float dp = factor(mask, h, j, threshold, kept) * inner(work, g, v + j * stride, width);
                float ds = p * (dp - mean) * scale;
                for (int d = 0; d < width; d++) {
                    work.set(dq + d, work.get(dq + d) + ds * work.get(k + j * stride + d));
                }
            }
            work.set(statistics, largest);
            work.set(statistics + 1, sum);
            work.set(statistics + 2, mean);
        }
    }

    /// dk and dv, behind [#kernelAttentionQueries].
    static void kernelAttentionKeys(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at,
            int rowsAt, int heads, int keyHeads, int width, int causal, int span, int site, long threshold, float kept, float scale) {
        int row = Row.of(c.globalIdx, control, table, at);
        int item = c.globalIdx;
        if (item < control.get(rowsAt) * keyHeads * table.get(row)) {
            int keyRow = item / keyHeads;
            int keyHead = item - keyRow * keyHeads;
            int starts = table.get(row + 4);
            int keyStarts = table.get(row + 5);
            int n = sequence(ints, keyStarts, keyRow);
            int first = ints.get(starts + n);
            int last = ints.get(starts + n + 1);
            int firstKey = ints.get(keyStarts + n);
            int keys = ints.get(keyStarts + n + 1) - firstKey;
            int j = keyRow - firstKey;
            int k = table.get(row + 2) + item * width;
            int v = table.get(row + 3) + item * width;
            int bias = table.get(row + 7);
            int dk = table.get(row + 10) + item * width;
            int dv = table.get(row + 11) + item * width;
            int group = heads / keyHeads;
            for (int d = 0; d < width; d++) {
                work.set(dk + d, 0f);
                work.set(dv + d, 0f);
            }
            for (int h = keyHead * group; h < keyHead * group + group; h++) {
                for (int i = first; i < last; i++) {
                    int left = last - i;
                    int seen = causal == 1 ? keys - left + 1 : keys;
                    if (j < seen) {
                        int pair = i * heads + h;
                        int q = table.get(row + 1) + pair * width;
                        int g = table.get(row + 8) + pair * width;
                        int statistics = table.get(row + 13) + pair * 3;
                        long mask = mask(ints, table.get(row + 6), threshold, site, control.get(Row.LAYER), n, i - first);
                        float factor = factor(mask, h, j, threshold, kept);
                        float s = score(work, q, k, width, scale, bias, span, heads, h, j - keys + left);
                        float p = TornadoMath.exp(s - work.get(statistics)) / work.get(statistics + 1);
                        float dp = factor * inner(work, g, v, width);
                        float ds = p * (dp - work.get(statistics + 2)) * scale;
                        float dropped = factor * p;
                        for (int d = 0; d < width; d++) {
                            work.set(dk + d, work.get(dk + d) + ds * work.get(q + d));
                            work.set(dv + d, work.get(dv + d) + dropped * work.get(g + d));
                        }
                    }
                }
            }
        }
    }

    /// dBias, behind [#kernelAttentionQueries]; a work-item an entry, which looks for its pairs.
    static void kernelAttentionBias(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at,
            int startsAt, int heads, int keyHeads, int width, int causal, int span, int site, long threshold, float kept, float scale) {
        int row = Row.of(c.globalIdx, control, table, at);
        int item = c.globalIdx;
        if (item < (2 * span + 1) * heads * table.get(row)) {
            int place = item / heads;
            int h = item - place * heads;
            int starts = table.get(row + 4);
            int keyStarts = table.get(row + 5);
            int stride = keyHeads * width;
            int bias = table.get(row + 7);
            int sequences = control.get(startsAt) - 1;
            float total = 0f;
            for (int n = 0; n < sequences; n++) {
                int first = ints.get(starts + n);
                int last = ints.get(starts + n + 1);
                int firstKey = ints.get(keyStarts + n);
                int keys = ints.get(keyStarts + n + 1) - firstKey;
                int offset = firstKey * stride + h * keyHeads / heads * width;
                for (int i = first; i < last; i++) {
                    int left = last - i;
                    int seen = causal == 1 ? keys - left + 1 : keys;
                    int pair = i * heads + h;
                    int q = table.get(row + 1) + pair * width;
                    int g = table.get(row + 8) + pair * width;
                    int statistics = table.get(row + 13) + pair * 3;
                    for (int j = 0; j < seen; j++) {
                        if (biased(0, span, heads, h, j - keys + left) == item) {
                            long mask = mask(ints, table.get(row + 6), threshold, site, control.get(Row.LAYER), n, i - first);
                            float s = score(work, q, table.get(row + 2) + offset + j * stride, width, scale, bias, span, heads, h,
                                    j - keys + left);
                            float p = TornadoMath.exp(s - work.get(statistics)) / work.get(statistics + 1);
                            float dp = factor(mask, h, j, threshold, kept)
                                    * inner(work, g, table.get(row + 3) + offset + j * stride, width);
                            total += p * (dp - work.get(statistics + 2));
                        }
                    }
                }
            }
            work.set(table.get(row + 12) + item, total);
        }
    }
}
