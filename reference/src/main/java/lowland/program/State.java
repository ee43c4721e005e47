package lowland.program;

/// Storage that outlives a run and is shared by the programs of a session: weights, factors, gradients, moments.
/// With `repeat = L` it is stacked: `L` slices of `shape`, one a layer.
public record State(String name, ElementType type, Shape shape, int repeat) {
    public State {
        for (Extent extent : shape.extents()) {
            if (extent.symbol() != null) {
                throw new IllegalArgumentException("state '" + name + "' needs fixed extents, found " + shape);
            }
        }
    }

    /// The number of slices: 1 for a plain state.
    public int slices() {
        return Math.max(1, repeat);
    }

    /// The elements of one slice.
    public int size() {
        return shape.size(java.util.Map.of());
    }

    /// A state of the same shape under another name: a gradient, a moment.
    public State like(String other) {
        return new State(other, type, shape, repeat);
    }
}
