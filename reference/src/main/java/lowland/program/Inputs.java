package lowland.program;

import java.util.HashMap;
import java.util.Map;

/// What a run is given: the sizes of the symbols and the inputs by name. Arrays may be longer than the run needs, so that one
/// set of buffers serves every batch; they are read, never kept.
public final class Inputs {
    private final Map<String, Integer> extents = new HashMap<>();
    private final Map<String, int[]> ints = new HashMap<>();
    private final Map<String, float[]> reals = new HashMap<>();
    private final Map<String, double[]> scalars = new HashMap<>();

    public Inputs extent(String symbol, int size) {
        extents.put(symbol, size);
        return this;
    }

    public Inputs ints(String name, int... values) {
        ints.put(name, values);
        return this;
    }

    public Inputs reals(String name, float... values) {
        reals.put(name, values);
        return this;
    }

    public Inputs scalar(String name, double value) {
        scalars.computeIfAbsent(name, _ -> new double[1])[0] = value;
        return this;
    }

    public Map<String, Integer> extents() {
        return extents;
    }

    /// @throws IllegalArgumentException if it was not given
    public int[] ints(String name) {
        return given(ints, name);
    }

    /// @throws IllegalArgumentException if it was not given
    public float[] reals(String name) {
        return given(reals, name);
    }

    /// @throws IllegalArgumentException if it was not given
    public double scalar(String name) {
        return given(scalars, name)[0];
    }

    private static <T> T given(Map<String, T> map, String name) {
        T value = map.get(name);
        if (value == null) {
            throw new IllegalArgumentException("input '" + name + "' was not given; given are " + map.keySet());
        }
        return value;
    }
}
