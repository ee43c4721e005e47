package lowland.program;

/// The values that one operation sees at one layer. Arrays are row-major and live: writing to an output's array sets it.
public interface Memory {
    /// The layer of the current iteration; 0 in a stage that runs once.
    int layer();

    /// The size of an axis in this run.
    int extent(Value value, int axis);

    /// The elements of a REAL or DOUBLE value.
    double[] reals(Value value);

    /// The elements of an INT value.
    int[] ints(Value value);

    /// The only element of a DOUBLE scalar.
    default double scalar(Value value) {
        return reals(value)[0];
    }

    /// The number of elements in this run.
    default int size(Value value) {
        int size = 1;
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            size *= extent(value, axis);
        }
        return size;
    }
}
