package lowland.theory;

import org.ejml.simple.SimpleMatrix;

/// A Householder QR of a tall matrix, element by element, that counts its multiplications and additions as it makes them: P1's route to
/// the pseudo-inverse, and what it costs.
///
/// For n×r the count is 2r²(n − r/3) and terms of order n·r for R, and as much again for the thin Q: O(r²·n), as P1 says of the tall one of
/// X and Xᵀ.
///
/// @param q      n×r, orthonormal columns
/// @param r      r×r, upper triangular
/// @param flopsR multiplications, additions, divisions and roots for R
/// @param flopsQ those for the thin Q
public record HouseholderQr(SimpleMatrix q, SimpleMatrix r, long flopsR, long flopsQ) {

    /// @param x at least as many rows as columns
    public static HouseholderQr of(SimpleMatrix x) {
        int rows = x.getNumRows();
        int columns = x.getNumCols();
        if (rows < columns) {
            throw new IllegalArgumentException("a " + rows + "×" + columns + " matrix is not tall: factor its transpose");
        }
        SimpleMatrix work = x.copy();
        double[][] reflectors = new double[columns][];
        double[] twoOverSquare = new double[columns];
        long[] flops = new long[2];
        for (int k = 0; k < columns; k++) {
            double[] v = new double[rows];
            double square = 0;
            for (int i = k; i < rows; i++) {
                v[i] = work.get(i, k);
                square += v[i] * v[i];
            }
            double norm = Math.sqrt(square);
            double head = v[k];
            v[k] += head < 0 ? -norm : norm;
            double reflectorSquare = square - head * head + v[k] * v[k];
            twoOverSquare[k] = reflectorSquare == 0 ? 0 : 2 / reflectorSquare;
            flops[0] += 2L * (rows - k) + 7;
            reflectors[k] = v;
            for (int j = k; j < columns; j++) {
                flops[0] += reflect(work, j, v, k, twoOverSquare[k]);
            }
        }
        SimpleMatrix q = new SimpleMatrix(rows, columns);
        for (int j = 0; j < columns; j++) {
            q.set(j, j, 1);
        }
        for (int k = columns - 1; k >= 0; k--) {
            // Columns before k are still unit vectors that reflector k does not touch.
            for (int j = k; j < columns; j++) {
                flops[1] += reflect(q, j, reflectors[k], k, twoOverSquare[k]);
            }
        }
        SimpleMatrix r = new SimpleMatrix(columns, columns);
        for (int i = 0; i < columns; i++) {
            for (int j = i; j < columns; j++) {
                r.set(i, j, work.get(i, j));
            }
        }
        return new HouseholderQr(q, r, flops[0], flops[1]);
    }

    /// Column j ← (I − (2/‖v‖²)·v·vᵀ)·column j, v zero above k. Returns its flops.
    private static long reflect(SimpleMatrix x, int j, double[] v, int k, double twoOverSquare) {
        double dot = 0;
        for (int i = k; i < v.length; i++) {
            dot += v[i] * x.get(i, j);
        }
        double factor = twoOverSquare * dot;
        for (int i = k; i < v.length; i++) {
            x.set(i, j, x.get(i, j) - factor * v[i]);
        }
        return 4L * (v.length - k) + 1;
    }
}
