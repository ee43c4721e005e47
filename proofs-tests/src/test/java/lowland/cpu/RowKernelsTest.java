package lowland.cpu;

import static lowland.cpu.Floats.assertWithin;
import static lowland.cpu.Floats.gamma;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import lowland.program.operation.AdamW;
import lowland.program.operation.SgdMomentum;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Row kernels against plain double loops on the same float inputs.
class RowKernelsTest {
    private static final float EPSILON = 1e-5f;

    private static double[] normalised(float[] x, int at, int n) {
        double mean = 0;
        for (int c = 0; c < n; c++) {
            mean += x[at + c];
        }
        mean /= n;
        double variance = 0;
        for (int c = 0; c < n; c++) {
            variance += (x[at + c] - mean) * (x[at + c] - mean);
        }
        double inverse = 1 / Math.sqrt(variance / n + EPSILON);
        double[] h = new double[n + 1];
        for (int c = 0; c < n; c++) {
            h[c] = (x[at + c] - mean) * inverse;
        }
        h[n] = inverse;
        return h;
    }

    /// Errors: |δmean| ≤ γₙ·max|x|; the centred value adds u; the variance 2γₙ₊₃ relative and δmean² absolute, so the inverse about γₙ₊₆.
    @ParameterizedTest
    @ValueSource(ints = {2, 7, 8, 9, 16, 31, 32, 33, 97, 384})
    void layerNorm(int n) {
        int rows = 5;
        float[] x = Floats.random(3 + rows * n, 1);
        float[] dy = Floats.random(rows * n, 2);
        float[] gamma = Floats.random(n, 3);
        float[] beta = Floats.random(n, 4);
        float[] y = new float[rows * n];
        float[] dx = new float[rows * n];
        LayerNorm.forward(x, 3, gamma, 0, beta, 0, EPSILON, y, 0, n, 0, 2);
        LayerNorm.forward(x, 3, gamma, 0, beta, 0, EPSILON, y, 0, n, 2, rows);
        LayerNorm.backward(x, 3, gamma, 0, EPSILON, dy, 0, dx, 0, n, 0, rows);
        float[] statistics = new float[2 * rows];
        float[] dGamma = new float[n];
        float[] dBeta = new float[n];
        LayerNorm.statistics(x, 3, EPSILON, n, 0, rows, statistics, 0);
        LayerNorm.addParameterGradients(x, 3, statistics, 0, dy, 0, n, rows, 0, n / 2, dGamma, 0, dBeta, 0);
        LayerNorm.addParameterGradients(x, 3, statistics, 0, dy, 0, n, rows, n / 2, n, dGamma, 0, dBeta, 0);
        double[] sumG = new double[n];
        double[] sumB = new double[n];
        double[] sizeG = new double[n];
        double[] sizeB = new double[n];
        for (int r = 0; r < rows; r++) {
            double[] h = normalised(x, 3 + r * n, n);
            double i = h[n];
            double relative = gamma(3.0 * n + 12);
            double mean = 0;
            double meanH = 0;
            double sizeMean = 0;
            double sizeMeanH = 0;
            for (int c = 0; c < n; c++) {
                double g = (double) dy[r * n + c] * gamma[c];
                mean += g / n;
                meanH += g * h[c] / n;
                sizeMean += Math.abs(g) / n;
                sizeMeanH += Math.abs(g) * (Math.abs(h[c]) + i) / n;
            }
            for (int c = 0; c < n; c++) {
                double boundH = relative * (Math.abs(h[c]) + i);
                assertWithin("y", h[c] * gamma[c] + beta[c], y[r * n + c],
                    boundH * Math.abs(gamma[c]) + 2 * Floats.U * (Math.abs(h[c] * gamma[c]) + Math.abs(beta[c])));
                double g = (double) dy[r * n + c] * gamma[c];
                double size = i * (Math.abs(g) + sizeMean + 2 * (Math.abs(h[c]) + i) * sizeMeanH);
                assertWithin("dx", i * (g - mean - h[c] * meanH), dx[r * n + c], 3 * relative * size);
                sumG[c] += dy[r * n + c] * h[c];
                sumB[c] += dy[r * n + c];
                sizeG[c] += Math.abs(dy[r * n + c]) * (Math.abs(h[c]) + i);
                sizeB[c] += Math.abs(dy[r * n + c]);
            }
        }
        for (int c = 0; c < n; c++) {
            assertWithin("dGamma", sumG[c], dGamma[c], gamma(3.0 * n + 12 + rows) * sizeG[c]);
            assertWithin("dBeta", sumB[c], dBeta[c], gamma(rows) * sizeB[c]);
        }
    }

