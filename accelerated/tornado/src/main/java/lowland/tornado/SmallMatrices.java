package lowland.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// The double-precision side of a step: Gram matrices, r×r algebra, norms and scalars.
final class SmallMatrices {
    private SmallMatrices() {}

    static void kernelAddDouble(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            small.set(table.get(row + 3) + i, small.get(table.get(row + 1) + i) + small.get(table.get(row + 2) + i));
        }
    }

    static void kernelMultiplyDouble(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            small.set(table.get(row + 3) + i, small.get(table.get(row + 1) + i) * small.get(table.get(row + 2) + i));
        }
    }

    /// Operands: x, factor, y.
    static void kernelScaleDouble(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            small.set(table.get(row + 3) + i, small.get(table.get(row + 2)) * small.get(table.get(row + 1) + i));
        }
    }

    static void kernelFillDouble(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        int i = c.globalIdx;
        if (i < control.get(size) * table.get(row)) {
            small.set(table.get(row + 2) + i, small.get(table.get(row + 1)));
        }
    }

    static void kernelConstant(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, double value) {
        int row = Row.of(c.globalIdx, control, table, at);
        if (c.globalIdx < table.get(row)) {
            small.set(table.get(row + 1), value);
        }
    }

    /// Operands: a, b, y; a work-item an element of y [R, Q].
    static void kernelGram(KernelContext c, IntArray control, IntArray table, FloatArray work, DoubleArray small, int at, int rowsAt,
            int columnsAt, int depthAt, int axis) {
        int row = Row.of(c.globalIdx, control, table, at);
        int rows = control.get(rowsAt);
        int columns = control.get(columnsAt);
        int element = c.globalIdx;
        if (element < rows * columns * table.get(row)) {
            int depth = control.get(depthAt);
            int i = element / columns;
            int j = element - i * columns;
            int aAt = table.get(row + 1) + (axis == 0 ? i : i * depth);
            int bAt = table.get(row + 2) + (axis == 0 ? j : j * depth);
            int aStep = axis == 0 ? rows : 1;
            int bStep = axis == 0 ? columns : 1;
            double sum = 0.0;
            for (int k = 0; k < depth; k++) {
                double x = work.get(aAt + k * aStep);
                double y = work.get(bAt + k * bStep);
                sum += x * y;
            }
            small.set(table.get(row + 3) + element, sum);
        }
    }

    /// Operands: a, b, y; a work-item an element of y.
    static void kernelSmallProduct(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int rowsAt, int columnsAt,
            int depthAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        int columns = control.get(columnsAt);
        int element = c.globalIdx;
        if (element < control.get(rowsAt) * columns * table.get(row)) {
            int depth = control.get(depthAt);
            int i = element / columns;
            int j = element - i * columns;
            int aAt = table.get(row + 1) + i * depth;
            int bAt = table.get(row + 2) + j;
            double sum = 0.0;
            for (int k = 0; k < depth; k++) {
                sum += small.get(aAt + k) * small.get(bAt + k * columns);
            }
            small.set(table.get(row + 3) + element, sum);
        }
    }

    /// Operands: a, b, y; one work-item.
    static void kernelInner(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int size) {
        int row = Row.of(c.globalIdx, control, table, at);
        if (c.globalIdx < table.get(row)) {
            int count = control.get(size);
            int a = table.get(row + 1);
            int b = table.get(row + 2);
            double sum = 0.0;
            for (int i = 0; i < count; i++) {
                sum += small.get(a + i) * small.get(b + i);
            }
            small.set(table.get(row + 3), sum);
        }
    }

    /// The first of two passes of a sum over all elements: each of `parts` work-items sums every parts-th. Operands: x, y, parts.
    ///
    /// @param squared 1 for squares
    static void kernelPartialSums(KernelContext c, IntArray control, IntArray table, FloatArray work, DoubleArray small, int at, int size,
            int parts, int squared) {
        int row = Row.of(c.globalIdx, control, table, at);
        int part = c.globalIdx;
        if (part < parts * table.get(row)) {
            int count = control.get(size);
            int from = table.get(row + 1);
            double sum = 0.0;
            for (int i = part; i < count; i += parts) {
                double value = work.get(from + i);
                sum += squared == 1 ? value * value : value;
            }
            small.set(table.get(row + 3) + part, sum);
        }
    }

    /// The second pass; one work-item.
    static void kernelTotal(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int parts) {
        int row = Row.of(c.globalIdx, control, table, at);
        if (c.globalIdx < table.get(row)) {
            int from = table.get(row + 3);
            double sum = 0.0;
            for (int i = 0; i < parts; i++) {
                sum += small.get(from + i);
            }
            small.set(table.get(row + 2), sum);
        }
    }

    /// A run of scalar operations, one behind the other, by one work-item. A row each: kind, a, b, y behind the mark of activity.
    ///
    /// @param count operations
    /// @param stride integers from the rows of one to those of the next
    static void kernelScalars(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int count, int stride) {
        if (c.globalIdx < 1) {
            int first = Row.of(c.globalIdx, control, table, at);
            for (int k = 0; k < count; k++) {
                int row = first + k * stride;
                if (table.get(row) == 1) {
                    int kind = table.get(row + 1);
                    double a = small.get(table.get(row + 2));
                    double b = small.get(table.get(row + 3));
                    double y = a;
                    if (kind == ADD) {
                        y = a + b;
                    } else if (kind == SUBTRACT) {
                        y = a - b;
                    } else if (kind == MULTIPLY) {
                        y = a * b;
                    } else if (kind == DIVIDE) {
                        y = a / b;
                    } else if (kind == MINIMUM) {
                        y = a != a ? a : (b < a ? b : (b != b ? b : a));
                    } else if (kind == MAXIMUM) {
                        y = a != a ? a : (b > a ? b : (b != b ? b : a));
                    } else if (kind == DIVIDE_OR_ZERO) {
                        y = b == 0.0 ? 0.0 : a / b;
                    } else if (kind == SQUARE_ROOT) {
                        y = Math.sqrt(a);
                    } else if (kind == CLIP) {
                        y = a == 0.0 ? 0.0 : (b <= a ? 1.0 : a / b);
                    } else if (kind == UNLESS_ZERO) {
                        y = a == 0.0 ? 0.0 : b;
                    }
                    small.set(table.get(row + 4), y);
                }
            }
        }
    }

    static final int ADD = 0;
    static final int SUBTRACT = 1;
    static final int MULTIPLY = 2;
    static final int DIVIDE = 3;
    static final int MINIMUM = 4;
    static final int MAXIMUM = 5;
    static final int DIVIDE_OR_ZERO = 6;
    static final int SQUARE_ROOT = 7;
    static final int CLIP = 8;
    static final int UNLESS_ZERO = 9;

    /// The pseudo-inverse of a symmetric positive semi-definite matrix and its root, by cyclic Jacobi rotations; one work-item. Operands:
    /// x, y, root, and scratch of 2·r² doubles: the matrix under rotation, and the eigenvectors.
    static void kernelPseudoInverse(KernelContext c, IntArray control, IntArray table, DoubleArray small, int at, int rankAt) {
        int row = Row.of(c.globalIdx, control, table, at);
        if (c.globalIdx < table.get(row)) {
            int r = control.get(rankAt);
            int x = table.get(row + 1);
            int y = table.get(row + 2);
            int root = table.get(row + 3);
            int a = table.get(row + 4);
            int v = a + r * r;
            double norm = 0.0;
            for (int i = 0; i < r * r; i++) {
                double element = small.get(x + i);
                norm += element * element;
                small.set(a + i, element);
                small.set(v + i, 0.0);
            }
            for (int i = 0; i < r; i++) {
                small.set(v + i * r + i, 1.0);
            }
            // Infinite minus infinite, or NaN: both are not zero.
            int finite = norm - norm == 0.0 ? 1 : 0;
            int sweeps = finite * 60;
            for (int sweep = 0; sweep < sweeps; sweep++) {
                double off = 0.0;
                for (int i = 0; i < r; i++) {
                    for (int j = 0; j < i; j++) {
                        double element = small.get(a + i * r + j);
                        off += element * element;
                    }
                }
                if (off <= 1e-34 * norm) {
                    sweep = 60;
                } else {
                    for (int p = 0; p < r; p++) {
                        for (int q = p + 1; q < r; q++) {
                            rotate(small, a, v, r, p, q);
                        }
                    }
                }
            }
            double largest = 0.0;
            for (int i = 0; i < r; i++) {
                double eigenvalue = small.get(a + i * r + i);
                if (eigenvalue > largest) {
                    largest = eigenvalue;
                }
            }
            double cut = 1e-12 * largest;
            for (int i = 0; i < r; i++) {
                for (int j = 0; j < r; j++) {
                    double sum = 0.0;
                    double rootSum = 0.0;
                    for (int k = 0; k < r; k++) {
                        double eigenvalue = small.get(a + k * r + k);
                        if (eigenvalue > cut) {
                            double both = small.get(v + i * r + k) * small.get(v + j * r + k);
                            sum += both / eigenvalue;
                            rootSum += both / Math.sqrt(eigenvalue);
                        }
                    }
                    if (finite == 0) {
                        sum = norm - norm;
                        rootSum = norm - norm;
                    }
                    small.set(y + i * r + j, sum);
                    small.set(root + i * r + j, rootSum);
                }
            }
        }
    }

    /// One Jacobi rotation that annihilates a_pq: A ← JᵀAJ, V ← VJ.
    private static void rotate(DoubleArray small, int a, int v, int r, int p, int q) {
        double apq = small.get(a + p * r + q);
        if (apq != 0.0) {
            double theta = (small.get(a + q * r + q) - small.get(a + p * r + p)) / (2.0 * apq);
            double size = theta < 0.0 ? -theta : theta;
            double t = (theta >= 0.0 ? 1.0 : -1.0) / (size + Math.sqrt(theta * theta + 1.0));
            double cosine = 1.0 / Math.sqrt(t * t + 1.0);
            double sine = t * cosine;
            double app = small.get(a + p * r + p) - t * apq;
            double aqq = small.get(a + q * r + q) + t * apq;
            for (int k = 0; k < r; k++) {
                double akp = small.get(a + k * r + p);
                double akq = small.get(a + k * r + q);
                double first = cosine * akp - sine * akq;
                double second = sine * akp + cosine * akq;
                small.set(a + k * r + p, first);
                small.set(a + p * r + k, first);
                small.set(a + k * r + q, second);
                small.set(a + q * r + k, second);
                double vkp = small.get(v + k * r + p);
                double vkq = small.get(v + k * r + q);
                small.set(v + k * r + p, cosine * vkp - sine * vkq);
                small.set(v + k * r + q, sine * vkp + cosine * vkq);
            }
            small.set(a + p * r + p, app);
            small.set(a + q * r + q, aqq);
            // Exactly: with a rounding error left there the sweeps would never end.
            small.set(a + p * r + q, 0.0);
            small.set(a + q * r + p, 0.0);
        }
    }
}
