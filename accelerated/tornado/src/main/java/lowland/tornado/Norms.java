package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Layer norm and its derivatives, and the norms of rows: a work-item a row, or a column for the parameters.
final class Norms {
    private Norms() {}

    static float mean(FloatArray x, int from, int columns) {
        float sum = 0f;
        for (int j = 0; j < columns; j++) {
            sum += x.get(from + j);
        }
        return sum / columns;
    }

    /// 1/√(σ² + ε): the root in double, since a device's float root may be off by 3 ulp.
    static float reciprocal(FloatArray x, int from, int columns, float mean, float epsilon) {
        float squares = 0f;
        for (int j = 0; j < columns; j++) {
            float away = x.get(from + j) - mean;
            squares += away * away;
        }
        double variance = squares / columns + epsilon;
        return (float) (1.0 / Math.sqrt(variance));
    }

    /// Operands: x, gamma, beta, y.
    static void kernelLayerNorm(KernelContext c, IntArray control, IntArray table, FloatArray gamma, FloatArray beta,
            FloatArray work, int at, int rowsAt, int columnsAt, float epsilon) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            int columns = control.get(columnsAt);
            int from = table.get(row + 1) + i * columns;
            int to = table.get(row + 4) + i * columns;
            int gammaAt = table.get(row + 2);
            int betaAt = table.get(row + 3);
            float mean = mean(work, from, columns);
            float reciprocal = reciprocal(work, from, columns, mean, epsilon);
            for (int j = 0; j < columns; j++) {
                work.set(to + j, (work.get(from + j) - mean) * reciprocal * gamma.get(gammaAt + j) + beta.get(betaAt + j));
            }
        }
    }

    /// Operands: x, gamma, g, dx.
    static void kernelLayerNormBackward(KernelContext c, IntArray control, IntArray table, FloatArray gamma, FloatArray work, int at,
            int rowsAt, int columnsAt, float epsilon) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            int columns = control.get(columnsAt);
            int from = table.get(row + 1) + i * columns;
            int gammaAt = table.get(row + 2);
            int gAt = table.get(row + 3) + i * columns;
            int to = table.get(row + 4) + i * columns;
            float mean = mean(work, from, columns);
            float reciprocal = reciprocal(work, from, columns, mean, epsilon);
            float sum = 0f;
            float normalSum = 0f;
            for (int j = 0; j < columns; j++) {
                float h = gamma.get(gammaAt + j) * work.get(gAt + j);
                sum += h;
                normalSum += h * ((work.get(from + j) - mean) * reciprocal);
            }
            float meanH = sum / columns;
            float meanNormal = normalSum / columns;
            for (int j = 0; j < columns; j++) {
                float h = gamma.get(gammaAt + j) * work.get(gAt + j);
                float normal = (work.get(from + j) - mean) * reciprocal;
                work.set(to + j, (h - meanH - normal * meanNormal) * reciprocal);
            }
        }
    }

    /// The mean of each row and its 1/√(σ² + ε), for the parameters' gradients. Operands: x, g, dGamma, dBeta, statistics [N, 2].
    static void kernelRowStatistics(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt, int columnsAt,
            float epsilon) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(rowsAt) * table.get(row)) {
            int columns = control.get(columnsAt);
            int from = table.get(row + 1) + i * columns;
            int to = table.get(row + 5) + 2 * i;
            float mean = mean(work, from, columns);
            work.set(to, mean);
            work.set(to + 1, reciprocal(work, from, columns, mean, epsilon));
        }
    }

    /// Operands: x, g, dGamma, dBeta, statistics.
    static void kernelLayerNormParameters(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt,
            int columnsAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int columns = control.get(columnsAt);
        int j = c.globalIdx;
        if (j < columns * table.get(row)) {
            int rows = control.get(rowsAt);
            int from = table.get(row + 1) + j;
            int gAt = table.get(row + 2) + j;
            int statistics = table.get(row + 5);
            float gamma = 0f;
            float beta = 0f;
            for (int i = 0; i < rows; i++) {
                float gradient = work.get(gAt + i * columns);
                float normal = (work.get(from + i * columns) - work.get(statistics + 2 * i)) * work.get(statistics + 2 * i + 1);
                gamma += gradient * normal;
                beta += gradient;
            }
            work.set(table.get(row + 3) + j, gamma);
            work.set(table.get(row + 4) + j, beta);
        }
    }

    /// √(w_i + Σ_k b_ik·x_ki), accumulated in double. Operands: w, b, x, y.
    static void kernelRowNorms(KernelContext c, IntArray control, IntArray table, FloatArray work, int at, int rowsAt, int rankAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int rows = control.get(rowsAt);
        int i = c.globalIdx;
        if (i < rows * table.get(row)) {
            int rank = control.get(rankAt);
            int b = table.get(row + 2) + i * rank;
            int x = table.get(row + 3) + i;
            double sum = work.get(table.get(row + 1) + i);
            for (int k = 0; k < rank; k++) {
                double left = work.get(b + k);
                double right = work.get(x + k * rows);
                sum += left * right;
            }
            work.set(table.get(row + 4) + i, (float) Math.sqrt(sum));
        }
    }
}
