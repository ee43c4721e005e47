package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The Moore–Penrose pseudo-inverse of a small symmetric positive semi-definite DOUBLE matrix [r, r] (a Gram matrix), and its root, by
/// cyclic Jacobi rotations:
///
///     X = V·diag(λ)·Vᵀ,  Y = X⁺ = V·diag(λᵢ > 1e-12·λ₁ ? 1/λᵢ : 0)·Vᵀ,  root = V·diag(λᵢ > 1e-12·λ₁ ? 1/√λᵢ : 0)·Vᵀ,  root·root = Y
///
/// A Gram matrix has the squares of the factor's singular values: the cut is σᵢ ≤ 1e-6·σ₁ there. Zero gives zero; NaN gives NaN.
public record PseudoInverse(Value x, Value y, Value root) implements Operation {
    public static final double CUT = 1e-12;

    public static Shape shape(Value x) {
        Require.rank("pseudoInverse", x, ElementType.DOUBLE, 2);
        return Require.shape("pseudoInverse", x, ElementType.DOUBLE, x.shape().extent(0), x.shape().extent(0));
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y, root);
    }

    @Override
    public void interpret(Memory m) {
        int r = m.extent(x, 0);
        double[] a = m.reals(x).clone();
        double[] vectors = new double[r * r];
        of(a, r, vectors, m.reals(y), m.reals(root));
    }

    /// Inverts in given arrays of r·r elements: `a` and `vectors` are scratch, `inverse` and `root` are set.
    public static void of(double[] a, int r, double[] vectors, double[] inverse, double[] root) {
        double norm = 0;
        for (int i = 0; i < r * r; i++) {
            norm += a[i] * a[i];
            vectors[i] = i % (r + 1) == 0 ? 1 : 0;
        }
        if (!Double.isFinite(norm)) {
            java.util.Arrays.fill(inverse, 0, r * r, Double.NaN);
            java.util.Arrays.fill(root, 0, r * r, Double.NaN);
            return;
        }
        for (int sweep = 0; sweep < 60 && offDiagonal(a, r) > 1e-34 * norm; sweep++) {
            for (int p = 0; p < r; p++) {
                for (int q = p + 1; q < r; q++) {
                    rotate(a, vectors, r, p, q);
                }
            }
        }
        double largest = 0;
        for (int i = 0; i < r; i++) {
            largest = Math.max(largest, a[i * r + i]);
        }
        for (int i = 0; i < r; i++) {
            for (int j = 0; j < r; j++) {
                double sum = 0;
                double rootSum = 0;
                for (int k = 0; k < r; k++) {
                    double eigenvalue = a[k * r + k];
                    if (eigenvalue > CUT * largest) {
                        double both = vectors[i * r + k] * vectors[j * r + k];
                        sum += both / eigenvalue;
                        rootSum += both / Math.sqrt(eigenvalue);
                    }
                }
                inverse[i * r + j] = sum;
                root[i * r + j] = rootSum;
            }
        }
    }

    private static double offDiagonal(double[] a, int r) {
        double sum = 0;
        for (int i = 0; i < r; i++) {
            for (int j = 0; j < i; j++) {
                sum += a[i * r + j] * a[i * r + j];
            }
        }
        return sum;
    }

    /// One Jacobi rotation that annihilates a_pq: A ← JᵀAJ, V ← VJ.
    private static void rotate(double[] a, double[] vectors, int r, int p, int q) {
        double apq = a[p * r + q];
        if (apq == 0) {
            return;
        }
        double theta = (a[q * r + q] - a[p * r + p]) / (2 * apq);
        double t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        double cosine = 1 / Math.sqrt(t * t + 1);
        double sine = t * cosine;
        double app = a[p * r + p] - t * apq;
        double aqq = a[q * r + q] + t * apq;
        for (int k = 0; k < r; k++) {
            double akp = a[k * r + p];
            double akq = a[k * r + q];
            double first = cosine * akp - sine * akq;
            double second = sine * akp + cosine * akq;
            a[k * r + p] = first;
            a[p * r + k] = first;
            a[k * r + q] = second;
            a[q * r + k] = second;
            double vkp = vectors[k * r + p];
            double vkq = vectors[k * r + q];
            vectors[k * r + p] = cosine * vkp - sine * vkq;
            vectors[k * r + q] = sine * vkp + cosine * vkq;
        }
        a[p * r + p] = app;
        a[q * r + q] = aqq;
        // Exactly: with a rounding error left there the sweeps would never end.
        a[p * r + q] = 0;
        a[q * r + p] = 0;
    }
}
