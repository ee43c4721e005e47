package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Losses and their derivatives: a work-item a row.
final class Losses {
    private Losses() {}

    static float largest(FloatArray x, int from, int count) {
        float largest = x.get(from);
        for (int k = 1; k < count; k++) {
            // NaN must go through.
            float value = x.get(from + k);
            if (!(value <= largest)) {
                largest = value;
            }
        }
        return largest;
    }

    static float exponentials(FloatArray x, int from, int count, float largest) {
        float sum = 0f;
        for (int k = 0; k < count; k++) {
            sum += TornadoMath.exp(x.get(from + k) - largest);
        }
        return sum;
    }

    /// Operands: logits, labels, losses.
    static void kernelCrossEntropy(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int rowsAt,
            int classesAt, float sharp, float smooth) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            int classes = control.get(classesAt);
            int from = table.get(row + 1) + i * classes;
            float largest = largest(work, from, classes);
            float normaliser = largest + TornadoMath.log(exponentials(work, from, classes, largest));
            float loss = normaliser - work.get(from + ints.get(table.get(row + 2) + i));
            if (smooth != 0f) {
                float sum = 0f;
                for (int k = 0; k < classes; k++) {
                    sum += normaliser - work.get(from + k);
                }
                loss = sharp * loss + smooth * (sum / classes);
            }
            work.set(table.get(row + 3) + i, loss);
        }
    }

    /// Operands: logits, labels, g, dLogits.
    static void kernelCrossEntropyBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at,
            int rowsAt, int classesAt, float sharp, float smooth) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            int classes = control.get(classesAt);
            int from = table.get(row + 1) + i * classes;
            int to = table.get(row + 4) + i * classes;
            int label = ints.get(table.get(row + 2) + i);
            float gradient = work.get(table.get(row + 3) + i);
            float largest = largest(work, from, classes);
            float sum = exponentials(work, from, classes, largest);
            for (int k = 0; k < classes; k++) {
                float target = k == label ? sharp : smooth;
                work.set(to + k, gradient * (TornadoMath.exp(work.get(from + k) - largest) / sum - target));
            }
        }
    }

    /// Operands: predictions, targets, losses.
    static void kernelSquaredError(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            float away = work.get(table.get(row + 1) + i) - work.get(table.get(row + 2) + i);
            work.set(table.get(row + 3) + i, away * away);
        }
    }

    /// Operands: predictions, targets, g, dPredictions.
    static void kernelSquaredErrorBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            float away = work.get(table.get(row + 1) + i) - work.get(table.get(row + 2) + i);
            work.set(table.get(row + 4) + i, 2f * work.get(table.get(row + 3) + i) * away);
        }
    }
}
