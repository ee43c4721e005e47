package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Sums and products of n floats, element by element. Output may be an input at the same offset. Every operation is exact or rounded once a
/// step, so the scalar end has the bits of a vector lane.
public final class Elementwise {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;

    private Elementwise() {
    }

    /// z = x + y.
    public static void add(float[] x, int xo, float[] y, int yo, float[] z, int zo, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector.fromArray(V, x, xo + i).add(FloatVector.fromArray(V, y, yo + i)).intoArray(z, zo + i);
        }
        for (int i = whole; i < n; i++) {
            z[zo + i] = x[xo + i] + y[yo + i];
        }
    }

    /// z = x·y.
    public static void multiply(float[] x, int xo, float[] y, int yo, float[] z, int zo, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector.fromArray(V, x, xo + i).mul(FloatVector.fromArray(V, y, yo + i)).intoArray(z, zo + i);
        }
        for (int i = whole; i < n; i++) {
            z[zo + i] = x[xo + i] * y[yo + i];
        }
    }

    /// y = factor·x.
    public static void scale(float factor, float[] x, int xo, float[] y, int yo, int n) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector.fromArray(V, x, xo + i).mul(factor).intoArray(y, yo + i);
        }
        for (int i = whole; i < n; i++) {
            y[yo + i] = x[xo + i] * factor;
        }
    }

    /// z = factor·x + y, rounded once.
    public static void addScaled(float factor, float[] x, int xo, float[] y, int yo, float[] z, int zo, int n) {
        int whole = Lanes.whole(n);
        FloatVector f = FloatVector.broadcast(V, factor);
        for (int i = 0; i < whole; i += L) {
            f.fma(FloatVector.fromArray(V, x, xo + i), FloatVector.fromArray(V, y, yo + i)).intoArray(z, zo + i);
        }
        for (int i = whole; i < n; i++) {
            z[zo + i] = Math.fma(factor, x[xo + i], y[yo + i]);
        }
    }

    /// Column sums, a bias' gradient: sums`[c]` (+)= Σₜ x`[t, c]` for columns c0 … c1 − 1, the tokens in order from what `sums` holds. Work
    /// is split by columns, so no partial sums are joined.
    public static void addColumnSums(float[] x, int xo, int xs, int tokens, int c0, int c1, float[] sums, int so) {
        int whole = c0 + Lanes.whole(c1 - c0);
        for (int c = c0; c < whole; c += L) {
            FloatVector sum = FloatVector.fromArray(V, sums, so + c);
            for (int t = 0; t < tokens; t++) {
                sum = sum.add(FloatVector.fromArray(V, x, xo + t * xs + c));
            }
            sum.intoArray(sums, so + c);
        }
        for (int c = whole; c < c1; c++) {
            float sum = sums[so + c];
            for (int t = 0; t < tokens; t++) {
                sum += x[xo + t * xs + c];
            }
            sums[so + c] = sum;
        }
    }
}