    @Test
    void layerNormOfARowDoesNotDependOnOthersAndKeepsNan() {
        int n = 37;
        float[] x = Floats.random(4 * n, 1);
        x[n + 3] = Float.NaN;
        float[] one = new float[n];
        Arrays.fill(one, 1f);
        float[] y = new float[4 * n];
        LayerNorm.forward(x, 0, one, 0, one, 0, EPSILON, y, 0, n, 0, 4);
        float[] alone = new float[n];
        LayerNorm.forward(x, 2 * n, one, 0, one, 0, EPSILON, alone, 0, n, 0, 1);
        Floats.assertSameBits("row 2", alone, Arrays.copyOfRange(y, 2 * n, 3 * n));
        for (int c = 0; c < n; c++) {
            assertTrue(Float.isNaN(y[n + c]));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 17, 40})
    void elementwise(int n) {
        float[] x = Floats.random(n + 1, 1);
        float[] y = Floats.random(n + 2, 2);
        float[] z = new float[n + 3];
        Elementwise.add(x, 1, y, 2, z, 3, n);
        for (int i = 0; i < n; i++) {
            assertEquals(x[1 + i] + y[2 + i], z[3 + i]);
        }
        Elementwise.multiply(x, 1, y, 2, z, 3, n);
        for (int i = 0; i < n; i++) {
            assertEquals(x[1 + i] * y[2 + i], z[3 + i]);
        }
        Elementwise.scale(0.3f, x, 1, z, 3, n);
        for (int i = 0; i < n; i++) {
            assertEquals(0.3f * x[1 + i], z[3 + i]);
        }
        Elementwise.addScaled(0.3f, x, 1, y, 2, z, 3, n);
        for (int i = 0; i < n; i++) {
            assertEquals(Math.fma(0.3f, x[1 + i], y[2 + i]), z[3 + i]);
        }
        float[] t = Floats.random(n, 3);
        float[] dt = new float[n];
        Activations.tanhBackward(t, 0, y, 2, dt, 0, n);
        for (int i = 0; i < n; i++) {
            double expected = (1 - (double) t[i] * t[i]) * y[2 + i];
            assertWithin("tanh'", expected, dt[i], gamma(2) * Math.abs(expected));
        }
        int tokens = 29;
        float[] m = Floats.random(tokens * n, 4);
        float[] sums = new float[n];
        Elementwise.addColumnSums(m, 0, n, tokens, 0, n / 2, sums, 0);
        Elementwise.addColumnSums(m, 0, n, tokens, n / 2, n, sums, 0);
        for (int c = 0; c < n; c++) {
            double sum = 0;
            double size = 0;
            for (int r = 0; r < tokens; r++) {
                sum += m[r * n + c];
                size += Math.abs(m[r * n + c]);
            }
            assertWithin("column sum", sum, sums[c], gamma(tokens) * size);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 100})
    void crossEntropy(int classes) {
        int rows = 6;
        float[] z = Floats.random(rows * classes, 1);
        Elementwise.scale(8f, z, 0, z, 0, z.length);
        int[] labels = new int[rows];
        float[] weights = Floats.random(rows, 2);
        for (int r = 0; r < rows; r++) {
            labels[r] = r * 7 % classes;
        }
        for (float s : new float[] {0f, 0.1f}) {
            float[] losses = new float[rows];
            float[] dz = new float[z.length];
            Losses.crossEntropy(z, 0, labels, 0, s, losses, 0, classes, 0, rows, new float[classes], 0);
            Losses.crossEntropyBackward(z, 0, labels, 0, s, weights, 0, dz, 0, classes, 0, rows);
            for (int r = 0; r < rows; r++) {
                double most = Double.NEGATIVE_INFINITY;
                double mean = 0;
                for (int c = 0; c < classes; c++) {
                    most = Math.max(most, z[r * classes + c]);
                    mean += (double) z[r * classes + c] / classes;
                }
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum += Math.exp(z[r * classes + c] - most);
                }
                double loss = most + Math.log(sum) - (1 - (double) s) * z[r * classes + labels[r]] - s * mean;
                // exp: 1.5e-7 and a rounded argument of at most 16; the sum of them, at most γ; the loss is rounded once.
                double relative = 1.5e-7 + 16 * Floats.U + gamma(classes);
                assertWithin("loss", loss, losses[r], relative + Floats.U * Math.abs(loss));
                for (int c = 0; c < classes; c++) {
                    double p = Math.exp(z[r * classes + c] - most) / sum;
                    double target = s / classes + (c == labels[r] ? 1 - (double) s : 0);
                    assertWithin("dz", weights[r] * (p - target), dz[r * classes + c],
                        Math.abs(weights[r]) * ((2 * relative + gamma(3)) * p + gamma(4) * target));
                }
            }
        }
        z[0] = Float.NaN;
        float[] losses = new float[rows];
        Losses.crossEntropy(z, 0, labels, 0, 0f, losses, 0, classes, 0, rows, new float[classes], 0);
        assertTrue(Float.isNaN(losses[0]) && !Float.isNaN(losses[1]));
        labels[2] = classes;
        assertThrows(IndexOutOfBoundsException.class,
            () -> Losses.crossEntropy(z, 0, labels, 0, 0f, losses, 0, classes, 0, rows, new float[classes], 0));
    }

    @Test
    void squaredError() {
        float[] p = {1f, 2.5f};
        float[] t = {0.5f, 3f};
        float[] out = new float[2];
        Losses.squaredError(p, 0, t, 0, out, 0, 0, 2);
        assertEquals(0.25f, out[0]);
        Losses.squaredErrorBackward(p, 0, t, 0, new float[] {0.5f, 2f}, 0, out, 0, 0, 2);
        assertEquals(0.5f, out[0]);
        assertEquals(-2f, out[1]);
    }

    /// The mask after its definition, element by element, in rows that end within a vector; the share kept within five standard deviations.
    @Test
    void dropout() {
        int n = 1003;
        float[] x = Floats.random(3 * n, 1);
        float[] y = new float[3 * n];
        long[] keys = {42, -7, 123456789};
        long threshold = Math.round(0.1 * 0x1p32);
        DropoutMask.apply(x, 0, keys, 0, threshold, 2f, y, 0, n, 0, 3);
        int kept = 0;
        for (int i = 0; i < 3 * n; i++) {
            long z = keys[i / n] + (i % n + 1) * 0x9E3779B97F4A7C15L;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z = z ^ (z >>> 31);
            boolean keep = Long.compareUnsigned(z, threshold << 32) >= 0;
            kept += keep ? 1 : 0;
            assertEquals(keep ? 2 * x[i] : 0f, y[i]);
        }
        assertWithin("share kept", 0.9 * 3 * n, kept, 5 * Math.sqrt(3 * n * 0.09));
        DropoutMask.apply(x, 0, keys, 0, 0, 1f, y, 0, n, 0, 3);
        Floats.assertSameBits("nothing dropped", x, y);
    }

    @Test
    void rows() {
        int n = 11;
        float[] table = Floats.random(7 * n, 1);
        int[] ids = {3, 0, 3, 6, 3};
        float[] y = new float[5 * n];
        Rows.gather(table, 0, 7, n, ids, 0, y, 0, 0, 5);
        for (int i = 0; i < y.length; i++) {
            assertEquals(table[ids[i / n] * n + i % n], y[i]);
        }
        float[] dTable = new float[7 * n];
        Rows.scatterAdd(y, 0, ids, 0, 5, dTable, 0, 7, n, 0, 4);
        Rows.scatterAdd(y, 0, ids, 0, 5, dTable, 0, 7, n, 4, n);
        for (int c = 0; c < n; c++) {
            float v = table[3 * n + c];
            assertEquals(v + v + v, dTable[3 * n + c]);
            assertEquals(0f, dTable[5 * n + c]);
        }
        int[] starts = {0, 2, 2, 5};
        float[] means = new float[3 * n];
        Rows.means(y, 0, starts, 0, n, means, 0, 0, 3);
        float[] dx = new float[5 * n];
        Rows.meansBackward(means, 0, starts, 0, n, dx, 0, 0, 3);
        for (int c = 0; c < n; c++) {
            assertWithin("mean", ((double) y[c] + y[n + c]) / 2, means[c], gamma(3) * 2);
            assertEquals(0f, means[n + c]);
            assertWithin("mean", ((double) y[2 * n + c] + y[3 * n + c] + y[4 * n + c]) / 3, means[2 * n + c], gamma(5) * 3);
            assertEquals(means[c] * 0.5f, dx[n + c]);
            assertEquals(means[2 * n + c] * (1f / 3), dx[4 * n + c]);
        }
        assertThrows(IndexOutOfBoundsException.class, () -> Rows.gather(table, 0, 7, n, new int[] {7}, 0, y, 0, 0, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 13, 40})
    void updates(int n) {
        float[] p = Floats.random(n, 1);
        float[] g = Floats.random(n, 2);
        float[] m = Floats.random(n, 3);
        float[] v = Floats.random(n, 4);
        Elementwise.multiply(v, 0, v, 0, v, 0, n);
        float[] p0 = p.clone();
        float[] m0 = m.clone();
        float[] v0 = v.clone();
        Descents.Coefficients now = new Descents.Coefficients();
        now.set(1, 1e-2, 1 - Math.pow(0.9, 3), 1 - Math.pow(0.999, 3));
        AdamW.Constants adamW = new AdamW.Constants(0.9, 0.999, 1e-8, 0.1);
        adamW(now, adamW, p, g, m, v, 0, n);
        for (int i = 0; i < n; i++) {
            double mean = 0.9 * m0[i] + (1 - 0.9) * g[i];
            double square = 0.999 * v0[i] + (1 - 0.999) * (double) g[i] * g[i];
            double sizeM = 0.9 * Math.abs(m0[i]) + 0.1 * Math.abs(g[i]);
            assertWithin("m", mean, m[i], gamma(3) * sizeM);
            assertWithin("v", square, v[i], gamma(4) * square);
            double root = Math.sqrt(square / (1 - Math.pow(0.999, 3))) + 1e-8;
            double factor = 1e-2 / (1 - Math.pow(0.9, 3)) / root;
            double expected = p0[i] * (1 - 1e-2 * 0.1) - factor * mean;
            assertWithin("p", expected, p[i], gamma(3) * Math.abs(p0[i]) + gamma(14) * factor * sizeM);
        }
        float[] u0 = Floats.random(n, 5);
        float[] q = p0.clone();
        float[] u = u0.clone();
        now.set(0.5, 1e-2, 1, 1);
        sgd(now, q, g, u, 0, n);
        for (int i = 0; i < n; i++) {
            double velocity = 0.9 * u0[i] + 0.5 * g[i] + 0.1 * p0[i];
            double size = 0.9 * Math.abs(u0[i]) + 0.5 * Math.abs(g[i]) + 0.1 * Math.abs(p0[i]);
            assertWithin("u", velocity, u[i], gamma(4) * size);
            assertWithin("sgd", p0[i] - 1e-2 * velocity, q[i], gamma(1) * Math.abs(p0[i]) + gamma(6) * 1e-2 * size);
        }
        // One by one, each is a ragged end: the same bits.
        float[] pOne = p0.clone();
        float[] mOne = m0.clone();
        float[] vOne = v0.clone();
        float[] qOne = p0.clone();
        float[] uOne = u0.clone();
        for (int i = 0; i < n; i++) {
            sgd(now, qOne, g, uOne, i, i + 1);
        }
        now.set(1, 1e-2, 1 - Math.pow(0.9, 3), 1 - Math.pow(0.999, 3));
        for (int i = 0; i < n; i++) {
            adamW(now, adamW, pOne, g, mOne, vOne, i, i + 1);
        }
        assertArrayEquals(p, pOne);
        assertArrayEquals(m, mOne);
        assertArrayEquals(v, vOne);
        assertArrayEquals(q, qOne);
        assertArrayEquals(u, uOne);
    }

    private static void adamW(Descents.Coefficients now, AdamW.Constants constants, float[] p, float[] g, float[] m, float[] v, int from, int to) {
        Reals atP = new Reals(p, 0);
        Reals atM = new Reals(m, 0);
        Reals atV = new Reals(v, 0);
        Descents.adamW(now, constants, atP, new Reals(g, 0), atM, atV, atP, atM, atV, from, to);
    }

    private static void sgd(Descents.Coefficients now, float[] p, float[] g, float[] u, int from, int to) {
        Reals atP = new Reals(p, 0);
        Reals atU = new Reals(u, 0);
        SgdMomentum constants = new SgdMomentum(null, null, null, null, null, 0.9, 0.1, null, null);
        Descents.sgd(now, constants, atP, new Reals(g, 0), atU, atP, atU, from, to);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4095, 4097, 9001})
    void doubleSums(int n) {
        float[] x = Floats.random(n * 3, 1);
        float[] y = Floats.random(n * 2, 2);
        int chunks = DoubleSums.chunks(n);
        double[] partials = new double[chunks];
        double expected = 0;
        for (int c = 0; c < chunks; c++) {
            partials[c] = DoubleSums.inner(x, 0, y, 0, n, c);
        }
        double size = 0;
        for (int i = 0; i < n; i++) {
            expected += (double) x[i] * y[i];
            size += Math.abs((double) x[i] * y[i]);
        }
        assertWithin("inner", expected, DoubleSums.total(partials, 0, chunks), 2.0 * n * 0x1p-53 * size);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,2", "4,4", "5,4", "4,7", "8,8", "9,16", "16,13"})
    void gramProductsAddInTheirOrder(int p, int q) {
        for (int n : new int[] {1, 3, 4, 5, 97, 386}) {
            float[] x = Floats.random(n * p + 1, 1);
            float[] y = Floats.random(n * q + 2, 2);
            float[] xT = new float[p * n + 1];
            float[] yT = new float[q * n + 2];
            Transpose.copy(x, 1, p, n, p, xT, 1, n);
            Transpose.copy(y, 2, q, n, q, yT, 2, n);
            double[] columns = new double[p * q + 3];
            double[] rows = new double[p * q + 3];
            int blocks = GramProducts.blocks(p, q);
            GramProducts.ofColumns(x, 1, p, y, 2, q, n, 0, blocks / 2, columns, 3);
            GramProducts.ofColumns(x, 1, p, y, 2, q, n, blocks / 2, blocks, columns, 3);
            GramProducts.ofRows(xT, 1, p, yT, 2, q, n, 0, blocks / 2, rows, 3);
            GramProducts.ofRows(xT, 1, p, yT, 2, q, n, blocks / 2, blocks, rows, 3);
            for (int i = 0; i < p; i++) {
                for (int j = 0; j < q; j++) {
                    double inOrder = 0;
                    double[] everyFourth = new double[4];
                    for (int t = 0; t < n; t++) {
                        double product = (double) x[1 + t * p + i] * y[2 + t * q + j];
                        inOrder += product;
                        everyFourth[t < n / 4 * 4 ? t % 4 : 0] += product;
                    }
                    assertEquals(inOrder, columns[3 + i * q + j], 0.0);
                    assertEquals((everyFourth[0] + everyFourth[2]) + (everyFourth[1] + everyFourth[3]), rows[3 + i * q + j], 0.0);
                }
            }
        }
    }
}
