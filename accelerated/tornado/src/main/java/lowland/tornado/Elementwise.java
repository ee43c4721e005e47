package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Kernels that compute each element by itself; a work-item an element.
final class Elementwise {
    private Elementwise() {}

    static void kernelAdd(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            work.set(table.get(row + 3) + i, work.get(table.get(row + 1) + i) + work.get(table.get(row + 2) + i));
        }
    }

    static void kernelMultiply(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            work.set(table.get(row + 3) + i, work.get(table.get(row + 1) + i) * work.get(table.get(row + 2) + i));
        }
    }

    /// In double, rounded once: a device's float quotient may be off by 2.5 ulp.
    static void kernelDivide(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            double a = work.get(table.get(row + 1) + i);
            double b = work.get(table.get(row + 2) + i);
            work.set(table.get(row + 3) + i, (float) (a / b));
        }
    }

    static void kernelScale(KernelContext c, IntArray control, IntArray table, FloatArray work, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float factor = (float) small.get(table.get(row + 2));
            work.set(table.get(row + 3) + i, factor * work.get(table.get(row + 1) + i));
        }
    }

    static void kernelFillReal(KernelContext c, IntArray control, IntArray table, DoubleArray small, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            work.set(table.get(row + 2) + i, (float) small.get(table.get(row + 1)));
        }
    }

    static void kernelToReal(KernelContext c, IntArray control, IntArray table, DoubleArray small, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            work.set(table.get(row + 2) + i, (float) small.get(table.get(row + 1) + i));
        }
    }

    static void kernelTanh(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            work.set(table.get(row + 2) + i, FloatMath.tanh(work.get(table.get(row + 1) + i)));
        }
    }

    static void kernelTanhBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float t = work.get(table.get(row + 1) + i);
            work.set(table.get(row + 3) + i, work.get(table.get(row + 2) + i) * (1f - t * t));
        }
    }

    static void kernelRelu(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float v = work.get(table.get(row + 1) + i);
            work.set(table.get(row + 2) + i, v <= 0f ? 0f : v);
        }
    }

    static void kernelReluBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float g = work.get(table.get(row + 2) + i);
            work.set(table.get(row + 3) + i, work.get(table.get(row + 1) + i) <= 0f ? 0f : g);
        }
    }

    static void kernelGeluErf(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float v = work.get(table.get(row + 1) + i);
            work.set(table.get(row + 2) + i, v * FloatMath.normal(v, FloatMath.bell(v)));
        }
    }

    static void kernelGeluErfBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float v = work.get(table.get(row + 1) + i);
            float bell = FloatMath.bell(v);
            float slope = FloatMath.normal(v, bell) + v * (bell * FloatMath.DENSITY);
            work.set(table.get(row + 3) + i, work.get(table.get(row + 2) + i) * slope);
        }
    }

    static void kernelGeluTanh(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float v = work.get(table.get(row + 1) + i);
            float t = FloatMath.tanh((v * v * v * FloatMath.CUBIC + v) * FloatMath.ROOT);
            work.set(table.get(row + 2) + i, v * (0.5f * (1f + t)));
        }
    }

    static void kernelGeluTanhBackward(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float v = work.get(table.get(row + 1) + i);
            float t = FloatMath.tanh((v * v * v * FloatMath.CUBIC + v) * FloatMath.ROOT);
            float rest = (v * v * (3f * FloatMath.CUBIC) + 1f) * FloatMath.ROOT;
            float slope = 0.5f * (1f + t) + v * ((1f - t * t) * 0.5f * rest);
            work.set(table.get(row + 3) + i, work.get(table.get(row + 2) + i) * slope);
        }
    }

    /// Operands: x, sequences, positions, key, y.
    static void kernelDropout(KernelContext c, IntArray control, IntArray table, FloatArray work, IntArray ints, int at, int size,
            int columns, int site, long threshold, float kept) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int width = control.get(columns);
            int token = i / width;
            int key = table.get(row + 4);
            long mask = RandomBits.row(RandomBits.key(ints.get(key), ints.get(key + 1)), site, control.get(Row.LAYER),
                    ints.get(table.get(row + 2) + token), ints.get(table.get(row + 3) + token));
            float v = work.get(table.get(row + 1) + i);
            float result = 0f;
            if (RandomBits.upper(RandomBits.child(mask, i - token * width)) >= threshold) {
                result = kept * v;
            }
            work.set(table.get(row + 5) + i, result);
        }
    }

    /// Operands: key, y, then the two halves of the tensor's hash.
    static void kernelGaussian(KernelContext c, IntArray control, IntArray table, IntArray ints, FloatArray work, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            int key = table.get(row + 1);
            long elements = RandomBits.child(RandomBits.key(ints.get(key), ints.get(key + 1)),
                    RandomBits.key(table.get(row + 3), table.get(row + 4)));
            work.set(table.get(row + 2) + i, (float) RandomBits.gaussian(RandomBits.child(elements, i)));
        }
    }

    /// Operands: p, gradient, m, v, scale, learningRate, correction1, correction2, nextP, nextM, nextV.
    static void kernelAdamW(KernelContext c, IntArray control, IntArray table, FloatArray work, DoubleArray small, int at, int size,
            float beta1, float rest1, float beta2, float rest2, float epsilon, float decay) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float scale = (float) small.get(table.get(row + 5));
            float rate = (float) small.get(table.get(row + 6));
            float correction1 = (float) small.get(table.get(row + 7));
            float correction2 = (float) small.get(table.get(row + 8));
            float g = scale * work.get(table.get(row + 2) + i);
            float old = work.get(table.get(row + 1) + i);
            float nextM = beta1 * work.get(table.get(row + 3) + i) + rest1 * g;
            float nextV = beta2 * work.get(table.get(row + 4) + i) + rest2 * (g * g);
            float step = nextM / correction1 / ((float) Math.sqrt(nextV / correction2) + epsilon);
            work.set(table.get(row + 9) + i, old - rate * (decay * old + step));
            work.set(table.get(row + 10) + i, nextM);
            work.set(table.get(row + 11) + i, nextV);
        }
    }

    /// Operands: p, gradient, u, scale, learningRate, nextP, nextU.
    static void kernelSgd(KernelContext c, IntArray control, IntArray table, FloatArray work, DoubleArray small, int at, int size,
            float momentum, float decay) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            float scale = (float) small.get(table.get(row + 4));
            float rate = (float) small.get(table.get(row + 5));
            float old = work.get(table.get(row + 1) + i);
            float nextU = momentum * work.get(table.get(row + 3) + i) + scale * work.get(table.get(row + 2) + i) + decay * old;
            work.set(table.get(row + 6) + i, old - rate * nextU);
            work.set(table.get(row + 7) + i, nextU);
        }
    }
}
