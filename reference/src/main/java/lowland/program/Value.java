package lowland.program;

/// A value of a program: assigned once.
///
/// A value made in a stage that repeats over `L` layers (or a state stacked `[L, …]`) has `repeat = L`: it stands for `L` slices,
/// `shape` is the shape of one, and an operation of a repeated stage sees the slice of its own layer. Plain values have `repeat = 0`.
public record Value(int id, String name, ElementType type, Shape shape, int repeat) {
    public boolean stacked() {
        return repeat > 0;
    }

    @Override
    public String toString() {
        return name;
    }
}
