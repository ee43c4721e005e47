package lowland.program;

/// Programs compiled for a device, with their states.
public interface Session extends AutoCloseable {
    /// Sets one slice of a REAL state (layer 0 of a plain one).
    /// @throws IllegalArgumentException if the state is unknown or the number of values differs
    default void write(State state, int layer, float[] values) {
        if (values.length != state.size()) {
            throw new IllegalArgumentException("state '" + state.name() + "' holds " + state.size() + " values, not " + values.length);
        }
        write(state, layer, 0, values, values.length);
    }

    /// Sets a part of one slice: `count` elements from the index `from` on, to the first of `values`. So a large tensor needs no second
    /// array of its size.
    /// @throws IllegalArgumentException if the state is unknown or does not have these elements
    void write(State state, int layer, int from, float[] values, int count);

    /// Refuses a part that a state or an array does not have.
    /// @throws IllegalArgumentException if it does not
    static void requirePart(State state, int from, float[] values, int count) {
        if (count > values.length) {
            throw new IllegalArgumentException("an array of " + values.length + " values does not hold " + count + " for state '"
                    + state.name() + "'");
        }
        if (from < 0 || count < 0 || from > state.size() - count) {
            throw new IllegalArgumentException("state '" + state.name() + "' holds " + state.size() + " values, not " + count
                    + " from index " + from + " on");
        }
    }

    /// A copy of one slice of a REAL state, rounded to float.
    float[] read(State state, int layer);

    /// Runs a program.
    /// @return false if a guard met a value that is not finite: then no state was written
    boolean run(String program, Inputs inputs);

    /// The same under observation, slowly.
    boolean run(String program, Inputs inputs, Observer observer);

    /// A DOUBLE scalar output of the latest run of that program; NaN if a guard ended it before it was made.
    double scalar(String program, String output);

    /// Copies a REAL output of the latest run into an array; NaN if a guard ended it before it was made.
    void copy(String program, String output, float[] into);

    /// Bytes planned: states, arena and packed weights.
    Planned planned();

    /// Bytes that a session holds.
    record Planned(long states, long arena, long packed) {
        public long total() {
            return states + arena + packed;
        }
    }

    @Override
    void close();
}
