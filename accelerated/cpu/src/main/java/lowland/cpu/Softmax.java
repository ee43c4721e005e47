package lowland.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The pieces of a softmax over n floats of one row: greatest value, exponentials and their sum. The order of each sum depends on n alone.
final class Softmax {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;

    private Softmax() {
    }

    /// The greatest of n ≥ 1 values; NaN if one is NaN.
    static float max(float[] x, int at, int n) {
        int whole = Lanes.whole(n);
        FloatVector most = FloatVector.broadcast(V, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < whole; i += L) {
            most = most.max(FloatVector.fromArray(V, x, at + i));
        }
        float result = Lanes.max(most);
        for (int i = whole; i < n; i++) {
            result = Math.max(result, x[at + i]);
        }
        return result;
    }

    /// Writes exp(x − max) to y and returns the sum. y may be x.
    static float exponentials(float[] x, int at, int n, float max, float[] y, int to) {
        int whole = Lanes.whole(n);
        float sum = wholeExponentials(x, at, whole, max, y, to);
        if (whole < n) {
            float[] end = Lanes.end();
            Arrays.fill(end, 0, L, Float.NEGATIVE_INFINITY);
            System.arraycopy(x, at + whole, end, 0, n - whole);
            sum += wholeExponentials(end, 0, L, max, end, L);
            System.arraycopy(end, L, y, to + whole, n - whole);
        }
        return sum;
    }

    /// Two loops: with the sum in the first, it is boxed once a row.
    private static float wholeExponentials(float[] x, int at, int n, float max, float[] y, int to) {
        for (int i = 0; i < n; i += L) {
            VectorMath.exp(FloatVector.fromArray(V, x, at + i).sub(max)).intoArray(y, to + i);
        }
        return wholeSum(y, to, n);
    }

    private static float wholeSum(float[] y, int at, int n) {
        FloatVector sum = FloatVector.zero(V);
        for (int i = 0; i < n; i += L) {
            sum = sum.add(FloatVector.fromArray(V, y, at + i));
        }
        return Lanes.sum(sum);
    }
}
