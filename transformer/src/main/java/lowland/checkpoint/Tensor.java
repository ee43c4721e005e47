package lowland.checkpoint;

import java.util.Arrays;

/// A tensor as it lies in a file: its shape and its values in row-major order. Both arrays belong to the tensor;
/// nobody writes to them.
///
/// @throws IllegalArgumentException if an extent is negative or the extents' product is not the number of values
public record Tensor(int[] shape, float[] data) {
    public Tensor {
        if (size(shape) != data.length) {
            throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " does not hold " + data.length + " values");
        }
    }

    /// A vector.
    public static Tensor vector(float... values) {
        return new Tensor(new int[] {values.length}, values);
    }

    /// A rows×columns matrix.
    public static Tensor matrix(int rows, int columns, float... values) {
        return new Tensor(new int[] {rows, columns}, values);
    }

    /// The matrix with rows and columns exchanged.
    public Tensor transposed() {
        if (shape.length != 2) {
            throw new IllegalArgumentException("only a matrix can be transposed, not " + Arrays.toString(shape));
        }
        int rows = shape[0];
        int columns = shape[1];
        float[] turned = new float[data.length];
        // Blocks of 32 keep both sides within the first cache.
        for (int i0 = 0; i0 < rows; i0 += 32) {
            int i1 = Math.min(rows, i0 + 32);
            for (int j0 = 0; j0 < columns; j0 += 32) {
                int j1 = Math.min(columns, j0 + 32);
                for (int i = i0; i < i1; i++) {
                    for (int j = j0; j < j1; j++) {
                        turned[j * rows + i] = data[i * columns + j];
                    }
                }
            }
        }
        return matrix(columns, rows, turned);
    }

    /// The index of the first value that is not finite, or -1.
    public int firstNotFinite() {
        for (int i = 0; i < data.length; i++) {
            if (!Float.isFinite(data[i])) {
                return i;
            }
        }
        return -1;
    }

    /// Same shape and the same values, a NaN equal to itself and 0 different from −0.
    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor(int[] s, float[] d) && Arrays.equals(shape, s) && Arrays.equals(data, d);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape);
    }

    private static long size(int[] shape) {
        long size = 1;
        for (int extent : shape) {
            if (extent < 0) {
                throw new IllegalArgumentException("negative extent in " + Arrays.toString(shape));
            }
            size = Math.multiplyExact(size, (long) extent);
        }
        return size;
    }
}
